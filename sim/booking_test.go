package sim

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ombak-sim/ombak/journey"
	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/workload"
)

// TestBookingsAreConserved checks that as many people get a booking as there are, that every other one is declined, and that
// what is booked and what is left make up the stock.
func TestBookingsAreConserved(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		config := drawRun(t)
		config.Until, config.ReadEvery, config.Doors, config.Calls[0].Policies, config.Calls[0].Timeout = time.Hour, 0, nil, nil, 0
		for i := range config.Journey.Steps {
			config.Journey.Steps[i].Timeout, config.Journey.Steps[i].Patience = 0, workload.Distribution{}
		}
		count := rapid.IntRange(0, 300).Draw(t, "stock")
		config.Stocks, config.Books = []int{1, count}, []int{0, 2}
		m, seen := played(t, config)
		counts := map[funnel.Reason]int{}
		for _, sample := range seen.samples {
			if sample.Step == 1 {
				counts[sample.Reason]++
			}
		}
		if want := min(count, counts[200]+counts[409]); counts[200] != want || m.shelves[1] != count-want || m.shelves[0] != 1 {
			t.Fatalf("%v booked or were declined, of %d; left are %v", counts, count, m.shelves)
		}
	})
}

// TestAPersonKeepsTheBooking lets people book twice of one stock and once of another.
func TestAPersonKeepsTheBooking(t *testing.T) {
	config := shopping(20)
	for _, name := range []string{"again", "other"} {
		config.Journey.Steps = append(config.Journey.Steps, journey.Step{Name: name, Kind: funnel.Request, Continue: 1})
	}
	config.Routes = []Route{{{Kind: Call}}, {{Kind: Call}}, {{Kind: Call}}}
	config.Stocks, config.Books = []int{20, 5}, []int{1, 1, 2}
	m, seen := played(t, config)
	passed := [3]int{}
	for _, sample := range seen.samples {
		if sample.Outcome == funnel.Completed {
			passed[sample.Step]++
		}
	}
	if passed != [3]int{20, 20, 5} || m.shelves[0] != 0 || m.shelves[1] != 0 {
		t.Errorf("%v have passed, left are %v; want 20, 20 and 5, and nothing", passed, m.shelves)
	}
}

func TestStocksThatCannotBeBooked(t *testing.T) {
	for _, row := range []struct {
		why           string
		stocks, books []int
		want          string
	}{
		{"one of each", []int{1}, []int{1}, ""},
		{"no stock", nil, []int{1}, "books of stock 1 of 0"},
		{"a negative stock", []int{-1}, []int{1}, "stock 1 has -1"},
		{"too many", make([]int, MostStocks+1), []int{1}, "at most 64"},
		{"steps that are not there", []int{1}, []int{1, 1}, "2 stocks to book for 1 steps"},
	} {
		config := shopping(1)
		config.Stocks, config.Books = row.stocks, row.books
		err := config.Validate()
		if row.want == "" && err != nil || row.want != "" && (err == nil || !strings.Contains(err.Error(), row.want)) {
			t.Errorf("%s: %v; want %q", row.why, err, row.want)
		}
	}
}
