package plots

import (
	"cmp"
	"slices"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Option is one of the plans compared.
type Option struct {
	Name       string
	Cost       float64
	CostCI     *[2]float64 // 95 % interval; nil if unknown
	Finished   float64     // people who passed the last step
	FinishedCI *[2]float64
	Holds      bool // every threshold held
	Front      bool // no other plan is at least as good in everything and better in something
}

// Pareto draws the people who finish under each plan against its cost.
func Pareto(what, currency string, options []Option) (Figure, error) {
	d := drawing{name: "pareto", title: "Cost of each plan, and people who finish", question: "Which plan lets most people " +
		"finish for its price?"}
	p := page{title: d.title, subtitle: what, note: "no data: no plan has a cost"}
	if len(options) > 0 {
		p.pareto(currency, options)
	}
	return d.render(&p)
}

func (p *page) pareto(currency string, options []Option) {
	front := draw.LineStyle{Color: bluishGreen(), Width: 1.2, Dashes: []vg.Length{4, 3}}
	var all marks
	var costs, people []float64
	var best []Option
	for _, option := range options {
		style := ring(grey())
		if option.Front {
			style = dot(bluishGreen())
			best = append(best, option)
		}
		if !option.Holds {
			style.Color = vermillion()
		}
		costs, people = append(costs, option.Cost), append(people, option.Finished)
		all = append(all, mark{x: option.Cost, y: option.Finished, xs: option.CostCI, ys: option.FinishedCI, name: option.Name, style: style})
	}
	slices.SortFunc(best, func(a, b Option) int { return cmp.Compare(a.Cost, b.Cost) })
	var x, y []float64
	for _, option := range best {
		x, y = append(x, option.Cost), append(y, option.Finished)
	}
	low, high := spread(costs)
	bottom, top := spread(people)
	plotted := newPanel(axis{label: "cost (" + currency + ")", min: low, max: high, most: 6}, axis{label: "people who finish", min: bottom, max: top})
	plotted.Add(grid{}, curve{x: x, y: y, style: front}, all)
	p.panels, p.note = []panel{plotted}, ""
	p.legend = []entry{{name: "on the Pareto front", fill: bluishGreen()}, {name: "off it", fill: grey()}, {name: "breaks a threshold", fill: vermillion()}}
}

// spread returns a range around values with room at both ends; it never goes below 0.
func spread(values []float64) (from, to float64) {
	from, to = slices.Min(values), slices.Max(values)
	room := 0.12 * (to - from)
	if room == 0 {
		room = max(0.1*to, 1)
	}
	return max(0, from-room), to + room
}
