package loadgen

import (
	"encoding/json"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/valyala/fasthttp"
	"pgregory.net/rapid"

	"github.com/ombak-sim/ombak/population"
	"github.com/ombak-sim/ombak/workload"
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
	f.Add(`${= got.x + "}" + sha256('{') } and ${= round }`, "")
	f.Add(`${= \"\u0041\" + got.x}`, "")
	people := population.New(workload.Seed{}, time.Time{}, population.Shares{})
	f.Fuzz(func(t *testing.T, text, value string) {
		s := scope{got: map[string]int{"x": 0}, vars: map[string]string{"y": "why"}, computed: new(int)}
		v := values{got: []string{value}, names: s.got, vars: s.vars, people: people}
		quoted := s
		quoted.quoted = true
		if compiled, err := quoted.parseTemplate(text); err == nil {
			compiled.inJSON().render(&v, nil)
		}
		compiled, err := s.parseTemplate(text)
		if err != nil {
			return
		}
		rendered := string(compiled.render(&v, nil))
		if !strings.Contains(text, "${") && rendered != text {
			t.Errorf("%q became %q", text, rendered)
		}
		var back string
		text = `"` + string(escapeJSON(nil, value)) + `"`
		if utf8.ValidString(value) && (json.Unmarshal([]byte(text), &back) != nil || back != value) {
			t.Errorf("%q became %s, which reads back as %q", value, text, back)
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
		var resp fasthttp.Response
		resp.SetBodyString(body)
		c.extract(&resp, false, chooser{}, func(int, string) {})
	})
}

func TestDeadlinesComeInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var d deadlines
		want := map[uint64]time.Duration{}
		now := time.Duration(0)
		for slot := range int32(rapid.IntRange(1, 300).Draw(t, "n")) {
			now += time.Duration(rapid.IntRange(0, 5).Draw(t, "pause"))
			timeout := time.Duration(rapid.IntRange(1, 20).Draw(t, "timeout"))
			want[d.add(now+timeout, timeout, slot)] = now + timeout
		}
		last := time.Duration(0)
		for {
			at, any := d.first()
			if !any {
				break
			}
			_, sequence := d.pop()
			if want[sequence] != at || at < last {
				t.Fatalf("deadline %d of %v came at %v, after %v", sequence, want[sequence], at, last)
			}
			last = at
			delete(want, sequence)
		}
		if len(want) > 0 {
			t.Fatalf("%d deadlines never came", len(want))
		}
	})
}

// In whatever pieces an answer arrives, the frame is the same, and never whole too early.
func FuzzFrame(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nRetry-After: 7\r\n\r\nabc"))
	f.Add([]byte("HTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"))
	f.Add([]byte("HTTP/1.0 204 x\r\n\r\n"))
	f.Add([]byte("HTTP/1.1 200 OK\nContent-Length: 3\r\n\nabc"))
	f.Fuzz(func(t *testing.T, text []byte) {
		whole, err := parseFrame(text, false)
		if err != nil || !whole.whole {
			return
		}
		size := whole.head + whole.body
		if size > len(text) {
			t.Fatalf("%q: a frame of %d bytes", text, size)
		}
		again, err := parseFrame(text[:size], false)
		if err != nil || again != whole {
			t.Errorf("%q: %+v alone, %+v with what follows (%v)", text, again, whole, err)
		}
		if cut, err := parseFrame(text[:size-1], false); err == nil && cut.whole {
			t.Errorf("%q: whole without its last byte", text)
		}
	})
}

func TestPaceComparesSecondsSentWithIntended(t *testing.T) {
	const ms = time.Millisecond
	for _, test := range []struct {
		why            string
		intended, sent []time.Duration
		wrong          int
	}{
		{"on time", []time.Duration{0, 500 * ms, 1500 * ms}, []time.Duration{1 * ms, 501 * ms, 1501 * ms}, 0},
		{"late within the second", []time.Duration{100 * ms}, []time.Duration{900 * ms}, 0},
		{"a stall of a second", []time.Duration{100 * ms, 1100 * ms, 1200 * ms}, []time.Duration{100 * ms, 2100 * ms, 2100 * ms}, 2},
		{"later than the open seconds", []time.Duration{0, 0}, []time.Duration{100 * time.Second, 100 * time.Second}, 2},
		{"before the start", []time.Duration{-100 * ms}, []time.Duration{0}, 1},
	} {
		var p pace
		for i, at := range test.intended {
			p.add(at, test.sent[i])
		}
		if wrong, total := p.finish(); wrong != test.wrong || total != len(test.sent) {
			t.Errorf("%s: %d of %d wrong, want %d", test.why, wrong, total, test.wrong)
		}
	}
}

// Names are resolved again. If the lookup fails, the known addresses stay.
func TestNamesAreAskedForAgain(t *testing.T) {
	g := &Generator{targets: []string{"http://127.0.0.1:80"}}
	g.config.Connections.DNSTTL = time.Millisecond
	rs, err := g.newResolvers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer rs.close()
	r := rs.all[0]
	if got := r.address().String(); got != "127.0.0.1:80" {
		t.Fatalf("the address is %s", got)
	}
	r.mu.Lock()
	r.addresses = []netip.AddrPort{netip.MustParseAddrPort("127.0.0.9:80")} // as if the name had resolved to another address
	r.mu.Unlock()
	for r.address().String() != "127.0.0.1:80" && t.Context().Err() == nil {
		runtime.Gosched()
	}
	if _, err := newResolver(t.Context(), "tcp", "127.0.0.1:no-such-service"); err == nil {
		t.Error("an invalid port is accepted")
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2030, 1, 1, 9, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"7": 7 * time.Second, "-7": 0, "99999999999": time.Hour, "soon": 0, "": 0,
		"Tue, 01 Jan 2030 09:00:30 GMT": 30 * time.Second, "Tue, 01 Jan 2030 08:00:00 GMT": 0, "Wed, 02 Jan 2030 09:00:00 GMT": time.Hour,
	} {
		if got := parseRetry([]byte(value)).from(now); got != want {
			t.Errorf("%q asks for %v, want %v", value, got, want)
		}
	}
}
