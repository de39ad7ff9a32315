//go:build browser

package live

import (
	"context"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/ombak-sim/ombak/report"
)

// The page shows every generator of a fleet: its counts are sums of rows, and a silent or lost one is told apart. Without a
// fleet there is no such panel.
func TestTheFleetInABrowser(t *testing.T) {
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is missing; install it with make packages")
	}
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU)
	allocator, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	defer cancel()
	limited, stop := context.WithTimeout(allocator, 2*time.Minute)
	defer stop()
	within, cores, share := 0.0002, 1.25, 0.62
	agent := func(name string, silent float64, lost string) report.SecondAgent {
		return report.SecondAgent{Agent: name, Scheduled: 700, Started: 600, Dropped: 100, Lag: &report.SecondLag{P99: 0.003}, ClockBoundS: &within, SilentS: silent, Lost: lost}
	}
	busy := func(one report.SecondAgent) report.SecondAgent {
		one.CPU, one.CPUShare = &cores, &share
		return one
	}
	for _, test := range []struct {
		why  string
		rows [][]report.SecondAgent
		want string // the rows of the table; empty if it is hidden
	}{
		{"a run on one machine", [][]report.SecondAgent{nil, nil}, ""},
		{"two seconds add up, and the last state counts", [][]report.SecondAgent{
			{agent("one", 0, ""), busy(agent("two", 0, "")), agent("three", 0, ""), {Agent: "four", Part: "backend"}},
			{agent("one", 0.4, ""), agent("two", 12.7, ""), agent("three", 0, "it was <b>killed</b>"), busy(report.SecondAgent{Agent: "four", Part: "backend", ClockBoundS: &within})},
		}, "one|1,400|1,200|200|3 ms|200 µs|–|–|plays;two|1,400|1,200|200|3 ms|200 µs|1.25 cores|62 %|silent for 12 s;three|1,400|1,200|200|3 ms|200 µs|–|–|lost: it was <b>killed</b>;four (backend)|–|–|–|–|200 µs|1.25 cores|62 %|plays"},
	} {
		board := NewBoard(Run{Scenario: "shop", Engine: "live", Step: "go", Last: "go", UntilS: 10, Steps: []RunStep{{Name: "go"}}, Thresholds: []string{}})
		for i, agents := range test.rows {
			board.Post(report.Second{Row: i + 1, AtS: float64(i + 1), ScenarioS: float64(i + 1), ForS: 1, Agents: agents})
		}
		s := served(t, Config{Board: board})
		tab, closeTab := chromedp.NewContext(limited)
		if err := chromedp.Do(tab, chromedp.EmulateViewport(1280, 900), chromedp.Navigate(s.URL())); err != nil {
			t.Fatal(err)
		}
		for tab.Err() == nil {
			if loaded, err := chromedp.Run(tab, chromedp.Evaluate[bool](`Boolean(window.room) && room.store.length === 2`)); err == nil && loaded {
				break
			}
			time.Sleep(20 * time.Millisecond)
		}
		const cells = `new Promise((done) => requestAnimationFrame(() => setTimeout(() => done(document.getElementById("fleet").hidden ? "" :
			[...document.querySelectorAll("#fleet tbody tr")].map((row) => [...row.children].map((cell) => cell.textContent).join("|")).join(";")), 0)))`
		got, err := chromedp.Run(tab, chromedp.Evaluate[string](cells, chromedp.EvalAwaitPromise))
		if err != nil || got != test.want {
			t.Errorf("%s: %q, %v; want %q", test.why, got, err, test.want)
		}
		title, err := chromedp.Run(tab, chromedp.Evaluate[string](`document.getElementById("machine-title").textContent`))
		if err != nil || strings.Contains(title, "conductor") != (test.want != "") {
			t.Errorf("%s: the machine's panel is called %q, %v", test.why, title, err)
		}
		closeTab()
	}
}
