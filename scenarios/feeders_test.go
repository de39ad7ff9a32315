package scenarios_test

import (
	"slices"
	"testing"
	"testing/fstest"

	"github.com/ombak-sim/ombak/scenarios"
)

func TestFeedersHoldTexts(t *testing.T) {
	const mark = "\xef\xbb\xbf"
	for _, test := range []struct {
		why, text     string
		columns, cell []string
	}{
		{"CSV", "name,age\nada,36\n", []string{"name", "age"}, []string{"ada", "36"}},
		{"CSV of a spreadsheet, which begins with a byte order mark", mark + "\"name\",age\r\nada,36\r\n", []string{"name", "age"}, []string{"ada", "36"}},
		{"JSON after a byte order mark", mark + `[{"a":"x"}]`, []string{"a"}, []string{"x"}},
		{
			"JSON of all kinds", `[{"a": {"k": 1, "t": "<&>"}, "b": [1, null], "c": null, "d": true, "e": 1.50, "f": "a\"b", "g": ""}]`,
			[]string{"a", "b", "c", "d", "e", "f", "g"},
			[]string{`{"k":1,"t":"<&>"}`, `[1,null]`, "", "true", "1.50", `a"b`, ""},
		},
	} {
		text := append(withArrivals("signups: [{for: 1s, rate: 1/s}]"), "feeders: {u: {file: u.txt}}\n"...)
		s, err := scenarios.Parse("x.yaml", text, fstest.MapFS{"u.txt": {Data: []byte(test.text)}})
		if err != nil {
			t.Errorf("%s: %v", test.why, err)
			continue
		}
		if table := s.Table("u"); !slices.Equal(table.Columns, test.columns) || len(table.Rows) != 1 || !slices.Equal(table.Rows[0], test.cell) {
			t.Errorf("%s: %q, want %q and %q", test.why, table, test.columns, test.cell)
		}
	}
}
