package scenarios_test

import (
	"testing"

	"github.com/ombak-sim/ombak/scenarios"
)

func TestBundled(t *testing.T) {
	for _, name := range scenarios.Bundled() {
		if _, err := scenarios.Load(name); err != nil {
			t.Errorf("%s:\n%v", name, err)
		}
	}
}
