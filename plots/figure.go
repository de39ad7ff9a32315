package plots

import (
	"bytes"
	"fmt"
	"slices"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"

	"github.com/ombak-sim/ombak/report"
)

// Figure is one drawing in both formats.
type Figure struct {
	Name  string // of its files, without the ending
	Title string
	Alt   string // what there is to see, in words
	SVG   []byte // with the glyphs that it shows
	PNG   []byte
	bare  []byte // SVG without them
}

// All draws every figure of a report in the order in which a reader wants them; that of waiting rooms
// where people waited in one.
func All(r report.Report) ([]Figure, error) {
	var figures []Figure
	draws := []func(report.Report) (Figure, error){Funnel, DropOff, Goodput, Throughput, ResponseTime, HeatMap, Stations, Spectrum}
	if len(waitingRooms(r.Series.Stations)) > 0 {
		draws = slices.Insert(draws, 3, WaitingRoom)
	}
	for _, draw := range draws {
		figure, err := draw(r)
		if err != nil {
			return nil, err
		}
		figure.Alt = alternative(figure.Name, r)
		figures = append(figures, figure)
	}
	return figures, nil
}

// render draws the same page as SVG and PNG.
func render(name, title string, height vg.Length, paint func(draw.Canvas)) (Figure, error) {
	vector := vgsvg.New(pageWidth, height)
	paint(draw.New(vector))
	var svg bytes.Buffer
	if _, err := vector.WriteTo(&svg); err != nil {
		return Figure{}, fmt.Errorf("drawing %s as SVG: %w", name, err)
	}
	raster := vgimg.NewWith(vgimg.UseWH(pageWidth, height), vgimg.UseDPI(dotsPerInch))
	paint(draw.New(raster))
	var png bytes.Buffer
	if _, err := (vgimg.PngCanvas{Canvas: raster}).WriteTo(&png); err != nil {
		return Figure{}, fmt.Errorf("drawing %s as PNG: %w", name, err)
	}
	bare := withTypeface(svg.Bytes())
	css, err := fontFaces(bare)
	if err != nil {
		return Figure{}, fmt.Errorf("drawing %s: %w", name, err)
	}
	return Figure{Name: name, Title: title, SVG: withStyle(bare, css), PNG: png.Bytes(), bare: bare}, nil
}
