package scenarios

import (
	"bytes"
	"unicode/utf8"

	"github.com/goccy/go-yaml/token"
)

// byteOrderMark is the mark with which some editors begin a text.
const byteOrderMark = "\ufeff"

// maxDepth is the maxDepth nesting of brackets, or of dashes on one line. Scenarios need about ten.
const maxDepth = 100

// refuse returns a mistake if a text cannot be a scenario. It is called before the text is parsed.
func refuse(file string, text []byte) *Mistake {
	if !utf8.Valid(text) || bytes.IndexByte(text, 0) >= 0 {
		return &Mistake{File: file, Line: 1, Column: 1, Message: "the file is not text", Hint: "a scenario is YAML in UTF-8; ombak scenario init writes one to start from"}
	}
	return nil
}

// checkDepth returns a mistake if brackets, or dashes on one line, are nested too deep to be parsed. It
// ignores brackets in texts and comments.
//
// Note: the parser needs memory quadratic in the depth, so 200 kB of brackets would exhaust a machine. The
// lexer does not.
func checkDepth(file string, tokens token.Tokens) *Mistake {
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
		if brackets > maxDepth || dashes > maxDepth {
			return &Mistake{File: file, Line: line, Column: t.Position.Column, Message: "the YAML is nested too deep", Hint: "close the brackets, or quote the value"}
		}
	}
	return nil
}

// shortened shortens a value for quoting it in a message.
func shortened(text string) string {
	const most = 60
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}
