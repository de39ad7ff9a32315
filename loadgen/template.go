package loadgen

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ombak-sim/ombak/journey"
	"github.com/ombak-sim/ombak/journey/expression"
	"github.com/ombak-sim/ombak/population"
	"github.com/ombak-sim/ombak/workload"
)

// values holds what templates can refer to, for one person at one attempt.
type values struct {
	form    population.Form
	person  uint64
	got     []string
	photo   []byte // buffer of the last photo
	feeders []journey.Fed
	seed    workload.Seed
	run     workload.Purpose // of the run's id
	step    workload.Purpose // of the step's name and the round
	attempt int
	round   int
	people  population.Population
	names   map[string]int // places of extracted values
	vars    map[string]string
	fault   error // the first expression that could not be computed
}

// valueKind is the source of a template's variable.
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
	given
	computed
)

var personFields = map[string]valueKind{
	"name": name, "email": email, "mailbox": mailbox, "phone": phone,
	"nik": nik, "kk": kk, "birth_date": birthDate, "photo": photo,
}

// segment is a piece of a template: a literal text or a variable.
type segment struct {
	kind valueKind
	text string // literal; given: the value; upload: what the file holds
	slot int    // got: index of the extracted value; fed: index of the feeder; upload: of the file, by name
	cell int    // fed: index of the column
	// program computes a value; place numbers it within the request, so that it draws numbers of its own.
	program *expression.Program
	place   int
	// escape appends the value with the escaping of the template's context; nil appends it unchanged.
	escape func([]byte, string) []byte
}

// template is a text with variables: ${person.NAME}, ${got.NAME}, ${feeder.NAME.COLUMN}, ${var.NAME},
// ${file.NAME}, ${step.key}, ${run.id}, ${run.NAME} and ${= EXPRESSION}.
type template []segment

// scope holds the names that templates may use.
type scope struct {
	got        map[string]int
	vars       map[string]string
	fed        []string // names of the feeders
	data       map[string]Feeder
	files      map[string]File
	run        map[string]string // values of ${run.NAME}
	runID      string
	impersonal bool // there is no person whose data a template could name

	quoted   bool // the text is JSON, so an expression is inside a JSON string
	computed *int // number of expressions of the request so far
}

// parseTemplate compiles a text. A dollar sign without a brace stands for itself, and $${ for ${.
func (s scope) parseTemplate(text string) (template, error) {
	var compiled template
	for {
		before, rest, found := strings.Cut(text, "${")
		doubled := found && strings.HasSuffix(before, "$")
		if doubled {
			before, text = before+"{", rest
		}
		if before != "" {
			compiled = append(compiled, segment{kind: literal, text: before})
		}
		if doubled {
			continue
		}
		if !found {
			return compiled, nil
		}
		if strings.HasPrefix(rest, "=") {
			piece, after, err := s.expression(rest[1:])
			if err != nil {
				return nil, err
			}
			compiled, text = append(compiled, piece), after
			continue
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
	if s.impersonal && slices.Contains([]string{"person", "got", "feeder", "step"}, kind) {
		return segment{}, fmt.Errorf("${%s}: before and after belong to no person; write run, var or file", variable)
	}
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
	case "run":
		if key == "id" {
			return segment{kind: given, text: s.runID}, nil
		}
		if value, known := s.run[key]; known {
			return segment{kind: given, text: value}, nil
		}
		return segment{}, fmt.Errorf("${%s}: no step of before extracts %q; ${run.id} is the id of the run", variable, key)
	case "var":
		if value, known := s.vars[key]; known {
			return segment{kind: given, text: value}, nil
		}
		return segment{}, fmt.Errorf("${%s}: the variable has no value; give --var %s=VALUE", variable, key)
	}
	return segment{}, fmt.Errorf("${%s}: write person, got, feeder, file, var, step or run, then a dot and a name", variable)
}

// feeder resolves NAME.COLUMN.
func (s scope) feeder(key string) (segment, error) {
	name, column, _ := strings.Cut(key, ".")
	feeder, known := s.data[name]
	if !known {
		return segment{}, fmt.Errorf("${feeder.%s}: there is no feeder %q; the scenario has %s", key, name, strings.Join(s.fed, ", "))
	}
	if cell := feeder.Column(column); cell >= 0 {
		return segment{kind: fed, slot: slices.Index(s.fed, name), cell: cell}, nil
	}
	return segment{}, fmt.Errorf("${feeder.%s}: the feeder %s has the columns %s", key, name, strings.Join(feeder.Columns, ", "))
}

// needsPerson reports whether rendering needs the person's data.
func (t template) needsPerson() bool {
	for _, piece := range t {
		if piece.kind >= name && piece.kind <= birthDate || piece.kind == computed && piece.program.ReadsAny(expression.Person) {
			return true
		}
	}
	return false
}

// varies reports whether the text differs between people.
func (t template) varies() bool {
	for _, piece := range t {
		if piece.kind != literal && piece.kind != given && piece.kind != upload {
			return true
		}
	}
	return false
}

// inJSON escapes values for JSON strings.
func (t template) inJSON() template {
	for i := range t {
		if t[i].kind != literal {
			t[i].escape = escapeJSON
		}
	}
	return t
}

// inForm escapes values for an url-encoded form, except for files and for a value that is the whole body.
func (t template) inForm() template {
	for i := range t {
		if len(t) > 1 && t[i].kind != literal && t[i].kind != upload {
			t[i].escape = escapeQuery
		}
	}
	return t
}

// inURI escapes literals and values for a path and, after a question mark, for a query. An extracted value may be a
// whole path, so its reserved characters stay.
func (t template) inURI() template {
	value := escapeSegment
	for i, piece := range t {
		switch piece.kind {
		case literal:
			t[i].text = string(escapeURI(nil, piece.text))
			if strings.Contains(piece.text, "?") {
				value = escapeQuery
			}
		case got:
			t[i].escape = escapeURI
		default:
			t[i].escape = value
		}
	}
	return t
}

// render appends the text to buffer.
func (t template) render(v *values, buffer []byte) []byte {
	for _, piece := range t {
		switch {
		case piece.kind == literal:
			buffer = append(buffer, piece.text...)
		case piece.escape != nil:
			buffer = piece.escape(buffer, v.text(piece))
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
		if piece.slot < len(v.got) { // empty if nothing was extracted yet, such as a missing ticket
			return v.got[piece.slot]
		}
	case fed:
		return v.feeders[piece.slot].Cell(v.person, piece.cell)
	case upload, given:
		return piece.text
	case computed:
		return v.compute(piece)
	case stepKey:
		return string(idempotencyKey(nil, v.seed, v.person, v.step^v.run))
	}
	return ""
}

// escapeURI appends text escaped for a request line. Reserved characters of URIs stay.
func escapeURI(buffer []byte, text string) []byte {
	return escapePercent(buffer, text, func(c byte) bool {
		return c > ' ' && c < 0x7f && strings.IndexByte(`"<>\^`+"`"+`{|}`, c) < 0
	})
}

// escapeSegment appends text escaped for one segment of a path (RFC 3986, section 3.3).
func escapeSegment(buffer []byte, text string) []byte {
	return escapePercent(buffer, text, func(c byte) bool { return unreserved(c) || strings.IndexByte("!$&'()*+,;=:@", c) >= 0 })
}

// escapeQuery appends text escaped for one value of a query, where a plus sign means a space.
func escapeQuery(buffer []byte, text string) []byte { return escapePercent(buffer, text, unreserved) }

func unreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~", c) >= 0
}

// escapePercent appends text in percent-encoding, except for the bytes that stay.
func escapePercent(buffer []byte, text string, stays func(byte) bool) []byte {
	const hex = "0123456789ABCDEF"
	for i := range len(text) {
		if c := text[i]; stays(c) {
			buffer = append(buffer, c)
		} else {
			buffer = append(buffer, '%', hex[c>>4], hex[c&15])
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
