//go:build browser

package live

import (
	"context"
	"fmt"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/ombak-sim/ombak/report"
)

// A run of 21 hours, second by second, is loaded whole, and zoomed by keyboard. The test prints how long that takes and how
// much memory the page has; it fails only if something is missing.
func TestLongRunInABrowser(t *testing.T) {
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is missing; install it with make packages")
	}
	const seconds = 21 * 3600
	run := Run{Scenario: "long", Step: "go", Last: "join", UntilS: seconds, Thresholds: []string{}}
	names := []string{"landing", "go", "mail", "identity", "profile", "photo", "otp", "statement", "test", "eligibility", "join"}
	for _, name := range names {
		run.Steps = append(run.Steps, RunStep{Name: name})
	}
	board := NewBoard(run)
	for at := range seconds {
		row := report.Second{Row: at + 1, AtS: float64(at + 1), ScenarioS: float64(at + 1), ForS: 1, Scheduled: uint64(at % 50), Started: uint64(at % 50)}
		for i, name := range names {
			p := float64(at%97+i) / 1000
			row.Steps = append(row.Steps, report.SecondStep{Step: name, Entered: uint64(at % 40), Passed: uint64(at % 37), Requests: uint64(at % 40), P50: &p, P95: &p, P99: &p, Served: &report.SecondQuantiles{P50: p, P95: p, P99: p}})
		}
		for _, name := range []string{"web", "store", "dukcapil", "dapodik", "dtks", "mail"} {
			row.Stations = append(row.Stations, report.SecondStation{Name: name, Servers: 10, Busy: float64(at % 10), Queued: at % 30})
		}
		board.Post(row)
	}
	s := served(t, Config{Board: board})
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("enable-precise-memory-info", true), chromedp.Flag("js-flags", "--expose-gc"))
	allocator, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	defer cancel()
	limited, stop := context.WithTimeout(allocator, 2*time.Minute)
	defer stop()
	tab, closeTab := chromedp.NewContext(limited)
	defer closeTab()
	began := time.Now()
	if err := chromedp.Do(tab, chromedp.EmulateViewport(1280, 900), chromedp.Navigate(s.URL())); err != nil {
		t.Fatal(err)
	}
	for tab.Err() == nil {
		if loaded, err := chromedp.Run(tab, chromedp.Evaluate[bool](fmt.Sprintf(`Boolean(window.room) && room.store.length === %d`, seconds))); err == nil && loaded {
			break
		}
	}
	loaded := time.Since(began)
	const zooms = `(() => { const chart = document.querySelector("#flow .chart"); const times = [];
		for (const key of ["0", "+", "+", "ArrowLeft", "ArrowRight", "+", "-", "0"]) { const from = performance.now(); chart.dispatchEvent(new KeyboardEvent("keydown", { key })); times.push(performance.now() - from); }
		gc(); return [Math.max(...times), performance.memory.usedJSHeapSize / 1048576, performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0]; })()`
	figures, err := chromedp.Run(tab, chromedp.Evaluate[[]float64](zooms))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("loaded after %v; the slowest zoom took %.1f ms of script; the heap has %.0f MiB; first paint after %.0f ms", loaded, figures[0], figures[1], figures[2])
	if points, err := chromedp.Run(tab, chromedp.Evaluate[float64](`room.store.at[room.store.length - 1]`)); err != nil || points != seconds {
		t.Errorf("the last second is %v, %v", points, err)
	}
}
