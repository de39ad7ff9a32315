package draft

import (
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// shellWords is a command with its words, in which variables of the shell are references.
type shellWords struct {
	line  int
	texts []string
}

// shellCalls returns the simple commands of a script. If a part of the script cannot be read, it is read line by
// line.
func (d *draft) shellCalls(script string) ([]shellWords, error) {
	parsed, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(script), "")
	if err == nil {
		return d.callsIn(parsed, 0), nil
	}
	var all []shellWords
	begin := 0
	lines := strings.Split(script, "\n")
	for i, line := range lines {
		if strings.HasSuffix(strings.TrimRight(line, " \r"), "\\") && i+1 < len(lines) {
			continue
		}
		piece := strings.Join(lines[begin:i+1], "\n")
		parsed, fault := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(piece), "")
		if fault != nil {
			d.notes.at(begin+1, "it cannot be read (%s); skipped", firstLine(fault))
		} else {
			all = append(all, d.callsIn(parsed, begin)...)
		}
		begin = i + 1
	}
	if len(all) == 0 {
		return nil, err
	}
	return all, nil
}

func (d *draft) callsIn(parsed *syntax.File, offset int) []shellWords {
	var all []shellWords
	syntax.Walk(parsed, func(at syntax.Node) bool {
		command, is := at.(*syntax.CallExpr)
		if !is || len(command.Args) == 0 {
			if is {
				for _, assigned := range command.Assigns {
					if assigned.Name != nil && assigned.Value != nil {
						if value := d.shellText(assigned.Value.Parts); !strings.Contains(value, openMark) {
							d.shell[assigned.Name.Value] = value
						}
					}
				}
			}
			return true
		}
		words := shellWords{line: int(command.Pos().Line()) + offset}
		for _, argument := range command.Args {
			words.texts = append(words.texts, d.shellText(argument.Parts))
		}
		all = append(all, words)
		return false
	})
	return all
}

// shellText returns a word without its quotes.
func (d *draft) shellText(parts []syntax.WordPart) string {
	var out strings.Builder
	for _, part := range parts {
		switch part := part.(type) {
		case *syntax.Lit:
			out.WriteString(unquoted(part.Value))
		case *syntax.SglQuoted:
			if part.Dollar {
				out.WriteString(ansi(part.Value))
			} else {
				out.WriteString(part.Value)
			}
		case *syntax.DblQuoted:
			for _, inner := range part.Parts {
				if literal, is := inner.(*syntax.Lit); is {
					out.WriteString(doubleQuoted.Replace(literal.Value))
				} else {
					out.WriteString(d.shellText([]syntax.WordPart{inner}))
				}
			}
		case *syntax.ParamExp:
			name := "argument"
			if part.Param != nil {
				name = part.Param.Value
			}
			if value, known := d.shell[name]; known {
				if secretKey.MatchString(name) {
					out.WriteString(mark(d.secretFor(name, value)))
				} else {
					out.WriteString(value)
				}
				continue
			}
			out.WriteString(d.given(name))
		default: // the output of a command
			out.WriteString(mark(d.secret("computed")))
			d.notes.say("the output of a command is used in a request; give it with --var computed=…")
		}
	}
	return out.String()
}

// given returns a marked reference to a variable whose value is not in the source.
func (d *draft) given(name string) string {
	if secretKey.MatchString(name) {
		return mark(d.secret(name))
	}
	return mark(d.variable(name, ""))
}

var doubleQuoted = strings.NewReplacer("\\\\", "\\", "\\\"", "\"", "\\$", "$", "\\`", "`", "\\\n", "")

// unquoted removes the backslashes of a word that stands outside quotes.
func unquoted(text string) string {
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+1 < len(text) {
			if i++; text[i] == '\n' {
				continue
			}
		}
		out.WriteByte(text[i])
	}
	return out.String()
}

// ansi undoes the escapes of a text such as $'it\'s'.
func ansi(text string) string {
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' || i+1 == len(text) {
			out.WriteByte(text[i])
			continue
		}
		i++
		if plain, known := map[byte]string{'n': "\n", 't': "\t", 'r': "\r", 'b': "\b", 'f': "\f", 'a': "\a", 'v': "\v", 'e': "\x1b"}[text[i]]; known {
			out.WriteString(plain)
			continue
		}
		if digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}[text[i]]; digits > 0 {
			end := i + 1
			for end < len(text) && end <= i+digits && strings.IndexByte("0123456789abcdefABCDEF", text[end]) >= 0 {
				end++
			}
			if code, err := strconv.ParseUint(text[i+1:end], 16, 32); err == nil {
				out.WriteRune(rune(code))
				i = end - 1
				continue
			}
		}
		out.WriteByte(text[i])
	}
	return out.String()
}
