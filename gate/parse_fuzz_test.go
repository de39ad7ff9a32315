package gate

import (
	"encoding/json"
	"testing"
)

// Whatever is sent, an order that is read can be written and read again, and names its policy.
func FuzzParseStanding(f *testing.F) {
	for _, seed := range []string{`{"at":"entry","policy":{"name":"static-limit","limit":3}}`, `{"at":"step:x","policy":{"name":"waiting-room"},"off":true}`, `{}`, `[]`, `{"at":1}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		to, err := parseStanding(text)
		if err != nil {
			return
		}
		if to.At == "" || to.Policy.Name == "" {
			t.Errorf("%s names no policy", text)
		}
		written, err := json.Marshal(to)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := parseStanding(written); err != nil || again.Name() != to.Name() || again.Off != to.Off {
			t.Errorf("%s comes back as %+v, %v", written, again, err)
		}
	})
}
