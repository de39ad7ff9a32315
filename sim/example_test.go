package sim_test

import (
	"fmt"
	"time"

	"github.com/ombak-sim/ombak/sim"
	"github.com/ombak-sim/ombak/workload"
)

// counter counts served and refused requests.
type counter struct{ served, refused int }

func (c *counter) Served(int32, sim.Job)      { c.served++ }
func (c *counter) Refused(int32, sim.Refusal) { c.refused++ }

const (
	arrival sim.Kind = iota
	floor            // first of the floor's kinds
)

// A checkout has one cashier and room for two in line. A customer comes every second and needs three seconds of
// service.
func ExampleFloor() {
	room := 2
	engine, customers := sim.NewEngine(), &counter{}
	shop := sim.NewFloor(engine, floor, workload.Seed{Value: 1}, customers)
	cashier := shop.Add(sim.StationConfig{Name: "cashier", Service: workload.Service{Queue: &room}})
	for i := range 10 {
		engine.At(time.Duration(i)*time.Second, sim.NewEvent(arrival, int32(i)))
	}
	for event, any := engine.Next(); any; event, any = engine.Next() {
		if event.Kind() != arrival {
			shop.Handle(event)
			continue
		}
		if _, why := shop.Enter(cashier, event.Subject(), 0, 3*time.Second); why == sim.QueueFull {
			customers.refused++
		}
	}
	fmt.Printf("%d were served, %d found no room; it was over after %v\n", customers.served, customers.refused, engine.Now())
	// Output: 5 were served, 5 found no room; it was over after 15s
}
