package plan_test

import (
	"context"
	"fmt"

	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
	"github.com/ombak-sim/ombak/study/plan"
	"github.com/ombak-sim/ombak/study/simulation"
)

func ExampleComparePlans() {
	scenario, err := scenarios.Load("smoke")
	if err != nil {
		panic(err)
	}
	models, _, err := setup.NewModels(scenario, setup.Options{}, []string{"brownout", "calm"})
	if err != nil {
		panic(err)
	}
	results, err := simulation.Study{Models: models, Settings: simulation.Settings{Replications: 5}}.Play(context.Background())
	if err != nil {
		panic(err)
	}
	compared := plan.ComparePlans(results)
	fmt.Println("best:", compared.Best)
	// Output:
	// best: calm
}
