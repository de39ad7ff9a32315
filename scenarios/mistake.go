package scenarios

import (
	"fmt"
	"strings"
)

// Mistake is one thing that is wrong with a scenario file, and what to do about it.
type Mistake struct {
	File    string
	Line    int
	Column  int
	Path    string // such as journey[3].timeout
	Message string
	Hint    string
}

// Error returns file:line:column, what is wrong and what to do.
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

// At returns what is wrong at a path of the scenario's file, or at the nearest known path above it,
// such as journey[3].request.
func (s *Scenario) At(path string, fault error) Mistake {
	return Mistake{File: s.source.file, Path: path, Message: fault.Error()}.at(s.source.places)
}

// at fills in line and column by the mistake's path; what is nowhere stands at the beginning.
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

// Mistakes are all that is wrong with a scenario file, in the order of the file.
type Mistakes []Mistake

// Error returns one line for each mistake.
func (m Mistakes) Error() string {
	lines := make([]string, len(m))
	for i, mistake := range m {
		lines[i] = mistake.Error()
	}
	return strings.Join(lines, "\n")
}

// nearest returns the word most like the given one, or "" where none is near.
func nearest(word string, words []string) string {
	best, least := "", (len(word)+1)/2+1
	for _, candidate := range words {
		if d := editDistance(word, candidate); d < least {
			best, least = candidate, d
		}
	}
	return best
}

// editDistance is the Levenshtein distance in bytes.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := diagonal
			if a[i-1] != b[j-1] {
				cost++
			}
			diagonal = row[j]
			row[j] = min(cost, row[j]+1, row[j-1]+1)
		}
	}
	return row[len(b)]
}

// hintWord proposes the nearest word, or lists them all.
func hintWord(word string, words []string) string {
	if near := nearest(word, words); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	if len(words) == 0 {
		return ""
	}
	return "use one of: " + strings.Join(words, ", ")
}
