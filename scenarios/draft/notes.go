package draft

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// notes collects what was left out. Equal notes about several places are told together.
type notes struct {
	unit   string // what a place is: entry, line, request
	units  string
	order  []string
	places map[string][]int
}

// at notes something about one place of the source.
func (n *notes) at(place int, format string, words ...any) {
	text := fmt.Sprintf(format, words...)
	if n.places == nil {
		n.places = map[string][]int{}
	}
	if n.places[text] == nil {
		n.order = append(n.order, text)
	}
	if !slices.Contains(n.places[text][max(0, len(n.places[text])-1):], place) {
		n.places[text] = append(n.places[text], place)
	}
}

// say notes something about the whole source.
func (n *notes) say(format string, words ...any) {
	if text := fmt.Sprintf(format, words...); !slices.Contains(n.order, text) {
		n.order = append(n.order, text)
	}
}

// lines returns the notes in the order in which they came up.
func (n *notes) lines() []string {
	const single, listed = 3, 5 // so many places get a line each, and so many are listed of more
	var lines []string
	for _, text := range n.order {
		places := n.places[text]
		switch {
		case len(places) == 0:
			lines = append(lines, text)
		case len(places) <= single:
			for _, place := range places {
				lines = append(lines, fmt.Sprintf("%s %d: %s", n.unit, place, text))
			}
		default:
			words := make([]string, min(len(places), listed))
			for i := range words {
				words[i] = strconv.Itoa(places[i])
			}
			more := ""
			if len(places) > listed {
				more = fmt.Sprintf(" and %d more", len(places)-listed)
			}
			lines = append(lines, fmt.Sprintf("%s %s%s: %s (%d)", n.units, strings.Join(words, ", "), more, text, len(places)))
		}
	}
	return lines
}

// noteLines returns the notes without secrets, each on one line.
func (d *draft) noteLines() []string {
	lines := d.notes.lines()
	if d.tally != nil && len(d.steps) > 0 {
		lines = append([]string{d.tally()}, lines...)
	}
	for i, line := range lines {
		lines[i] = oneLine(d.mask(line))
	}
	return lines
}

// count returns a number with its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// because returns the first notes as the reason why nothing remains.
func (d *draft) because() string {
	lines := d.noteLines()
	if len(lines) == 0 {
		return ""
	}
	const most = 3
	return ": " + strings.Join(lines[:min(len(lines), most)], "; ")
}
