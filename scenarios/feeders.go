package scenarios

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sort"
)

// Feeder is a file of rows for templates. Each person gets one row and keeps it.
type Feeder struct {
	File  string `yaml:"file" json:"file"`                       // CSV with a header, or a JSON array of objects, next to the scenario
	Order string `yaml:"order,omitempty" json:"order,omitempty"` // by-person (default): the rows go round in the order in which people are drawn, so that no two share one while there are enough; random: a row is drawn for each person
}

// Table is the content of a feeder's file.
type Table struct {
	Columns []string
	Rows    [][]string // each row is as long as Columns
}

// Table returns the rows of the named feeder.
func (s *Scenario) Table(feeder string) Table { return s.tables[feeder] }

// readFeeders reads the files of all feeders.
func (s *Scenario) readFeeders(beside fs.FS, hash func([]byte) (int, error)) {
	s.tables = map[string]Table{}
	for _, name := range keys(s.Feeders) {
		file, path := s.Feeders[name].File, join("feeders", name)
		if order := s.Feeders[name].Order; order != "" && order != "by-person" && order != "random" {
			s.source.faultAt(path+".order", hintWord(order, []string{"by-person", "random"}), "the order %q is unknown", order)
		}
		text, found := s.readBeside(beside, file, path+".file", hash)
		if !found {
			continue
		}
		table, err := readTable(text)
		if err != nil {
			s.source.faultAt(path+".file", "", "%s: %v", file, err)
		}
		s.tables[name] = table
	}
}

// withoutMark removes the byte order mark with which some spreadsheets begin a text.
func withoutMark(text []byte) []byte { return bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")) }

// readTable reads CSV with a header, or a JSON array of objects.
func readTable(text []byte) (Table, error) {
	text = withoutMark(text)
	if trimmed := bytes.TrimSpace(text); len(trimmed) > 0 && trimmed[0] == '[' {
		return readObjects(trimmed)
	}
	records, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	switch {
	case err != nil:
		return Table{}, err
	case len(records) < 2:
		return Table{}, errors.New("it needs a header and at least one row")
	}
	table := Table{Columns: records[0], Rows: records[1:]}
	for i, column := range table.Columns {
		if column == "" || slices.Index(table.Columns, column) < i {
			return Table{}, fmt.Errorf("column %d is called %q; give each column a name of its own", i+1, column)
		}
	}
	return table, nil
}

func readObjects(text []byte) (Table, error) {
	var objects []map[string]json.RawMessage
	if err := json.NewDecoder(bytes.NewReader(text)).Decode(&objects); err != nil {
		return Table{}, fmt.Errorf("this is not a JSON array of objects: %w", err)
	}
	if len(objects) == 0 || len(objects[0]) == 0 {
		return Table{}, errors.New("it needs at least one object with a key")
	}
	var table Table
	for column := range objects[0] {
		table.Columns = append(table.Columns, column)
	}
	sort.Strings(table.Columns)
	for i, object := range objects {
		row := make([]string, len(table.Columns))
		for k, column := range table.Columns {
			value, known := object[column]
			if !known || len(object) != len(row) {
				return Table{}, fmt.Errorf("object %d does not have the keys of the first object, which are %q", i+1, table.Columns)
			}
			row[k] = cell(value)
		}
		table.Rows = append(table.Rows, row)
	}
	return table, nil
}

// cell returns a JSON value as the text of a cell: the content of a string, nothing for null, and compact
// JSON for anything else.
func cell(value json.RawMessage) string {
	var text *string
	if json.Unmarshal(value, &text) == nil { // a string or null
		if text == nil {
			return ""
		}
		return *text
	}
	var out bytes.Buffer
	_ = json.Compact(&out, value) // the decoder has already parsed it
	return out.String()
}
