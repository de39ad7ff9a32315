package draft

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// controlKey matches names of values that say what a request does. Requests that differ in one of them are not the same.
var controlKey = regexp.MustCompile(`(?i)^(action|method|op|operation|operation_?name|cmd|command|do|mode|type|kind|event|step|func|function|procedure|jsonrpc|format|version)$`)

// feed finds requests that are repeated with different values in one place, and takes these values from a table. The
// table has a column for each of the requests. Its first row is the recording itself, and in every further row the values
// have moved on by one, so that people differ and a person sends different values too.
func (d *draft) feed() {
	if !d.options.Files {
		return
	}
	for _, step := range d.steps {
		if len(step.queries) > 1 {
			d.feedLog(step)
		}
	}
	for _, group := range d.repeated() {
		if place := group.place(d); place >= 0 {
			d.feedGroup(group, place)
		}
	}
}

// repetition is a list of steps whose requests have the same parts.
type repetition []*step

// repeated returns the steps that have the same parts, in the order of the recording.
func (d *draft) repeated() []repetition {
	byShape := map[string]int{}
	var groups []repetition
	for _, step := range d.steps {
		shape := step.shape()
		at, known := byShape[shape]
		if !known {
			at = len(groups)
			byShape[shape] = at
			groups = append(groups, nil)
		}
		groups[at] = append(groups[at], step)
	}
	return slices.DeleteFunc(groups, func(group repetition) bool { return len(group) < 2 })
}

// shape says which parts a request has.
func (s *step) shape() string {
	var out strings.Builder
	fmt.Fprintf(&out, "%s %s %d", s.method, s.target, len(s.path))
	for _, leaf := range slices.Concat(s.query, s.body.leaves()) {
		fmt.Fprintf(&out, "\x00%d %s %t %t", leaf.in, leaf.key, leaf.bare, leaf.noValue)
	}
	return out.String()
}

// fed returns the leaves that may differ. Headers say who asks, not what is asked.
func (s *step) fed() []*leaf { return slices.Concat(s.path, s.query, s.body.leaves()) }

// place returns the index of the only leaf in which the requests differ, or -1 if there is none that a table may hold.
func (r repetition) place(d *draft) int {
	found := -1
	for i, first := range r[0].fed() {
		leaves := make([]*leaf, len(r))
		for k, step := range r {
			leaves[k] = step.fed()[i]
		}
		if !slices.ContainsFunc(leaves, func(l *leaf) bool { return l.raw != first.raw || l.template != first.template }) {
			continue
		}
		if found >= 0 || !d.mayDiffer(leaves) {
			return -1
		}
		found = i
	}
	return found
}

// mayDiffer reports whether values are data: no credential, nothing that was rewritten, no word that says what the request
// does, and in a path only what looks like an id.
func (d *draft) mayDiffer(leaves []*leaf) bool {
	secrets := d.longSecrets()
	return !slices.ContainsFunc(leaves, func(leaf *leaf) bool {
		switch {
		case leaf.template != "" || leaf.raw == "" || leaf.noValue || leaf.isSecret() || mailAddress.MatchString(leaf.raw) || phoneKey.MatchString(leaf.key):
			return true
		case leaf.in != inPath && controlKey.MatchString(leaf.key), leaf.in == inPath && !isID(leaf.raw):
			return true
		case leaf.bare && (leaf.raw == "true" || leaf.raw == "false" || leaf.raw == "null"):
			return true
		case leaf.in == inText || strings.ContainsAny(leaf.raw, "{}\n\r") || len(leaf.raw) > longestCell:
			return true
		}
		return slices.ContainsFunc(secrets, func(secret string) bool { return strings.Contains(leaf.raw, secret) })
	})
}

// longestCell is the length of the longest value that a table takes, in bytes.
const longestCell = 1000

// feedGroup writes the table of a group, and refers to it.
func (d *draft) feedGroup(group repetition, at int) {
	first := group[0].fed()[at]
	values := make([]string, len(group))
	columns := make([]string, len(group))
	distinct := map[string]bool{}
	for i, step := range group {
		values[i] = step.fed()[at].raw
		distinct[values[i]] = true
		columns[i] = "value"
		if i > 0 {
			columns[i] = fmt.Sprintf("value_%d", i+1)
		}
	}
	name := d.feeder(word(first.noun()), rotations(columns, values))
	for i, step := range group {
		step.fed()[at].refer("", "${feeder."+name+"."+columns[i]+"}")
	}
	d.notes.say("%s is sent %d times with different values of %s; ${feeder.%s} takes its %d values from %s, beginning with another one for each person",
		group[0].method+" /"+group[0].route(), len(group), first.noun(), name, len(distinct), d.feederFile(name))
}

// noun names what a leaf holds.
func (l *leaf) noun() string {
	if l.in == inPath {
		return oneOf(singular(l.key), "id")
	}
	return oneOf(l.key, "value")
}

// feeder adds a feeder with a table, and returns its name. Equal tables are one feeder, so that a person who looks at an
// item also buys it.
func (d *draft) feeder(base string, table []byte) string {
	for _, known := range d.feeders {
		if bytes.Equal(d.files[d.feederFile(known)], table) {
			return known
		}
	}
	name := base
	for n := 2; slices.Contains(d.feeders, name); n++ {
		name = fmt.Sprintf("%s_%d", base, n)
	}
	d.feeders = append(d.feeders, name)
	d.files[d.feederFile(name)] = table
	return name
}

// rotations returns a table whose rows are the values, each row moved on by one.
func rotations(columns, values []string) []byte {
	var out strings.Builder
	writer := csv.NewWriter(&out)
	_ = writer.Write(columns) // a builder takes everything
	for i := range min(len(values), max(1, longestTable*10/len(values))) {
		_ = writer.Write(slices.Concat(values[i:], values[:i]))
	}
	writer.Flush()
	return []byte(out.String())
}

// feedLog takes the parameters of a kind of request from a table, whose rows are those of the requests in the log.
func (d *draft) feedLog(step *step) {
	var open []*leaf
	var columns []string
	var cells [][]string // by column
	for i, leaf := range step.query {
		values := make([]string, len(step.queries))
		for k, query := range step.queries {
			values[k] = query[i].raw
		}
		if !slices.ContainsFunc(values, func(value string) bool { return value != leaf.raw }) || !d.mayDiffer(column(step.queries, i)) {
			continue
		}
		name := word(leaf.key)
		for n := 2; slices.Contains(columns, name); n++ {
			name = fmt.Sprintf("%s_%d", word(leaf.key), n)
		}
		open, columns, cells = append(open, leaf), append(columns, name), append(cells, values)
	}
	if len(open) == 0 {
		return
	}
	base := "query"
	for _, segment := range step.path {
		if segment.template == "" && segment.raw != "" {
			base = word(segment.raw)
		}
	}
	name := d.feeder(base, records(columns, cells))
	for i, leaf := range open {
		leaf.refer("", "${feeder."+name+"."+columns[i]+"}")
	}
	d.notes.say("${feeder.%s} gives %s the values of %s that its requests in the log have, from %s", name, step.name, strings.Join(columns, ", "), d.feederFile(name))
}

// column returns the leaf at a place of every query.
func column(queries [][]*leaf, at int) []*leaf {
	leaves := make([]*leaf, len(queries))
	for i, query := range queries {
		leaves[i] = query[at]
	}
	return leaves
}

// records returns a table of columns, at most longestTable rows of it, evenly chosen.
func records(columns []string, cells [][]string) []byte {
	var out strings.Builder
	writer := csv.NewWriter(&out)
	_ = writer.Write(columns) // a builder takes everything
	every := (len(cells[0]) + longestTable - 1) / longestTable
	for i := 0; i < len(cells[0]); i += every {
		row := make([]string, len(columns))
		for k := range cells {
			row[k] = cells[k][i]
		}
		_ = writer.Write(row)
	}
	writer.Flush()
	return []byte(out.String())
}
