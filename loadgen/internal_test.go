package loadgen

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestTimersComeInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var timers timers
		at := map[int32]time.Duration{}
		for slot := range int32(rapid.IntRange(1, 200).Draw(t, "n")) {
			at[slot] = time.Duration(rapid.IntRange(0, 20).Draw(t, "at"))
			timers.push(at[slot], slot)
		}
		last, lastSlot := time.Duration(-1), int32(-1)
		for {
			first, any := timers.first()
			if !any {
				return
			}
			slot := timers.pop()
			if at[slot] != first || first < last || first == last && slot < lastSlot {
				t.Fatalf("slot %d of %v came after slot %d of %v", slot, first, lastSlot, last)
			}
			last, lastSlot = first, slot
		}
	})
}

func FuzzTemplate(f *testing.F) {
	f.Add("plain", `a"b\c`)
	f.Add("${got.x} and ${var.y}", "\x00\n")
	f.Add("${person.name", "")
	f.Fuzz(func(t *testing.T, text, value string) {
		s := scope{got: map[string]int{"x": 0}, vars: map[string]string{"y": "why"}}
		compiled, err := s.parseTemplate(text)
		if err != nil {
			return
		}
		rendered := string(compiled.render(&values{got: []string{value}}, nil, nil))
		if !strings.Contains(text, "${") && rendered != text {
			t.Errorf("%q became %q", text, rendered)
		}
		var back string
		quoted := `"` + string(escapeJSON(nil, value)) + `"`
		if utf8.ValidString(value) && (json.Unmarshal([]byte(quoted), &back) != nil || back != value) {
			t.Errorf("%q became %s, which reads back as %q", value, quoted, back)
		}
	})
}

func FuzzExtract(f *testing.F) {
	f.Add(`{"a":[{"b":"x"}]}`, "a.0.b", `(x)`)
	f.Fuzz(func(t *testing.T, body, path, pattern string) {
		s := scope{got: map[string]int{"x": 0}}
		c, err := s.compile(Request{Path: "/", Extract: map[string]Extract{"x": {JSON: path, Regexp: pattern}}}, "http://h")
		if err != nil {
			return
		}
		w := newWorker(nil, time.Time{})
		w.resp.SetBodyString(body)
		c.extract(&w.resp, func(int, string) {})
	})
}
