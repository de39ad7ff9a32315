package sim

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/resilience"
	"github.com/ombak-sim/ombak/workload"
)

// TestAStockIsConserved checks that as many requests pass as the stock holds, and that every other one is declined, if
// nobody gives up.
func TestAStockIsConserved(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		config := drawRun(t)
		config.Until, config.ReadEvery, config.Doors, config.Calls[0].Policies, config.Calls[0].Timeout = time.Hour, 0, nil, nil, 0
		for i := range config.Journey.Steps {
			config.Journey.Steps[i].Timeout, config.Journey.Steps[i].Patience = 0, workload.Distribution{}
		}
		stock := rapid.IntRange(0, 300).Draw(t, "stock")
		config.Calls[0].Stocks = []Stock{{1, 410}, {stock, 409}}
		config.Routes[1] = Route{{Kind: Call, Stock: 2}}
		m, seen := played(t, config)
		counts := map[funnel.Reason]int{}
		for _, sample := range seen.samples {
			if sample.Step == 1 {
				counts[sample.Reason]++
			}
		}
		all := counts[200] + counts[409]
		if want := min(stock, all); counts[200] != want || m.stocks[0][1] != stock-want || m.stocks[0][0] != 1 {
			t.Fatalf("%v passed or were declined with a stock of %d; left are %v", counts, stock, m.stocks[0])
		}
	})
}

// TestAnAnswerOfTheCacheTakesNothing checks that a repeated question, which the cache answers, leaves the stock alone.
func TestAnAnswerOfTheCacheTakesNothing(t *testing.T) {
	config := shopping(20)
	config.Calls[0].Stocks = []Stock{{20, 409}}
	config.Routes[0] = Route{{Kind: Call, Stock: 1}, {Kind: Call, Stock: 1}}
	if _, seen := played(t, config); answers(seen)[200] >= 20 || answers(seen)[409] == 0 {
		t.Errorf("answers %v; two calls of each of 20 people use up a stock of 20 before all have passed", answers(seen))
	}
	config.Calls[0].Policies = []resilience.Policy{{Name: "cache", Settings: resilience.Settings{TTL: time.Hour}}}
	if m, seen := played(t, config); answers(seen)[200] != 20 || m.stocks[0][0] != 0 {
		t.Errorf("answers %v, left %d; the second call of each person is answered by the cache", answers(seen), m.stocks[0][0])
	}
}
