package drill

import (
	"bytes"
	"io"
	"strings"
	"sync"
)

// tail keeps the last lines that a part wrote to its standard error, and passes all of them on.
type tail struct {
	mu   sync.Mutex
	kept []byte
	also io.Writer
}

const tailBytes = 8 << 10

func (t *tail) Write(text []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = append(t.kept, text...)
	if len(t.kept) > tailBytes {
		t.kept = append(t.kept[:0], t.kept[len(t.kept)-tailBytes:]...)
	}
	if t.also != nil {
		return t.also.Write(text)
	}
	return len(text), nil
}

// last returns the most useful line: that of a panic or fatal error, or else the last one.
func (t *tail) last() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	last := ""
	for line := range bytes.Lines(t.kept) {
		text := strings.TrimSpace(string(line))
		if strings.HasPrefix(text, "panic:") || strings.HasPrefix(text, "fatal error:") {
			return text
		}
		if text != "" {
			last = text
		}
	}
	return last
}
