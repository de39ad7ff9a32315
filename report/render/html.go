package render

import (
	_ "embed" // the page and its style
	"fmt"
	"html/template"
	"io"
	"regexp"
	"strings"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/units"
)

var (
	//go:embed page.html
	pageSource string
	//go:embed page.css
	pageStyle string
)

// Figure is a drawing for the page. SVG must be trusted: it is inserted as it is.
type Figure struct {
	Name  string
	Title string
	SVG   string // one <svg> element; anything before it is dropped
	Alt   string // text alternative
}

// HTML writes report.html, a single file that needs no other file and no network. It can be printed, and it
// shows everything without JavaScript. With JavaScript, readers can zoom into the seconds of the run. Markup
// in names is escaped.
func HTML(w io.Writer, r report.Report, figures []Figure) error {
	parsed, err := template.New("page").Funcs(template.FuncMap{
		"thousands": units.Count, "spell": units.Time, "bytes": units.Bytes, "width": width, "title": title,
	}).Parse(pageSource)
	if err != nil {
		return fmt.Errorf("reading the page's template: %w", err)
	}
	if err := parsed.Execute(w, newPage(r, figures)); err != nil {
		return fmt.Errorf("writing the page: %w", err)
	}
	return nil
}

// page holds what the template shows.
type page struct {
	report.Report
	Headline   string // verdict and number of warnings
	Style      template.CSS
	Conclusion string
	Advice     []string
	Figures    []pageFigure
	Rows       []pageRow
	Judgements []pageJudgement
	HoldOuts   [][]string  // cells of the published figures
	HadWeNot   *hadWeNot   // nil if the report says nothing of actions
	Events     []pageEvent // of the timeline
	Facts      [][2]string // what a repetition needs to know
	CPU        []pageCost
	Placed     [][]string // cells of the table of backends and mocks on other machines, likewise
	Agents     [][]string // cells of the table of agents, its header first; nil if there are none
	Lag        *report.LagQuantiles
	Human      []question
	Zoom       *zoomCharts // nil if there is no series to show
	Policy     string      // Content Security Policy of the page
}

// pageFigure is a figure ready for the page.
type pageFigure struct {
	ID, Title, Alt string
	SVG            template.HTML
}

// pageRow is a step of the funnel with its times.
type pageRow struct {
	report.FunnelRow
	Width    float64 // width of the bar for people who entered, in percent
	Passes   float64 // width of the bar for people who passed
	Visits   string  // empty on a straight line
	P50, P99 string
}

// pageEvent is an event of the timeline, and its instant on the scenario's clock.
type pageEvent struct {
	report.Event
	Opening string
}

type pageJudgement struct {
	report.Judgement
	Mark, Found string
}

// pageCost is what one process of the run cost.
type pageCost struct {
	Name, CPU, Memory string
	Width             float64 // width of its bar, in percent
}

// question is a section for the reader to fill in.
type question struct{ ID, Title, Hint string }

func newPage(r report.Report, figures []Figure) page {
	p := page{
		Report: r, Headline: headline(r), Style: template.CSS(pageStyle), Conclusion: Conclusion(r, ""), Advice: Advice(r),
		Facts: reproduction(r), CPU: costs(r),
		Human: []question{
			{"goal", "Goal", "What should this run show, and for whom?"},
			{"roles", "Roles", "Who decided, who watched, who was on call?"},
			{"actions", "Actions", "What will be done, by whom, by when?"},
		},
	}
	if len(r.Placed) > 0 {
		p.Placed = append([][]string{placedHeader()}, placedCells(r.Placed, func(name string) string { return name })...)
	}
	if len(r.Fleet) > 0 {
		p.Agents = append([][]string{fleetHeader()}, fleetCells(r.Fleet, func(name string) string { return name })...)
	}
	p.Zoom = newZoomCharts(r)
	p.Policy = p.Zoom.policy()
	if r.Generator != nil {
		p.Lag = r.Generator.ScheduleLagS
	}
	for _, figure := range figures {
		p.Figures = append(p.Figures, figure.inline())
	}
	p.Rows, p.HoldOuts, p.HadWeNot = pageRows(r), publishedCells(r.Published), hadWeNotOf(r)
	for _, event := range r.Timeline {
		p.Events = append(p.Events, pageEvent{event, openingOf(r, event)})
	}
	for _, threshold := range r.Thresholds {
		found := threshold.Reason
		if found == "" && threshold.Value != nil {
			found = foundText(threshold)
		}
		p.Judgements = append(p.Judgements, pageJudgement{threshold, mark(threshold), found})
	}
	return p
}

// fixedSize matches the fixed size of an <svg> element. Without it the page sets the size.
var fixedSize = regexp.MustCompile(`^<svg width="[^"]*" height="[^"]*"`)

// inline strips the prologue of a figure and adds the name and description for screen readers.
func (f Figure) inline() pageFigure {
	svg := f.SVG
	if start := strings.Index(svg, "<svg"); start > 0 {
		svg = svg[start:]
	}
	d := pageFigure{ID: "figure-" + f.Name, Title: f.Title, Alt: f.Alt}
	svg = fixedSize.ReplaceAllString(svg, "<svg")
	named := fmt.Sprintf(`<svg role="img" aria-label="%s" aria-describedby="%s-words"`, template.HTMLEscapeString(d.Title), template.HTMLEscapeString(d.ID))
	d.SVG = template.HTML(strings.Replace(svg, "<svg", named, 1)) //nolint:gosec // G203: the figures are our own
	return d
}

func pageRows(r report.Report) (rows []pageRow) {
	most := 0.0
	for _, row := range r.Funnel {
		most = max(most, row.Entered)
	}
	visits := visitCells(r, units.Count)
	for i, row := range r.Funnel {
		shown := pageRow{FunnelRow: row, Width: share(row.Entered, most), Passes: share(row.Passed, most), P50: "–", P99: "–"}
		if q := r.PassedTimes(row.Step); q != nil {
			shown.P50, shown.P99 = units.Time(q.P50), units.Time(q.P99)
		}
		if visits != nil {
			shown.Visits = visits[i]
		}
		rows = append(rows, shown)
	}
	return rows
}

func share(part, whole float64) float64 {
	if !(whole > 0) || !(part > 0) {
		return 0
	}
	return min(100*part/whole, 100)
}

// costs returns the CPU time and memory of the processes of a live run.
func costs(r report.Report) (rows []pageCost) {
	processes := r.Processes
	if g := r.Generator; g != nil && len(r.Fleet) == 0 && (g.CPUS != nil || g.MaxRSSBytes != nil) {
		processes = append([]report.Process{{Name: "generator", CPUS: g.CPUS, MaxRSSBytes: g.MaxRSSBytes}}, processes...)
	}
	available := r.DurationS
	if r.Machine != nil && r.Machine.CPUs > 0 {
		available *= float64(r.Machine.CPUs)
	}
	for _, process := range processes {
		row := pageCost{Name: process.Name, CPU: "unknown", Memory: "unknown"}
		if process.CPUS != nil {
			row.CPU, row.Width = units.Time(*process.CPUS)+" ("+units.Percent(share(*process.CPUS, available)/100)+" of the machine)", share(*process.CPUS, available)
		}
		if process.MaxRSSBytes != nil {
			row.Memory = units.Bytes(*process.MaxRSSBytes)
		}
		rows = append(rows, row)
	}
	return rows
}
