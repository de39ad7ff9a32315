package report

import (
	"strings"
	"testing"
)

// Names in a hostile report must not reach a terminal as control characters, nor break a figure. An escaped
// backslash is kept.
func TestControlsAreReplaced(t *testing.T) {
	for in, want := range map[string]string{
		`\u001b\u001b[31mred\u0000`: "\ufffd\ufffd[31mred\ufffd",
		`C:\\u001b`:                 `C:\u001b`,
		`a\u009bb\u0041\tc`:         "a\ufffdbA\tc",
	} {
		r, err := Read(strings.NewReader(`{"schema":"ombak.report/v1","plan":"` + in + `"}`))
		if err != nil || r.Plan != want {
			t.Errorf("%s: %q, want %q (%v)", in, r.Plan, want, err)
		}
	}
}
