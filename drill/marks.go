package drill

import (
	"slices"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/mocks"
)

// fateMark returns the timeline mark of a fault. It has no length when the fault begins, and one when the
// fault ends.
func fateMark(fate mocks.Fate) funnel.Mark {
	text := fate.Fault + " of " + fate.On
	switch {
	case fate.By != "":
		text += ", by " + fate.By
	case fate.Hand:
		text += ", by hand"
	}
	return funnel.Mark{
		At: fate.At, For: fate.For, Kind: funnel.FaultMark, Text: text,
		Do: funnel.StartFault, On: fate.On, What: fate.Fault, Planned: !fate.Hand,
	}
}

// withMark adds a mark. The mark of a fault that has ended replaces the one of its beginning.
func withMark(marks []funnel.Mark, mark funnel.Mark) []funnel.Mark {
	if mark.Kind == funnel.FaultMark && mark.For > 0 {
		begun := mark
		begun.For = 0
		if place := slices.Index(marks, begun); place >= 0 {
			marks[place] = mark
			return marks
		}
	}
	return append(marks, mark)
}
