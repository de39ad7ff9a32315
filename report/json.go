package report

import (
	"bufio"
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
	encoder := json.NewEncoder(indenter{w})
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(report); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}

// indenter indents the JSON that is written to it at once.
type indenter struct{ w io.Writer }

// Write implements io.Writer.
func (i indenter) Write(compact []byte) (int, error) {
	out := bufio.NewWriterSize(i.w, 1<<16)
	indent(out, compact)
	return len(compact), out.Flush()
}

// indent breaks valid compact JSON into one line per member, but keeps arrays of numbers on one line. An error of the
// writer stays in it.
//
// Note: json.Indent would put every number of the series on a line of its own, which makes ten million lines
// for a day.
func indent(out *bufio.Writer, compact []byte) {
	depth := 0
	line := func() {
		_ = out.WriteByte('\n')
		for range depth {
			_, _ = out.WriteString("  ")
		}
	}
	for i := 0; i < len(compact); i++ {
		switch b := compact[i]; b {
		case '"':
			end := stringEnd(compact, i)
			_, _ = out.Write(compact[i:end])
			i = end - 1
		case '{', '[':
			if end := flatEnd(compact, i); end > 0 {
				_, _ = out.Write(compact[i:end])
				i = end - 1
				continue
			}
			_ = out.WriteByte(b)
			depth++
			line()
		case '}', ']':
			depth--
			line()
			_ = out.WriteByte(b)
		case ',':
			_ = out.WriteByte(b)
			line()
		case ':':
			_, _ = out.WriteString(": ")
		default:
			_ = out.WriteByte(b)
		}
	}
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
