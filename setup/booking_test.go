package setup_test

import (
	"context"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/population"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
	"github.com/ombak-sim/ombak/sim"
)

const slots = `schema: ombak.scenario/v1
name: slots
opens: 2020-04-11T19:00:00+07:00
seed: 1
drain: 1m
arrivals: {step: book, totals: exact, people: [{for: 10s, rate: 10/s}]}
population: {locale: in}
journey:
  - {name: look, request: {target: backend, path: /v1/stocks/late}, route: [{station: web}]}
  - name: book
    book: late
    request: {target: backend, method: POST, path: /v1/stocks/late/bookings, json: {name: "${person.name}", email: "${person.email}", phone: "${person.phone}"}}
    expect: {completed: [201], declined: [409]}
    route: [{station: web}]
stations: {web: {servers: 100, service: 1ms}}
backend: {guests: true, sms_connections: 40, stocks: {early: 8, late: 40}}
plans: [{name: as-was}, {name: few, set: {backend: {stocks: {late: 4}}}}]
`

// TestStocksAreTheSameLiveAndSimulated checks what both sides are given, and that a simulation declines whoever finds nothing
// left.
func TestStocksAreTheSameLiveAndSimulated(t *testing.T) {
	scenario, err := scenarios.Parse("slots.yaml", []byte(slots), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		plan   string
		scale  float64
		stocks map[string]int
		passed int
	}{
		{"as-was", 1, map[string]int{"early": 8, "late": 40}, 40},
		{"few", 1, map[string]int{"early": 8, "late": 4}, 4},
		{"as-was", 0.25, map[string]int{"early": 2, "late": 10}, 10},
		{"as-was", 100, map[string]int{"early": 800, "late": 4000}, 100},
	} {
		options := setup.Options{Plan: row.plan, ScaleSystem: row.scale}
		live, err := setup.NewLive(scenario, options)
		if err != nil {
			t.Fatal(err)
		}
		config := live.Service.Backend
		if !maps.Equal(config.Stocks, row.stocks) || !config.Guests || config.Locale != "in" || config.SMS.Connections != int(40*row.scale) || live.Generator.Locale != population.India || live.Service.Mocks.Locale != population.India {
			t.Errorf("%s × %v: the backend has %v, guests %v, locale %q", row.plan, row.scale, config.Stocks, config.Guests, config.Locale)
		}
		model, err := setup.NewModel(scenario, options)
		if err != nil {
			t.Fatal(err)
		}
		if got := model.Config; !slices.Equal(got.Books, []int{0, 1}) || !slices.Equal(got.Stocks, []int{row.stocks["late"]}) || got.Locale != population.India {
			t.Errorf("%s × %v: steps book %v of %v", row.plan, row.scale, got.Books, got.Stocks)
		}
		seen := &outcomesOf{}
		if _, err := sim.Run(context.Background(), model.Config, func(int) funnel.Observer { return seen }); err != nil {
			t.Fatal(err)
		}
		if seen[funnel.Completed] != row.passed || seen[funnel.Declined] != 100-row.passed {
			t.Errorf("%s × %v: %d of 100 have booked and %d were declined; want %d", row.plan, row.scale, seen[funnel.Completed], seen[funnel.Declined], row.passed)
		}
	}
}

// outcomesOf counts the outcomes of the second step.
type outcomesOf [16]int

func (*outcomesOf) Enter(int, time.Duration) {}

func (o *outcomesOf) Observe(s funnel.Sample) {
	if s.Step == 1 && s.Final {
		o[s.Outcome]++
	}
}
