package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
)

// Write writes report.json, indented. A column of numbers stays on one line.
func Write(w io.Writer, report Report) error {
	if report.Timeline == nil {
		report.Timeline = []Event{} // known, and empty
	}
	if report.Warnings == nil {
		report.Warnings = []string{}
	}
	var compact bytes.Buffer
	encoder := json.NewEncoder(&compact)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(report); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	if _, err := w.Write(indent(compact.Bytes())); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}

// indent breaks valid compact JSON into one line per member, but keeps arrays of numbers on one line.
//
// Note: json.Indent would put every number of the series on a line of its own, which makes ten million lines
// for a day.
func indent(compact []byte) []byte {
	out := make([]byte, 0, len(compact)+len(compact)/8)
	depth := 0
	line := func() {
		out = append(out, '\n')
		for range depth {
			out = append(out, ' ', ' ')
		}
	}
	for i := 0; i < len(compact); i++ {
		switch b := compact[i]; b {
		case '"':
			end := stringEnd(compact, i)
			out = append(out, compact[i:end]...)
			i = end - 1
		case '{', '[':
			if end := flatEnd(compact, i); end > 0 {
				out = append(out, compact[i:end]...)
				i = end - 1
				continue
			}
			out = append(out, b)
			depth++
			line()
		case '}', ']':
			depth--
			line()
			out = append(out, b)
		case ',':
			out = append(out, b)
			line()
		case ':':
			out = append(out, b, ' ')
		default:
			out = append(out, b)
		}
	}
	return out
}

// stringEnd returns the index after the string that starts at i.
func stringEnd(text []byte, i int) int {
	for i++; text[i] != '"'; i++ {
		if text[i] == '\\' {
			i++
		}
	}
	return i + 1
}

// flatEnd returns the index after the array that starts at i if it holds only numbers, or after an empty
// array or object. Otherwise it returns 0.
func flatEnd(text []byte, i int) int {
	if text[i+1] == '}' {
		return i + 2
	}
	if text[i] == '{' || bytes.IndexByte([]byte(`"{[`), text[i+1]) >= 0 {
		return 0
	}
	return i + 1 + bytes.IndexByte(text[i+1:], ']') + 1
}
