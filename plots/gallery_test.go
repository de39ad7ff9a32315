package plots_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/ombak-sim/ombak/capacity"
	"github.com/ombak-sim/ombak/plots"
	"github.com/ombak-sim/ombak/report"
)

// gallery draws every figure.
func gallery(t testing.TB) []plots.Figure {
	t.Helper()
	figures, err := plots.All(short())
	if err != nil {
		t.Fatal(err)
	}
	predicted := foreseen()
	predicted.Engine = report.Simulated
	for _, draw := range []func() (plots.Figure, error){
		func() (plots.Figure, error) { return plots.Overlay(short(), predicted) },
		waitingRoom, cliff, scalability, pareto, tornado,
	} {
		figure, err := draw()
		if err != nil {
			t.Fatal(err)
		}
		figures = append(figures, figure)
	}
	return figures
}

// foreseen returns a run like the short one, but with sign-ups that take a fifth longer and without the slow
// disk.
func foreseen() report.Report {
	run := &rush{length: 125, slow: func(float64) float64 { return 1.2 }}
	run.rate = func(second int) float64 {
		return 1350 * min(1, max(0, float64(second)/10), max(0, float64(95-second)/10))
	}
	return run.report("prakerja-2020-peak", nil)
}

// waitingRoom is drawn from a report, with its text.
func waitingRoom() (plots.Figure, error) {
	figures, err := plots.All(queueing())
	for _, figure := range figures {
		if figure.Name == "waiting-room" {
			return figure, err
		}
	}
	return plots.Figure{}, errors.Join(err, errors.New("there is no figure of the waiting room"))
}

func cliff() (plots.Figure, error) {
	return plots.Cliff("scenario smoke · plan calm", []plots.Load{
		{OfferedPerS: 100, GoodputPerS: 100, P99S: 0.008, Held: true},
		{OfferedPerS: 400, GoodputPerS: 400, P99S: 0.02, Held: true},
		{OfferedPerS: 800, GoodputPerS: 790, P99S: 0.2, Held: true},
		{OfferedPerS: 900, GoodputPerS: 520, P99S: 4},
		{OfferedPerS: 1200, GoodputPerS: 130, P99S: 10},
	})
}

// scalability uses the first six rows of the raytracer in Gunther, "Guerrilla Capacity Planning" (2007).
func scalability() (plots.Figure, error) {
	points := []capacity.Point{{Concurrency: 1, Throughput: 20}, {Concurrency: 4, Throughput: 78}, {Concurrency: 8, Throughput: 130}, {Concurrency: 12, Throughput: 170}, {Concurrency: 16, Throughput: 190}, {Concurrency: 20, Throughput: 200}}
	law := capacity.USL{Sigma: 0.024444, Kappa: 0.00162681, Lambda: 20.85605}
	low, high := law, law
	low.Sigma, high.Sigma = 0.035, 0.015
	return plots.Scalability("raytracer", points, law, &low, &high)
}

func pareto() (plots.Figure, error) {
	return plots.Pareto("scenario prakerja-2020", "IDR", []plots.Option{
		{Name: "as-was", Cost: 73.4e6, CostCI: &[2]float64{73.1e6, 73.7e6}, Finished: 77_769, FinishedCI: &[2]float64{77_000, 78_500}, Holds: true, Front: true},
		{Name: "registry-doubled", Cost: 99.9e6, Finished: 105_630, Holds: true, Front: true},
		{Name: "extra-servers", Cost: 95.5e6, Finished: 100_939, Holds: true, Front: true},
		{Name: "no-queue", Cost: 72.4e6, Finished: 76_694, Holds: true, Front: true},
		{Name: "patient-queue", Cost: 73.9e6, Finished: 77_353, Holds: true},
		{Name: "static-limit", Cost: 80e6, Finished: 70_200},
	})
}

func tornado() (plots.Figure, error) {
	return plots.Tornado("scenario prakerja-2020 · plan as-was", "people who finish", 77_800, []plots.Sway{
		{Name: "peak", From: "×0.8", To: "×1.5", AtLow: 77_900, AtHigh: 77_100},
		{Name: "dukcapil servers", From: "8", To: "16", AtLow: 62_400, AtHigh: 101_200},
		{Name: "mail delivery", From: "2s", To: "10m", AtLow: 77_900, AtHigh: 76_300},
	})
}

// The gallery page in docs shows every figure, and no other.
func TestGalleryPage(t *testing.T) {
	var page bytes.Buffer
	page.WriteString("# Figures\n\nThis page shows every figure that ombak draws, on made-up data. Each is written as SVG and PNG. `ombak plot REPORT` draws the figures of a report again, and `ombak plot REPORT --over PREDICTED` draws a prediction over a measurement. `redline` and `plan` draw the last four.\n")
	for _, figure := range gallery(t) {
		if figure.Title == "" || figure.Question == "" {
			t.Errorf("figure %s has the title %q and answers %q", figure.Name, figure.Title, figure.Question)
		}
		fmt.Fprintf(&page, "\n## %s\n\n%s\n\n![%s](../../plots/testdata/%s.svg)\n", figure.Title, figure.Question, figure.Title, figure.Name)
		if figure.Alt != "" {
			fmt.Fprintf(&page, "\n%s\n", strings.ReplaceAll(figure.Alt, "; ", " · "))
		}
	}
	holds(t, "../docs/reference/figures.md", page.Bytes())
}

// Without data the figure has a note, and extreme values make no figure fail.
func TestFiguresOfNothing(t *testing.T) {
	for _, draw := range []func() (plots.Figure, error){
		func() (plots.Figure, error) { return plots.Cliff("", nil) },
		func() (plots.Figure, error) { return plots.Cliff("", []plots.Load{{}}) },
		func() (plots.Figure, error) { return plots.Scalability("", nil, capacity.USL{}, nil, nil) },
		func() (plots.Figure, error) {
			return plots.Scalability("", []capacity.Point{{Concurrency: 1, Throughput: 1}}, capacity.USL{}, nil, nil)
		},
		func() (plots.Figure, error) { return plots.Pareto("", "", nil) },
		func() (plots.Figure, error) { return plots.Pareto("", "", []plots.Option{{}, {Name: "b"}}) },
		func() (plots.Figure, error) { return plots.Tornado("", "", 0, nil) },
		func() (plots.Figure, error) { return plots.Tornado("", "", 0, []plots.Sway{{}}) },
		func() (plots.Figure, error) { return plots.Overlay(report.Report{}, report.Report{}) },
		func() (plots.Figure, error) { return plots.Overlay(single(), single()) },
	} {
		if figure, err := draw(); err != nil || len(figure.SVG) == 0 {
			t.Errorf("%s: %v", figure.Name, err)
		}
	}
	for name, draw := range plots.Drawings() {
		if figure, err := draw(report.Report{}); err != nil || len(figure.SVG) == 0 || figure.Alt != "No data." {
			t.Errorf("%s: %v, %q", name, err, figure.Alt)
		}
	}
}

func ExamplePareto() {
	figure, err := pareto()
	fmt.Println(figure.Name, len(figure.SVG) > 0, err)
	// Output: pareto true <nil>
}

// For ten minutes 21 more people arrive per second than are admitted; nine per second are admitted.
func ExampleAll() {
	figures, err := plots.All(queueing())
	for _, figure := range figures {
		if figure.Name == "waiting-room" {
			fmt.Println(figure.Alt, err)
		}
	}
	// Output: identity: 36,060 people arrived, at most 12,600 waited, 30,660 were let in, the longest expected wait was 23 min. <nil>
}
