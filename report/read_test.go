package report

import (
	"strings"
	"testing"
)

// Input may come from anywhere. A bad report gives a one-sentence error.
func TestReadRefusesHostileInput(t *testing.T) {
	deep := strings.Repeat("[", 1_000_000)
	tests := []struct{ why, text, want string }{
		{"a million brackets", deep, "not JSON at byte"},
		{"a million brackets in a member", `{"schema":"ombak.report/v1","funnel":` + deep, "not JSON at byte"},
		{"more than the limit", `{"schema":"` + strings.Repeat("x", 5000), "larger than 4,096 bytes"},
		{"a number out of range", `{"schema":"ombak.report/v1","duration_s":1e999}`, "duration_s is a JSON number " +
			"1e999, not a number in range"},
		{"a list for an object", `{"schema":"ombak.report/v1","offered":[]}`, "offered is a JSON array, not " +
			"an object"},
		{"a schema that is not a string", `{"schema":1}`, "schema is a JSON number"},
		{"an unknown verdict", `{"schema":"ombak.report/v1","verdict":"splendid"}`, `the verdict "splendid": no run can produce this`},
		{"an unknown verdict on a threshold", `{"schema":"ombak.report/v1","thresholds":[{"verdict":"splendid"}]}`, `the verdict "splendid"`},
		{"a negative number of people", `{"schema":"ombak.report/v1","offered":{"sent":-4}}`, "a sent of -4"},
		{"a negative number of passes", `{"schema":"ombak.report/v1","funnel":[{"step":"a","passed":-1}]}`, "a passed of -1"},
		{"a negative number of requests", `{"schema":"ombak.report/v1","steps":[{"step":"a","requests":-1}]}`, "a requests of -1"},
		{"a negative duration", `{"schema":"ombak.report/v1","duration_s":-1}`, "a duration_s of -1"},
		{"binary data", "\x00\xff\x1f\x8b", "not JSON at byte 1"},
	}
	for _, test := range tests {
		limit := int64(4 << 20)
		if test.want == "larger than 4,096 bytes" {
			limit = 4096
		}
		_, err := read(strings.NewReader(test.text), limit)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %.200v; want %q", test.why, err, test.want)
			continue
		}
		if strings.Contains(err.Error(), "\n") || len(err.Error()) > 300 {
			t.Errorf("%s: %d characters, or several lines", test.why, len(err.Error()))
		}
	}
}
