package fleet

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ombak-sim/ombak/drill"
	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/recorder"
)

func envelopeOf(seq uint64, message []byte) Envelope {
	return Envelope{Run: "r", Part: 2, Incarnation: "i", Seq: seq, Message: message}.seal()
}

// encoded returns the chunks of an envelope as they travel.
func encoded(t interface{ Fatal(...any) }, e Envelope) (texts [][]byte) {
	for _, chunk := range e.chunks() {
		text, err := chunk.encode()
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, text)
	}
	return texts
}

// A message is the same after its chunks are joined, whatever its size.
func TestChunksAreJoined(t *testing.T) {
	for _, size := range []int{0, 1, chunkBytes - 1, chunkBytes, chunkBytes + 1, 3*chunkBytes + 7} {
		message := bytes.Repeat([]byte("abcdefg"), size/7+1)[:size]
		var joined assembly
		texts := encoded(t, envelopeOf(1, message))
		for i, text := range texts {
			if len(text) > chunkBytes+maxHeader {
				t.Errorf("a chunk of a message of %d bytes has %d bytes", size, len(text))
			}
			chunk, err := decode(text)
			if err != nil {
				t.Fatal(err)
			}
			whole, done, err := joined.add(chunk)
			if err != nil || done != (i == len(texts)-1) || done && !bytes.Equal(whole.Message, message) {
				t.Errorf("%d bytes, chunk %d of %d: done %v, %v", size, i+1, len(texts), done, err)
			}
		}
	}
}

// A message that was damaged, or of which a chunk is missing, is no message.
func TestDamageIsNoticed(t *testing.T) {
	texts := encoded(t, envelopeOf(1, bytes.Repeat([]byte("x"), 2*chunkBytes)))
	texts[1][len(texts[1])-1]++
	var joined assembly
	for _, text := range texts {
		chunk, err := decode(text)
		if err != nil {
			t.Fatal(err)
		}
		if _, done, err := joined.add(chunk); done && err == nil {
			t.Error("a damaged message was taken")
		}
	}
	second, err := decode(texts[1])
	if err != nil {
		t.Fatal(err)
	}
	var fresh assembly
	if _, done, _ := fresh.add(second); done {
		t.Error("a chunk without the ones before it was taken for a message")
	}
}

func FuzzEnvelope(f *testing.F) {
	for _, text := range encoded(f, envelopeOf(7, []byte(`{"message":{"done":true}}`))) {
		f.Add(text)
	}
	f.Add([]byte("{}\n"))
	f.Add([]byte(`{"run":"r","part":0,"incarnation":"i","seq":1,"crc32c":0,"size":67108864,"offset":0}` + "\nx"))
	f.Fuzz(func(t *testing.T, text []byte) {
		e, err := decode(text)
		if err != nil {
			return
		}
		again, err := e.encode()
		if err != nil {
			return // its header is longer when it is written plainly
		}
		if back, err := decode(again); err != nil || !sameHeader(e, back) || !bytes.Equal(e.Message, back.Message) || e.Offset != back.Offset {
			t.Errorf("%q became %q (%v)", text, again, err)
		}
		var joined assembly
		if whole, done, err := joined.add(e); done && err == nil && whole.intact() != nil {
			t.Errorf("%q was taken", text)
		}
		newInbox(e.Run, e.Part, e.Incarnation).take(text, func(Envelope) {})
	})
}

// rowsText returns a file of rows.
func rowsText(t testing.TB, messages ...string) []byte {
	name := filepath.Join(t.TempDir(), "rows")
	r, err := createRows(name)
	if err != nil {
		t.Fatal(err)
	}
	defer r.file.Close()
	for i, message := range messages {
		if err := r.append(envelopeOf(uint64(i)+1, []byte(message))); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// Wherever a file of rows is cut, the whole entries before are there; a byte that is wrong is said.
func TestRowsAreRead(t *testing.T) {
	text := rowsText(t, "one", "two", "three")
	count := func(text []byte) (n int, err error) {
		err = readRows(bytes.NewReader(text), func(Envelope, int64) error { n++; return nil })
		return n, err
	}
	whole := 0
	for cut := range len(text) + 1 {
		n, err := count(text[:cut])
		if err != nil || n < whole {
			t.Errorf("cut at %d: %d entries, %v", cut, n, err)
		}
		whole = n
	}
	if whole != 3 {
		t.Errorf("the file holds %d entries, want 3", whole)
	}
	damaged := bytes.Clone(text)
	damaged[len(damaged)-1]++
	if n, err := count(damaged); n != 2 || err == nil || !strings.Contains(err.Error(), "entry 3: its CRC-32C is wrong") {
		t.Errorf("a damaged last entry: %d entries, %v", n, err)
	}
	twice := append(bytes.Clone(text), text...)
	if n, err := count(twice); n != 3 || err == nil || !strings.Contains(err.Error(), "entry 4: it has the number 1") {
		t.Errorf("a file twice over: %d entries, %v", n, err)
	}
}

func FuzzRows(f *testing.F) {
	f.Add(rowsText(f, "one", "two"))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, text []byte) {
		var end int64
		err := readRows(bytes.NewReader(text), func(e Envelope, at int64) error {
			if e.intact() != nil || at <= end || at > int64(len(text)) {
				t.Errorf("an entry that ends at %d of %d is not whole", at, len(text))
			}
			end = at
			return nil
		})
		if err == nil && end < int64(len(text)) { // a cut tail
			if readRows(bytes.NewReader(text[:end]), func(Envelope, int64) error { return nil }) != nil {
				t.Error("what was whole is not any more without its tail")
			}
		}
	})
}

// However chunks come, twice, late or not at all at first, an inbox hands on every envelope once and in order.
func TestInboxHandsOnOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 30).Draw(t, "envelopes")
		var flow [][]byte
		for seq := range n {
			size := rapid.SampledFrom([]int{0, 10, chunkBytes + 1}).Draw(t, "size")
			texts := encoded(t, envelopeOf(uint64(seq)+1, bytes.Repeat([]byte{byte(seq)}, size)))
			for range rapid.IntRange(0, 2).Draw(t, "times") {
				flow = append(flow, texts...)
			}
		}
		flow = rapid.Permutation(flow).Draw(t, "order")
		b := newInbox("r", 2, "i")
		var got []uint64
		hand := func(e Envelope) {
			if len(got) > 0 && e.Message != nil && len(e.Message) > 0 && e.Message[0] != byte(e.Seq-1) {
				t.Fatalf("envelope %d holds another's message", e.Seq)
			}
			got = append(got, e.Seq)
		}
		for _, text := range flow {
			b.take(text, hand)
		}
		for b.next <= uint64(n) { // what is missing comes again
			before := b.next
			for _, text := range encoded(t, envelopeOf(b.next, []byte{byte(b.next - 1)})) {
				b.take(text, hand)
			}
			if b.next == before {
				t.Fatalf("envelope %d was not taken", before)
			}
		}
		for i, seq := range got {
			if seq != uint64(i)+1 {
				t.Fatalf("handed on %v", got)
			}
		}
		if len(got) != n || b.taken != uint64(n) || len(b.held) != 0 {
			t.Fatalf("handed on %d of %d, held %d", len(got), n, len(b.held))
		}
	})
}

// recorded returns the rows of a run of one generator: 400 people at two steps over a minute.
func recorded() (funnel.Journey, []recorder.Delta) {
	journey := funnel.Journey{{Name: "land", Kind: funnel.Request}, {Name: "go", Kind: funnel.Request}}
	var deltas []recorder.Delta
	observers := recorder.NewRecorder(journey, 4, func(delta recorder.Delta) { deltas = append(deltas, delta) })
	chance := rand.New(rand.NewPCG(1, 2))
	for person := range uint64(400) {
		o := observers.Observer(int(person) % 4)
		at := time.Duration(person) * 150 * time.Millisecond
		o.Scheduled(at)
		o.Started()
		for step := range 2 {
			o.Enter(step, at)
			took := time.Duration(chance.ExpFloat64() * float64(80*time.Millisecond))
			outcome := []funnel.Outcome{funnel.Completed, funnel.Completed, funnel.Rejected, funnel.TimedOut}[chance.IntN(4)]
			o.Observe(funnel.Sample{Session: person, Step: step, Attempt: 1, Intended: at, Start: at + took/10, End: at + took, Outcome: outcome, Reason: 200, Final: true})
			at += took
		}
		o.Finished(at)
	}
	observers.Close()
	return journey, deltas
}

// The rows of one generator, divided among seven at random, delivered twice, late and in any order, give the same report
// byte for byte.
func TestMergeIsExact(t *testing.T) {
	journey, deltas := recorded()
	assembled := func(recording *recorder.Recording) []byte {
		var text bytes.Buffer
		if err := report.Write(&text, recorder.Assemble(recording, recorder.Facts{Duration: time.Minute})); err != nil {
			t.Fatal(err)
		}
		return text.Bytes()
	}
	whole := recorder.NewRecording(journey)
	for _, delta := range deltas {
		whole.Add(delta)
	}
	want := assembled(whole)
	if bytes.Equal(want, assembled(recorder.NewRecording(journey))) {
		t.Fatal("the report of nothing is the same")
	}
	for seed := range uint64(20) {
		chance := rand.New(rand.NewPCG(seed, 7))
		merged := recorder.NewRecording(journey)
		inboxes, next := make([]*inbox, 7), make([]uint64, 7)
		for part := range inboxes {
			inboxes[part] = newInbox("r", part, "i")
		}
		type delivery struct {
			part  int
			texts [][]byte
		}
		var flow []delivery
		for _, delta := range deltas {
			part := chance.IntN(7)
			next[part]++
			line, err := json.Marshal(row{Message: &drill.Message{Delta: &delta}})
			if err != nil {
				t.Fatal(err)
			}
			one := delivery{part, encoded(t, Envelope{Run: "r", Part: part, Incarnation: "i", Seq: next[part], Message: line}.seal())}
			flow = append(flow, one, one)
		}
		chance.Shuffle(len(flow), func(i, j int) { flow[i], flow[j] = flow[j], flow[i] })
		for _, one := range flow {
			for _, text := range one.texts {
				inboxes[one.part].take(text, func(e Envelope) {
					got, err := rowOf(e)
					if err != nil {
						t.Fatal(err)
					}
					merged.Add(*got.Message.Delta)
				})
			}
		}
		if got := assembled(merged); !bytes.Equal(got, want) {
			t.Fatalf("seed %d: another report:\n%s\nwant\n%s", seed, got, want)
		}
	}
}

// Looks at a clock that is ahead and drifts never contradict the truth, whatever the network adds to either way.
func TestClocksAreReadTruly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ahead := time.Duration(rapid.Int64Range(-2e9, 2e9).Draw(t, "ahead"))
		drift := rapid.Float64Range(-mostDrift, mostDrift).Draw(t, "drift")
		truth := func(at time.Duration) time.Duration { return ahead + time.Duration(drift*float64(at)) }
		var looks sightings
		at := time.Duration(0)
		for range rapid.IntRange(1, 60).Draw(t, "looks") {
			at += time.Duration(rapid.Int64Range(1e6, 2e9).Draw(t, "pause"))
			there := time.Duration(rapid.Int64Range(0, 50e6).Draw(t, "there"))
			back := time.Duration(rapid.Int64Range(0, 50e6).Draw(t, "back"))
			shown := at + there + truth(at+there)
			middle := at + (there+back)/2
			looks = append(looks, sighting{at: middle, offset: shown - middle, trip: there + back})
			at += there + back
		}
		when := time.Duration(rapid.Int64Range(0, int64(at)).Draw(t, "when"))
		for _, kept := range []sightings{looks, looks.thin()} {
			known := kept.read(when)
			const rounding = 3 * time.Nanosecond
			if off := known.offset - truth(when); known.contradictory || off.Abs() > known.bound+rounding {
				t.Fatalf("read %v ± %v, contradictory %v, the truth is %v", known.offset, known.bound, known.contradictory, truth(when))
			}
		}
	})
}

// A clock that somebody sets between two looks is noticed, and a drift is fitted.
func TestClocksThatAreSet(t *testing.T) {
	var looks sightings
	for i := range 20 {
		looks = append(looks, sighting{at: time.Duration(i) * time.Second, offset: time.Duration(i) * 50 * time.Microsecond, trip: time.Millisecond})
	}
	if slope, known := looks.drift(); !known || slope < 49e-6 || slope > 51e-6 {
		t.Errorf("the drift is %v (%v), want 50 ppm", slope, known)
	}
	if _, known := looks[:5].drift(); known {
		t.Error("four seconds gave a drift")
	}
	if looks.read(0).contradictory {
		t.Error("a drift of 50 ppm is contradictory")
	}
	looks = append(looks, sighting{at: 20 * time.Second, offset: time.Second, trip: time.Millisecond})
	if known := looks.read(0); !known.contradictory || known.bound < 900*time.Millisecond {
		t.Errorf("a clock that was set by a second: %+v", known)
	}
}

// An order that says more than the agent knows is refused whole.
func TestOrdersAreReadStrictly(t *testing.T) {
	text, err := json.Marshal(orderFor(func(*task) {}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := decodeTask(text); err != nil {
		t.Errorf("a plain order: %v", err)
	}
	for _, more := range []string{`"command":"rm"`, `"order":{"generator":{"config":{"exec":"rm"}}}`} {
		if _, err := decodeTask([]byte("{" + more + "," + string(text[1:]))); err == nil || !strings.Contains(err.Error(), "unknown field") {
			t.Errorf("an order with %s: %v", more, err)
		}
	}
	if _, err := decodeTask(append(text, '{')); err == nil {
		t.Error("an order with something behind it was read")
	}
}

func FuzzTask(f *testing.F) {
	text, err := json.Marshal(orderFor(func(*task) {}))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	v := vetting{agent: "a", roles: []string{GeneratorRole}, targets: Loopback(), build: report.Build{Version: "1"}, cpus: 2}
	f.Fuzz(func(t *testing.T, text []byte) {
		task, err := decodeTask(text)
		if err != nil {
			return
		}
		order, err := v.vet(task)
		if err != nil {
			return
		}
		for name := range order.Generator.Config.Targets {
			if v.allowed(order.Generator, name) != nil {
				t.Errorf("%s was let through", text)
			}
		}
		if !isName(task.Run) {
			t.Errorf("a run called %q was let through", task.Run)
		}
	})
}

func TestTargetsAreRead(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"shop.example", "shop.example"},
		{"Shop.Example:443", "shop.example:443"},
		{"10.0.0.1", "10.0.0.1"},
		{"10.0.0.1:8080", "10.0.0.1:8080"},
		{"::1", "::1"},
		{"[::1]:8080", "[::1]:8080"},
		{"", ""},
		{":80", ""},
		{"shop.example:", ""},
		{"shop.example:0", ""},
		{"http://shop.example", ""},
		{"10.0.0.0/8", ""},
		{"*.example", ""},
	} {
		target, err := ParseTarget(test.text)
		if (err != nil) != (test.want == "") || err == nil && target.String() != test.want {
			t.Errorf("%q is read as %q (%v), want %q", test.text, target, err, test.want)
		}
	}
}

// After a row that could not be kept none is but the last, whatever has room.
func TestRowsEndWhereOneIsMissing(t *testing.T) {
	h, err := newHeld(filepath.Join(t.TempDir(), "r"), task{Run: "run", Incarnation: "one"}, "a")
	if err != nil {
		t.Fatal(err)
	}
	defer h.close()
	if err := h.append([]byte("first")); err != nil {
		t.Fatal(err)
	}
	if err := h.append(make([]byte, maxMessage+1)); err == nil {
		t.Fatal("a row that is too long was kept")
	}
	if err := h.append([]byte("later")); err == nil {
		t.Error("a row behind a missing one was kept")
	}
	if err := h.finish([]byte("last")); err != nil {
		t.Error(err)
	}
	var kept []string
	for number := uint64(1); number <= h.count(); number++ {
		e, err := h.entry(number)
		if err != nil {
			t.Fatal(err)
		}
		kept = append(kept, string(e.Message))
	}
	if want := []string{"first", "last"}; !slices.Equal(kept, want) {
		t.Errorf("kept %q, want %q", kept, want)
	}
}
