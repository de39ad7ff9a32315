package scenarios

import (
	"bytes"
	"unicode/utf8"

	"github.com/goccy/go-yaml/token"
)

// byteOrderMark may stand before the text; some editors put it there.
const byteOrderMark = "\ufeff"

// deepest is how deep brackets, or dashes on one line, may be nested; scenarios need about ten.
const deepest = 100

// refuse says why a text cannot be a scenario before it is read.
func refuse(file string, text []byte) *Mistake {
	if !utf8.Valid(text) || bytes.IndexByte(text, 0) >= 0 {
		return &Mistake{File: file, Line: 1, Column: 1, Message: "this is no text", Hint: "a scenario is YAML in UTF-8; ombak scenario init writes one to start from"}
	}
	return nil
}

// tooDeep says where brackets, or dashes on one line, are nested too deep to be parsed. What stands in
// texts and comments is no bracket.
//
// Note: the parser needs memory in the square of the depth, so that 200 kB of brackets would take
// all of a machine's; the lexer does not.
func tooDeep(file string, tokens token.Tokens) *Mistake {
	brackets, dashes, line := 0, 0, 0
	for _, t := range tokens {
		if t.Position.Line != line {
			dashes, line = 0, t.Position.Line
		}
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			brackets++
		case token.SequenceEndType, token.MappingEndType:
			brackets = max(brackets-1, 0)
		case token.SequenceEntryType, token.MappingKeyType, token.MappingValueType:
			dashes++
		default:
			dashes = 0
		}
		if brackets > deepest || dashes > deepest {
			return &Mistake{File: file, Line: line, Column: t.Position.Column, Message: "the YAML is nested too deep to be a scenario", Hint: "close what was opened, or quote it"}
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
