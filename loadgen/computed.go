package loadgen

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/ombak-sim/ombak/journey/expression"
	"github.com/ombak-sim/ombak/population"
	"github.com/ombak-sim/ombak/workload"
)

// expression compiles the expression at the beginning of a text, up to the brace that closes it. It returns the text
// after the brace.
func (s scope) expression(text string) (piece segment, after string, err error) {
	source, after, err := s.cutExpression(text)
	if err != nil {
		return segment{}, "", err
	}
	names := expression.Names{Person: population.FactNames(), Feeders: map[string][]string{}, Got: sortedKeys(s.got), Vars: sortedKeys(s.vars)}
	for name, feeder := range s.data {
		names.Feeders[name] = feeder.Columns
	}
	program, err := expression.Value(strings.TrimSpace(source), names)
	if err != nil {
		return segment{}, "", fmt.Errorf("${=%s}: %w", source, err)
	}
	if s.impersonal && (program.ReadsAny(expression.Person) || program.ReadsAny(expression.Feeder) || program.ReadsAny(expression.Got)) {
		return segment{}, "", fmt.Errorf("${=%s}: before and after belong to no person; read only var", source)
	}
	*s.computed++
	return segment{kind: computed, program: program, place: *s.computed}, after, nil
}

// cutExpression cuts a text at the first closing brace that is not inside quotes or further braces.
func (s scope) cutExpression(text string) (source, after string, err error) {
	var read []byte
	var quote rune
	depth, escaped := 0, false
	for at := 0; at < len(text); {
		r, size, err := s.rune(text[at:])
		if err != nil {
			return "", "", err
		}
		switch {
		case escaped:
			escaped = false
		case quote != 0:
			escaped = r == '\\' && quote != '`'
			if r == quote {
				quote = 0
			}
		case r == '"' || r == '\'' || r == '`':
			quote = r
		case r == '{':
			depth++
		case r == '}' && depth > 0:
			depth--
		case r == '}':
			return string(read), text[at+size:], nil
		}
		read = utf8.AppendRune(read, r)
		at += size
	}
	return "", "", fmt.Errorf("the expression ${=%s is not closed; end it with a brace", text)
}

// rune returns the first character of a text and its length. Inside JSON, it undoes the escaping.
func (s scope) rune(text string) (r rune, size int, err error) {
	r, size = utf8.DecodeRuneInString(text)
	if !s.quoted || r != '\\' {
		return r, size, nil
	}
	for size = 2; size <= min(12, len(text)); size++ { // a pair of \\uXXXX is the longest
		var decoded string
		if json.Unmarshal([]byte(`"`+text[:size]+`"`), &decoded) != nil || decoded == "" {
			continue
		}
		if r, _ = utf8.DecodeRuneInString(decoded); r != utf8.RuneError { // or else half of a pair
			return r, size, nil
		}
	}
	return 0, 0, errors.New("an expression inside JSON has an escape that JSON does not know")
}

var randomPurpose = workload.NewPurpose("request/random")

// compute evaluates an expression. The first one that fails makes the request fail.
func (v *values) compute(piece segment) string {
	stream := v.seed.Stream(randomPurpose+workload.Purpose(piece.place), v.person, v.step, v.attempt)
	text, err := piece.program.Text(v, stream.Float64)
	if err != nil && v.fault == nil {
		v.fault = err
	}
	return text
}

// Fact implements expression.Facts.
func (v *values) Fact(of expression.Reading) any {
	switch of.Root {
	case expression.Round:
		return v.round
	case expression.Attempt:
		return v.attempt
	case expression.Got:
		if place := v.names[of.Name]; place < len(v.got) {
			return v.got[place]
		}
	case expression.Feeder:
		for i := range v.feeders {
			if feeder := &v.feeders[i]; feeder.Name == of.Name {
				return feeder.Cell(v.person, feeder.Column(of.Column))
			}
		}
	case expression.Person:
		if field, known := personFields[of.Name]; known && field != photo {
			return v.text(segment{kind: field})
		}
		return v.people.Fact(v.person, of.Name)
	case expression.Var:
		return v.vars[of.Name]
	}
	return ""
}
