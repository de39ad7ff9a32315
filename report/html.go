package report

import (
	_ "embed" // the page and its style
	"fmt"
	"html/template"
	"io"
	"regexp"
	"strings"
)

var (
	//go:embed page.html
	pageSource string
	//go:embed page.css
	pageStyle string
)

// Figure is a drawing for the page. SVG must be trusted: it stands in the page as it is.
type Figure struct {
	Name  string
	Title string
	SVG   string // one <svg> element; what stands before it is left out
	Alt   string // what it shows, in words
}

// WriteHTML writes report.html: one file that needs no other and no network, and that prints. All that it
// says it says without JavaScript; with it people can look closer at the seconds of the run. Names that hold markup show as they are written.
func WriteHTML(w io.Writer, report Report, figures []Figure) error {
	parsed, err := template.New("page").Funcs(template.FuncMap{
		"thousands": thousands, "spell": spell, "bytes": bytesText, "width": width, "title": title,
	}).Parse(pageSource)
	if err != nil {
		return fmt.Errorf("reading the page's template: %w", err)
	}
	if err := parsed.Execute(w, newPage(report, figures)); err != nil {
		return fmt.Errorf("writing the page: %w", err)
	}
	return nil
}

// page is what the template shows.
type page struct {
	Report
	Style      template.CSS
	Conclusion string
	Advice     []string
	Figures    []drawn
	Rows       []pageRow
	Judgements []pageJudgement
	Facts      [][2]string // the reproduction bundle
	CPU        []pageCost
	Lag        *LagQuantiles
	Human      []question
	Closer     *closer // nil where there is nothing to look at
	Policy     string  // what the page may load and run
}

// drawn is a figure ready to stand in the page.
type drawn struct {
	ID, Title, Alt string
	SVG            template.HTML
}

// pageRow is a step of the funnel with its times.
type pageRow struct {
	FunnelRow
	Width    float64 // of the bar of those who entered, in percent
	Passes   float64 // of the bar of those who passed
	P50, P99 string
}

type pageJudgement struct {
	Judgement
	Mark, Found string
}

// pageCost is what a part of the run cost.
type pageCost struct {
	Name, CPU, Memory string
	Width             float64 // of its bar, in percent
}

// question is a section that only people can fill in.
type question struct{ ID, Title, Hint string }

func newPage(report Report, figures []Figure) page {
	p := page{
		Report: report, Style: template.CSS(pageStyle), Conclusion: Conclusion(report, ""), Advice: Advice(report),
		Facts: reproduction(report), CPU: costs(report),
		Human: []question{
			{"goal", "Goal", "What was this run to show, and for whom?"},
			{"roles", "Roles", "Who decided, who watched, who was on call?"},
			{"actions", "Actions", "What will be done, by whom, until when?"},
		},
	}
	p.Closer = newCloser(report)
	p.Policy = p.Closer.policy()
	if report.Generator != nil {
		p.Lag = report.Generator.ScheduleLagS
	}
	for _, figure := range figures {
		p.Figures = append(p.Figures, figure.inline())
	}
	p.Rows = pageRows(report)
	for _, threshold := range report.Thresholds {
		found := threshold.Reason
		if found == "" && threshold.Value != nil {
			found = threshold.found()
		}
		p.Judgements = append(p.Judgements, pageJudgement{threshold, threshold.mark(), found})
	}
	return p
}

// fixedSize is the size that an <svg> element is given; without it the page decides.
var fixedSize = regexp.MustCompile(`^<svg width="[^"]*" height="[^"]*"`)

// inline strips the prologue of a figure and gives it a name that can be read aloud.
func (f Figure) inline() drawn {
	svg := f.SVG
	if start := strings.Index(svg, "<svg"); start > 0 {
		svg = svg[start:]
	}
	label := template.HTMLEscapeString(f.Title + ". " + f.Alt)
	svg = fixedSize.ReplaceAllString(svg, "<svg")
	svg = strings.Replace(svg, "<svg", `<svg role="img" aria-label="`+label+`"`, 1)
	return drawn{ID: "figure-" + f.Name, Title: f.Title, Alt: f.Alt, SVG: template.HTML(svg)} //nolint:gosec // G203: the figures are our own
}

func pageRows(report Report) (rows []pageRow) {
	most := 0.0
	for _, row := range report.Funnel {
		most = max(most, row.Entered)
	}
	for _, row := range report.Funnel {
		shown := pageRow{FunnelRow: row, Width: share(row.Entered, most), Passes: share(row.Passed, most), P50: "–", P99: "–"}
		if q := report.passedTimes(row.Step); q != nil {
			shown.P50, shown.P99 = spell(q.P50), spell(q.P99)
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

// costs are the CPU time and memory of the processes of a live run.
func costs(report Report) (rows []pageCost) {
	processes := report.Processes
	if g := report.Generator; g != nil && (g.CPUS != nil || g.MaxRSSBytes != nil) {
		processes = append([]Process{{Name: "generator", CPUS: g.CPUS, MaxRSSBytes: g.MaxRSSBytes}}, processes...)
	}
	available := report.DurationS
	if report.Machine != nil && report.Machine.CPUs > 0 {
		available *= float64(report.Machine.CPUs)
	}
	for _, process := range processes {
		row := pageCost{Name: process.Name, CPU: "unknown", Memory: "unknown"}
		if process.CPUS != nil {
			row.CPU, row.Width = spell(*process.CPUS)+" ("+percent(share(*process.CPUS, available)/100)+" of the machine)", share(*process.CPUS, available)
		}
		if process.MaxRSSBytes != nil {
			row.Memory = bytesText(*process.MaxRSSBytes)
		}
		rows = append(rows, row)
	}
	return rows
}
