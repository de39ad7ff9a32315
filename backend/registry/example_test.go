package registry_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/ombak-sim/ombak/backend/registry"
	"github.com/ombak-sim/ombak/resilience"
)

// The gate admits one call at a time and rejects a call that comes while it is under way.
func ExampleGate() {
	gate, err := registry.NewGate(resilience.GateConfig{FIFOConfig: resilience.FIFOConfig{Concurrency: 1}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer gate.Close()
	first, second := gate.Enter(context.Background()), gate.Enter(context.Background())
	var busy *registry.BusyError
	fmt.Println(first, errors.As(second, &busy))
	gate.Leave()
	// Output: <nil> true
}
