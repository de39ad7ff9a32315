package plots

import (
	"bytes"
	"cmp"
	"fmt"
	"strings"

	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"

	"github.com/ombak-sim/ombak/report"
)

// Figure is a drawing in both formats.
type Figure struct {
	Name     string // of its files, without the ending
	Title    string
	Question string // what it answers
	Alt      string // what it shows, in words; empty for a figure that is not of one report
	SVG      []byte // with the glyphs that it shows
	PNG      []byte
	bare     []byte // SVG without the glyphs
}

// drawings lists the figures of a report in the order in which a reader wants them.
//
// To add one: write its descriptor, how it is drawn and its text alternative in a file named after it, and a line
// here. The commands, the page and the gallery follow.
func drawings() []drawing {
	return []drawing{
		funnelFigure(), dropOffFigure(), goodputFigure(), waitingRoomFigure(), throughputFigure(),
		responseTimeFigure(), heatMapFigure(), stationsFigure(), spectrumFigure(),
	}
}

// drawing describes a figure. Those that are not drawn from one report have no draw and no describe.
type drawing struct {
	name     string                           // of its files, without the ending
	title    string                           // what it shows
	question string                           // what it answers
	applies  func(report.Report) bool         // nil applies to every report
	draw     func(*page, report.Report) error // fills the page, or leaves its note if there are no data
	describe func(report.Report) []string     // the clauses of the text alternative
}

// All draws every figure that applies to a report, in the order in which a reader wants them.
func All(r report.Report) ([]Figure, error) {
	var figures []Figure
	for _, d := range drawings() {
		if d.applies != nil && !d.applies(r) {
			continue
		}
		figure, err := d.of(r)
		if err != nil {
			return nil, err
		}
		figures = append(figures, figure)
	}
	return figures, nil
}

// of draws the figure of a report.
func (d drawing) of(r report.Report) (Figure, error) {
	p := page{title: d.title, subtitle: subtitle(r), note: "no data"}
	if err := d.draw(&p, r); err != nil {
		return Figure{}, fmt.Errorf("drawing %s: %w", d.name, err)
	}
	figure, err := d.render(&p)
	figure.Alt = "No data."
	if clauses := d.describe(r); len(clauses) > 0 {
		figure.Alt = strings.Join(clauses, "; ") + "."
	}
	return figure, err
}

// render draws a page as SVG and PNG.
func (d drawing) render(p *page) (Figure, error) {
	height := cmp.Or(p.height, pageHeight)
	vector := vgsvg.New(pageWidth, height)
	p.paint(draw.New(vector))
	var svg bytes.Buffer
	if _, err := vector.WriteTo(&svg); err != nil {
		return Figure{}, fmt.Errorf("drawing %s as SVG: %w", d.name, err)
	}
	raster := vgimg.NewWith(vgimg.UseWH(pageWidth, height), vgimg.UseDPI(dotsPerInch))
	p.paint(draw.New(raster))
	var png bytes.Buffer
	if _, err := (vgimg.PngCanvas{Canvas: raster}).WriteTo(&png); err != nil {
		return Figure{}, fmt.Errorf("drawing %s as PNG: %w", d.name, err)
	}
	bare := withTypeface(svg.Bytes())
	css, err := fontFaces(bare)
	if err != nil {
		return Figure{}, fmt.Errorf("drawing %s: %w", d.name, err)
	}
	return Figure{Name: d.name, Title: p.title, Question: d.question, SVG: withStyle(bare, css), PNG: png.Bytes(), bare: bare}, nil
}
