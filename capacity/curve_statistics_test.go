//go:build statistics

package capacity_test

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/ombak-sim/ombak/capacity"
	"github.com/ombak-sim/ombak/workload"
)

var update = flag.Bool("update", false, "rewrite the generated part of docs/explanation/forecasts.md")

// held counts the intervals that hold the truth, at 2, 4 and 8 T, and how many there are.
type held struct{ inside, all [3]int }

func (h *held) add(other held) {
	for i := range h.inside {
		h.inside[i] += other.inside[i]
		h.all[i] += other.all[i]
	}
}

// judge fits a world at T and counts the intervals that hold what came. A count that cannot change is left out: that of
// the first step, if nobody comes any more.
func judge(w world, seed uint64) (h held, err error) {
	r := rand.New(rand.NewPCG(seed, 96))
	counts, truth := w.tally(r)
	fit, err := capacity.FitCurve(counts, workload.Seed{Value: seed})
	if err != nil {
		return h, err
	}
	ahead, err := fit.Forecast(w.arrivals, 2*day, 4*day, 8*day)
	if err != nil {
		return h, err
	}
	for i, forecast := range ahead {
		for k, step := range forecast.Steps {
			if k == 0 && w.arrivals == capacity.ArrivalsStop {
				continue
			}
			h.all[i]++
			if step.Interval[0] <= truth[i][k] && truth[i][k] <= step.Interval[1] {
				h.inside[i]++
			}
		}
	}
	return h, nil
}

// judgeAll judges worlds side by side.
func judgeAll(t *testing.T, worlds int, make func(*rand.Rand) world, base uint64) (h held) {
	t.Helper()
	results, faults := []held{}, []error{}
	var lock sync.Mutex
	var group sync.WaitGroup
	next := uint64(0)
	for range min(4, runtime.GOMAXPROCS(0)) {
		group.Go(func() {
			for {
				lock.Lock()
				seed := base + next
				next++
				done := next > uint64(worlds)
				lock.Unlock()
				if done {
					return
				}
				result, err := judge(make(rand.New(rand.NewPCG(seed, 0))), seed)
				lock.Lock()
				if err != nil {
					faults = append(faults, fmt.Errorf("world %d: %w", seed, err))
				}
				results = append(results, result)
				lock.Unlock()
			}
		})
	}
	group.Wait()
	for _, err := range faults {
		t.Error(err)
	}
	for _, result := range results {
		h.add(result)
	}
	return h
}

// TestForecastsOfCurvesHoldTheTruth: in 200 worlds of families that the fit has, the 90 % intervals, pooled over steps,
// hold what came in 85 to 95 % of cases at 2, 4 and 8 T. What they hold in worlds of other families is only reported: with
// -update, which takes as long again, in the documentation.
func TestForecastsOfCurvesHoldTheTruth(t *testing.T) {
	var table strings.Builder
	table.WriteString("| worlds | number | at 2 T | at 4 T | at 8 T |\n|---|---|---|---|---|\n")
	row := func(name string, worlds int, h held) {
		fmt.Fprintf(&table, "| %s | %d |", name, worlds)
		for i := range h.all {
			fmt.Fprintf(&table, " %.1f %% |", 100*float64(h.inside[i])/float64(h.all[i]))
		}
		table.WriteString("\n")
	}
	known := judgeAll(t, 200, knownWorld, 1000)
	row("families that the fit has", 200, known)
	for i, inside := range known.inside {
		if share := float64(inside) / float64(known.all[i]); share < 0.85 || share > 0.95 {
			t.Errorf("at %d T, %.1f %% of %d intervals hold the truth", 2<<i, 100*share, known.all[i])
		}
	}
	if !*update {
		statesRow(t, table.String())
		return
	}
	for k, strange := range strangeWorlds {
		const worlds = 20
		row(strange.name, worlds, judgeAll(t, worlds, func(r *rand.Rand) world {
			w := knownWorld(r)
			strange.change(r, &w)
			return w
		}, uint64(10_000*(k+1))))
	}
	t.Log("\n" + table.String())
	writePage(t, table.String())
}

const forecastsPage = "../docs/explanation/forecasts.md"

// statesRow checks that the page states the last row of the table.
func statesRow(t *testing.T, table string) {
	t.Helper()
	page, err := os.ReadFile(forecastsPage)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(table), "\n")
	if row := lines[len(lines)-1]; runtime.GOARCH == "amd64" && !bytes.Contains(page, []byte(row+"\n")) { // others round otherwise
		t.Errorf("%s does not state %s; run: go test -tags statistics ./capacity -run TestForecastsOfCurvesHoldTheTruth -update", forecastsPage, row)
	}
}

// writePage writes the table into the generated part of the page.
func writePage(t *testing.T, table string) {
	t.Helper()
	const begin, end = "<!-- generated: coverage -->\n", "<!-- end of the generated part -->"
	page, err := os.ReadFile(forecastsPage)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := bytes.Cut(page, []byte(begin))
	_, after, closed := bytes.Cut(rest, []byte(end))
	if !found || !closed {
		t.Fatalf("%s has no generated part", forecastsPage)
	}
	if err := os.WriteFile(forecastsPage, []byte(string(before)+begin+table+end+string(after)), 0o644); err != nil {
		t.Fatal(err)
	}
}
