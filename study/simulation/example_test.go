package simulation_test

import (
	"context"
	"fmt"

	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
	"github.com/ombak-sim/ombak/study/simulation"
)

func ExampleSimulate() {
	scenario, err := scenarios.Load("smoke")
	if err != nil {
		panic(err)
	}
	model, err := setup.NewModel(scenario, setup.Options{Plan: "calm"})
	if err != nil {
		panic(err)
	}
	result, err := simulation.Simulate(context.Background(), model, simulation.Settings{Replications: 3})
	if err != nil {
		panic(err)
	}
	fmt.Println(result.Report.Replications, "replications:", result.Report.Funnel[1].Passed, "people signed up")
	// Output:
	// 3 replications: 400 people signed up
}
