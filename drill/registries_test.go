package drill

import (
	"slices"
	"testing"

	"github.com/ombak-sim/ombak/backend/registry"
	"github.com/ombak-sim/ombak/mocks"
	"github.com/ombak-sim/ombak/workload/fault"
)

// TestRegistriesAgree: a scenario may name, the mocks play, and the backend asks the same registries.
func TestRegistriesAgree(t *testing.T) {
	known := slices.Sorted(slices.Values(fault.Registries()))
	for part, names := range map[string][]string{"mocks": mocks.Registries(), "backend": registry.Names()} {
		if names := slices.Sorted(slices.Values(names)); !slices.Equal(names, known) {
			t.Errorf("the %s knows %v, scenarios %v", part, names, known)
		}
	}
}
