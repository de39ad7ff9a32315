package recorder

import (
	"cmp"
	"slices"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
)

// way leads from a step to another, by their places in the journey.
type way struct{ from, to int }

// moved counts how often people took a way.
type moved struct{ visits, people uint64 }

func (r *Recording) addMove(w way, m moved) {
	sum := r.moves[w]
	r.moves[w] = moved{sum.visits + m.visits, sum.people + m.people}
}

// visits returns how often people came to a step, or nil on a straight line.
func (r *Recording) visits(step int) *float64 {
	if len(r.moves) == 0 {
		return nil
	}
	sum := 0.0
	for w, m := range r.moves {
		if w.to == step {
			sum += float64(m.visits)
		}
	}
	return &sum
}

// transitions returns the ways that people took, in the order of the steps.
func (r *Recording) transitions() []report.Transition {
	ways := make([]way, 0, len(r.moves))
	for w := range r.moves {
		ways = append(ways, w)
	}
	last := func(to int) int { // the end comes last
		if to == funnel.Nowhere {
			return len(r.journey)
		}
		return to
	}
	slices.SortFunc(ways, func(a, b way) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(last(a.to), last(b.to))) })
	var all []report.Transition
	for _, w := range ways {
		transition := report.Transition{From: report.WalkStart, To: report.WalkEnd, People: float64(r.moves[w].people)}
		if w.from != funnel.Nowhere {
			transition.From = r.journey[w.from].Name
		}
		if w.to != funnel.Nowhere {
			transition.To = r.journey[w.to].Name
		}
		all = append(all, transition)
	}
	return all
}

// sumTransitions adds the transitions of several reports. They come in the order of the steps.
func sumTransitions(reports []report.Report) []report.Transition {
	place := map[string]int{report.WalkStart: -1}
	for i, row := range reports[0].Funnel {
		place[row.Step] = i
	}
	place[report.WalkEnd] = len(place)
	var all []report.Transition
	for _, r := range reports {
		for _, t := range r.Transitions {
			i := slices.IndexFunc(all, func(known report.Transition) bool { return known.From == t.From && known.To == t.To })
			if i < 0 {
				all = append(all, report.Transition{From: t.From, To: t.To, People: t.People})
				continue
			}
			all[i].People += t.People
		}
	}
	slices.SortFunc(all, func(a, b report.Transition) int {
		return cmp.Or(cmp.Compare(place[a.From], place[b.From]), cmp.Compare(place[a.To], place[b.To]))
	})
	return all
}
