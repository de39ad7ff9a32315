package scenarios

import (
	"bytes"
	"unicode/utf8"
)

// byteOrderMark may stand before the text; some editors put it there.
const byteOrderMark = "\ufeff"

// deepest is how deep brackets, or dashes on one line, may be nested; scenarios need about ten.
const deepest = 100

// refuse says why a text cannot be a scenario before it is parsed.
//
// Note: the parser needs memory in the square of the depth, so that 200 kB of brackets would take
// all of a machine's.
func refuse(file string, text []byte) *Mistake {
	line := 1
	if !utf8.Valid(text) || bytes.IndexByte(text, 0) >= 0 {
		return &Mistake{File: file, Line: line, Column: 1, Message: "this is no text", Hint: "a scenario is YAML in UTF-8; ombak scenario init writes one to start from"}
	}
	brackets, dashes := 0, 0
	for i, char := range text {
		switch char {
		case '[', '{':
			brackets++
		case ']', '}':
			brackets = max(brackets-1, 0)
		case '-', '?', ':':
			if i+1 < len(text) && text[i+1] == ' ' { // else it is part of a word or a ruler
				dashes++
			}
		case '\n':
			line++
			dashes = 0
		case ' ', '\t':
		default:
			dashes = 0
		}
		if brackets > deepest || dashes > deepest {
			return &Mistake{File: file, Line: line, Column: 1, Message: "the YAML is nested too deep to be a scenario", Hint: "close what was opened, or quote it"}
		}
	}
	return nil
}

// shortened cuts a value that a message quotes.
func shortened(text string) string {
	const most = 60
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}
