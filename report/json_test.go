package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
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
		var back, indented bytes.Buffer
		if n, err := (indenter{&indented}).Write(compact); n != len(compact) || err != nil {
			t.Fatal(n, err)
		}
		if err := json.Compact(&back, indented.Bytes()); err != nil || back.String() != string(compact) {
			t.Fatalf("%s became %s, %v", compact, indented.String(), err)
		}
	})
}

// TestWriteTellsOfAFullDisk: a report that cannot be written is an error, though it is buffered.
func TestWriteTellsOfAFullDisk(t *testing.T) {
	if err := Write(fullDisk{}, Report{}); !errors.Is(err, io.ErrShortWrite) || !strings.Contains(err.Error(), "writing the report") {
		t.Error(err)
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func TestReadRefusesTheTooLarge(t *testing.T) {
	if _, err := read(strings.NewReader(strings.Repeat(" ", 101)), 100); err == nil || !strings.Contains(err.Error(), "larger than 100 bytes") {
		t.Errorf("got %v", err)
	}
}
