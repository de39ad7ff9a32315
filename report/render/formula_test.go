package render

import "testing"

// TestCellsAreNoFormulas checks names that spreadsheets would run.
func TestCellsAreNoFormulas(t *testing.T) {
	for name, want := range map[string]string{"=cmd()": "'=cmd()", "+1": "'+1", "-1": "'-1", "@x": "'@x", "sign-up": "sign-up", "": ""} {
		if got := noFormula(name); got != want {
			t.Errorf("%q becomes %q; want %q", name, got, want)
		}
	}
}
