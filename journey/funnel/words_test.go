package funnel_test

import (
	"testing"

	"github.com/ombak-sim/ombak/journey/funnel"
)

func TestPlural(t *testing.T) {
	for step, want := range map[string]string{"sign-up": "sign-ups", "order": "orders", "entry": "entries", "pay": "pays", "purchase": "purchases", "search": "searches", "": "people"} {
		if got := funnel.Plural(step); got != want {
			t.Errorf("%q: %q, want %q", step, got, want)
		}
	}
}
