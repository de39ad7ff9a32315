package report

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// Indenting adds only white space, even if texts contain brackets and quotes.
func TestIndentOnlyAddsSpace(t *testing.T) {
	text := rapid.StringOfN(rapid.SampledFrom([]rune(`a"\[]{},: é`)), 0, 8, -1)
	rapid.Check(t, func(t *rapid.T) {
		compact, err := json.Marshal(map[string]any{
			text.Draw(t, "name"): rapid.SliceOf(rapid.Int()).Draw(t, "numbers"),
			"texts":              rapid.SliceOf(text).Draw(t, "texts"),
			"nested":             []map[string]any{{"a": [][]int{{1, 2}, {}}, "b": text.Draw(t, "text")}, {}},
		})
		if err != nil {
			t.Fatal(err)
		}
		var back bytes.Buffer
		if err := json.Compact(&back, indent(compact)); err != nil || back.String() != string(compact) {
			t.Fatalf("%s became %s, %v", compact, indent(compact), err)
		}
	})
}

func TestReadRefusesTheTooLarge(t *testing.T) {
	if _, err := read(strings.NewReader(strings.Repeat(" ", 101)), 100); err == nil || !strings.Contains(err.Error(), "larger than 100 bytes") {
		t.Errorf("got %v", err)
	}
}
