package draft_test

import (
	"fmt"

	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/scenarios/draft"
)

func ExampleFrom() {
	const commands = `curl https://shop.example/products
curl -X POST https://shop.example/orders -H 'Content-Type: application/json' -d '{"product": 7}'
`
	made, err := draft.From([]byte(commands), draft.Options{Kind: "curl", Name: "shop"})
	if err != nil {
		fmt.Println(err)
		return
	}
	scenario, err := scenarios.Parse("shop.yaml", made.Scenario, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, step := range scenario.Journey {
		fmt.Println(step.Name, step.Request.Method, step.Request.Path)
	}
	// Output:
	// get-products GET /products
	// post-orders POST /orders
}
