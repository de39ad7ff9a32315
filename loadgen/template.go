package loadgen

import (
	"fmt"
	"strings"

	"github.com/ombak-sim/ombak/population"
)

// values are what templates may name for one person at one attempt.
type values struct {
	form    population.Form
	mailbox string
	person  uint64
	got     []string
	photo   []byte // buffer of the last photo
}

// valueKind says where a template's variable comes from.
type valueKind uint8

const (
	literal valueKind = iota
	name
	email
	mailbox
	phone
	nik
	kk
	birthDate
	photo
	got
)

var personFields = map[string]valueKind{
	"name": name, "email": email, "mailbox": mailbox, "phone": phone,
	"nik": nik, "kk": kk, "birth_date": birthDate, "photo": photo,
}

// segment is a piece of a template: a literal text or a variable.
type segment struct {
	kind valueKind
	text string
	slot int // got: index of the extracted value
}

// template is a text with variables: ${person.NAME}, ${got.NAME} and ${var.NAME}.
type template []segment

// scope knows the names that templates may use.
type scope struct {
	got  map[string]int
	vars map[string]string
}

// parseTemplate compiles a text; a dollar sign without a brace stands for itself.
func (s scope) parseTemplate(text string) (template, error) {
	var compiled template
	for {
		before, rest, found := strings.Cut(text, "${")
		if before != "" {
			compiled = append(compiled, segment{kind: literal, text: before})
		}
		if !found {
			return compiled, nil
		}
		variable, after, closed := strings.Cut(rest, "}")
		if !closed {
			return nil, fmt.Errorf("the variable ${%s is not closed; end it with a brace", rest)
		}
		piece, err := s.variable(variable)
		if err != nil {
			return nil, err
		}
		compiled = append(compiled, piece)
		text = after
	}
}

func (s scope) variable(variable string) (segment, error) {
	kind, key, _ := strings.Cut(variable, ".")
	switch kind {
	case "person":
		if field, known := personFields[key]; known {
			return segment{kind: field}, nil
		}
		return segment{}, fmt.Errorf("${%s}: people have name, email, mailbox, phone, nik, kk, birth_date and photo", variable)
	case "got":
		if slot, known := s.got[key]; known {
			return segment{kind: got, slot: slot}, nil
		}
		return segment{}, fmt.Errorf("${%s}: no step extracts %q", variable, key)
	case "var":
		if value, known := s.vars[key]; known {
			return segment{kind: literal, text: value}, nil
		}
		return segment{}, fmt.Errorf("${%s}: the variable has no value; give --var %s=VALUE", variable, key)
	}
	return segment{}, fmt.Errorf("${%s}: write person, got or var, then a dot and a name", variable)
}

// needsPerson says whether rendering needs the person's data at all.
func (t template) needsPerson() bool {
	for _, piece := range t {
		if piece.kind >= name && piece.kind <= birthDate {
			return true
		}
	}
	return false
}

// varies says whether the text differs between people.
func (t template) varies() bool {
	for _, piece := range t {
		if piece.kind != literal {
			return true
		}
	}
	return false
}

// render appends the text to buffer; escape, where not nil, is applied to each variable's value.
func (t template) render(v *values, buffer []byte, escape func([]byte, string) []byte) []byte {
	for _, piece := range t {
		switch {
		case piece.kind == literal:
			buffer = append(buffer, piece.text...)
		case escape != nil:
			buffer = escape(buffer, v.text(piece))
		default:
			buffer = append(buffer, v.text(piece)...)
		}
	}
	return buffer
}

func (v *values) text(piece segment) string {
	switch piece.kind {
	case name:
		return v.form.Name
	case email:
		return v.form.Email
	case mailbox:
		return v.mailbox
	case phone:
		return v.form.Phone
	case nik:
		return v.form.NIK
	case kk:
		return v.form.KK
	case birthDate:
		return v.form.BirthDate.Format("2006-01-02")
	case got:
		if piece.slot < len(v.got) { // nothing was extracted yet: empty, such as a ticket nobody has given
			return v.got[piece.slot]
		}
	}
	return ""
}

// escapeJSON appends text as the inside of a JSON string.
func escapeJSON(buffer []byte, text string) []byte {
	const hex = "0123456789abcdef"
	for i := range len(text) {
		switch c := text[i]; {
		case c == '"' || c == '\\':
			buffer = append(buffer, '\\', c)
		case c < 0x20:
			buffer = append(buffer, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			buffer = append(buffer, c)
		}
	}
	return buffer
}
