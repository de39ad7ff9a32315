package loadgen

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ombak-sim/ombak/population"
	"github.com/ombak-sim/ombak/workload"
)

// values are what templates may name for one person at one attempt.
type values struct {
	form    population.Form
	person  uint64
	got     []string
	photo   []byte // buffer of the last photo
	feeders []feeder
	seed    workload.Seed
	step    workload.Purpose // of the step's name
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
	fed
	stepKey
	upload
)

var personFields = map[string]valueKind{
	"name": name, "email": email, "mailbox": mailbox, "phone": phone,
	"nik": nik, "kk": kk, "birth_date": birthDate, "photo": photo,
}

// segment is a piece of a template: a literal text or a variable.
type segment struct {
	kind valueKind
	text string // literal; upload: what the file holds
	slot int    // got: index of the extracted value; fed: index of the feeder; upload: of the file, by name
	cell int    // fed: index of the column
}

// template is a text with variables: ${person.NAME}, ${got.NAME}, ${feeder.NAME.COLUMN}, ${var.NAME},
// ${file.NAME} and ${step.key}.
type template []segment

// scope knows the names that templates may use.
type scope struct {
	got   map[string]int
	vars  map[string]string
	fed   []string // names of the feeders
	data  map[string]Feeder
	files map[string]File
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
	case "feeder":
		return s.feeder(key)
	case "file":
		if _, known := s.files[key]; known {
			return segment{kind: upload, text: string(s.files[key].Content), slot: slices.Index(sortedKeys(s.files), key)}, nil
		}
		return segment{}, fmt.Errorf("${%s}: there is no file %q; the scenario has %s", variable, key, strings.Join(sortedKeys(s.files), ", "))
	case "step":
		if key == "key" {
			return segment{kind: stepKey}, nil
		}
		return segment{}, fmt.Errorf("${%s}: a step has a key, which is the same for all attempts of a person", variable)
	case "var":
		if value, known := s.vars[key]; known {
			return segment{kind: literal, text: value}, nil
		}
		return segment{}, fmt.Errorf("${%s}: the variable has no value; give --var %s=VALUE", variable, key)
	}
	return segment{}, fmt.Errorf("${%s}: write person, got, feeder, file, var or step, then a dot and a name", variable)
}

// feeder resolves NAME.COLUMN.
func (s scope) feeder(key string) (segment, error) {
	name, column, _ := strings.Cut(key, ".")
	feeder, known := s.data[name]
	if !known {
		return segment{}, fmt.Errorf("${feeder.%s}: there is no feeder %q; the scenario has %s", key, name, strings.Join(s.fed, ", "))
	}
	if cell := feeder.column(column); cell >= 0 {
		return segment{kind: fed, slot: slices.Index(s.fed, name), cell: cell}, nil
	}
	return segment{}, fmt.Errorf("${feeder.%s}: the feeder %s has the columns %s", key, name, strings.Join(feeder.Columns, ", "))
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
		if piece.kind != literal && piece.kind != upload {
			return true
		}
	}
	return false
}

// render appends the text to buffer; escape, where not nil, is applied to each variable's value.
func (t template) render(v *values, buffer []byte, escape func([]byte, string) []byte) []byte {
	for _, piece := range t {
		switch {
		case piece.kind == literal, piece.kind == upload && escape == nil:
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
		return v.form.Mailbox
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
	case fed:
		return v.feeders[piece.slot].cell(v.person, piece.cell)
	case upload:
		return piece.text
	case stepKey:
		return string(idempotencyKey(nil, v.seed, v.person, v.step))
	}
	return ""
}

// escapeURI appends text so that it can stand in a request line; what may have a meaning in a URI
// stays, because a whole path may have been extracted.
func escapeURI(buffer []byte, text string) []byte {
	const hex = "0123456789ABCDEF"
	for i := range len(text) {
		if c := text[i]; c <= ' ' || c >= 0x7f || strings.IndexByte(`"<>\^`+"`"+`{|}`, c) >= 0 {
			buffer = append(buffer, '%', hex[c>>4], hex[c&15])
		} else {
			buffer = append(buffer, c)
		}
	}
	return buffer
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
