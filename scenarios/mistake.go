package scenarios

import (
	"fmt"
	"strings"

	"github.com/ombak-sim/ombak/units"
)

// Mistake is a mistake in a scenario file, and what to do about it.
type Mistake struct {
	File    string
	Line    int
	Column  int
	Path    string // such as journey[3].timeout
	Message string
	Hint    string
}

// Error returns file:line:column, what is wrong, and what to do.
func (m Mistake) Error() string {
	text := fmt.Sprintf("%s:%d:%d: ", m.File, m.Line, m.Column)
	if m.Path != "" {
		text += m.Path + ": "
	}
	text += m.Message
	if m.Hint != "" {
		text += "; " + m.Hint
	}
	return text
}

// At returns fault as a mistake at a path of the scenario's file, or at the nearest known path above it, such
// as journey[3].request.
func (s *Scenario) At(path string, fault error) Mistake {
	return Mistake{File: s.source.file, Path: path, Message: fault.Error()}.at(s.source.places)
}

// at fills in line and column from the mistake's path. A mistake without a known place is put at the
// beginning.
func (m Mistake) at(places map[string][2]int) Mistake {
	m.Line, m.Column = 1, 1
	for place := m.Path; place != ""; place = parent(place) {
		if at, known := places[place]; known {
			m.Line, m.Column = at[0], at[1]
			break
		}
	}
	return m
}

// Mistakes are all mistakes in a scenario file, in the order of the file.
type Mistakes []Mistake

// Error returns one line for each mistake.
func (m Mistakes) Error() string {
	lines := make([]string, len(m))
	for i, mistake := range m {
		lines[i] = mistake.Error()
	}
	return strings.Join(lines, "\n")
}

// hintWord proposes the nearest valid word, or lists all of them.
func hintWord(word string, words []string) string { return units.Hint(word, words) }
