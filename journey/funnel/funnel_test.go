package funnel_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
)

func ExampleSample() {
	s := funnel.Sample{Intended: 10 * time.Millisecond, Start: 13 * time.Millisecond, End: 50 * time.Millisecond}
	fmt.Println("response", s.ResponseTime(), "= wait", s.Wait(), "+ service", s.ServiceTime())
	// Output: response 40ms = wait 3ms + service 37ms
}

func TestOutcomesKeepTheirNames(t *testing.T) {
	for outcome := range funnel.Outcome(funnel.OutcomeCount) {
		text, err := outcome.MarshalText()
		var back funnel.Outcome
		if err != nil || back.UnmarshalText(text) != nil || back != outcome {
			t.Errorf("%v reads back as %v", outcome, back)
		}
	}
	var none funnel.Outcome
	if none.UnmarshalText([]byte("perhaps")) == nil {
		t.Error("an unknown outcome was read")
	}
}

func TestJourneyIndex(t *testing.T) {
	j := funnel.Journey{{Name: funnel.Landing}, {Name: funnel.SignUp}}
	if j.Index(funnel.SignUp) != 1 || j.Index("elsewhere") != -1 {
		t.Error("steps are not where they stand")
	}
}

func TestWhereServicesKeepPeople(t *testing.T) {
	look, submit, later := funnel.Step{Name: "look"}, funnel.Step{Name: "submit", SignsUp: true}, funnel.Step{Name: "book", SignsUp: true}
	for why, row := range map[string]struct {
		journey funnel.Journey
		want    int
	}{
		"the step of that name":          {funnel.Journey{look, submit, {Name: funnel.SignUp}}, 2},
		"the first that signs people up": {funnel.Journey{look, submit, later}, 1},
		"none":                           {funnel.Journey{look}, -1},
	} {
		if got := row.journey.SigningUp(); got != row.want {
			t.Errorf("%s: step %d; want %d", why, got, row.want)
		}
	}
}
