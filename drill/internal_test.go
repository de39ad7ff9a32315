package drill

import (
	"bytes"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ombak-sim/ombak/backend"
	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/loadgen"
	"github.com/ombak-sim/ombak/mocks"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/resilience"
	"github.com/ombak-sim/ombak/setup"
)

// persisted = acknowledged − lost + unacknowledged, for any sets with any repetitions.
func TestReconciliationAddsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		people := rapid.SliceOf(rapid.Uint64Range(0, 30))
		acknowledged, rows := people.Draw(t, "acknowledged"), people.Draw(t, "rows")
		r := compare(acknowledged, rows)
		inAcknowledged, inRows := map[uint64]bool{}, map[uint64]bool{}
		for _, person := range acknowledged {
			inAcknowledged[person] = true
		}
		for _, person := range rows {
			inRows[person] = true
		}
		lost := int64(0)
		for person := range inAcknowledged {
			if !inRows[person] {
				lost++
			}
		}
		if r.Persisted != r.Acknowledged-r.Lost+r.Unacknowledged || r.Lost != lost ||
			r.Acknowledged != int64(len(inAcknowledged)) || r.Persisted != int64(len(inRows)) || r.Duplicates != int64(len(rows)-len(inRows)) {
			t.Fatalf("acknowledged %v, rows %v: %+v", acknowledged, rows, r)
		}
	})
}

// A fault that has ended replaces its beginning in the timeline; other marks stay.
func TestMarksOfFaultsTellTheirLength(t *testing.T) {
	fate := mocks.Fate{On: "dukcapil", Fault: "outage", Hand: true, At: time.Second}
	var marks []funnel.Mark
	marks = withMark(marks, fateMark(fate))
	marks = withMark(marks, fateMark(mocks.Fate{On: "mail", Fault: "outage", At: time.Second}))
	fate.For = 2 * time.Second
	marks = withMark(marks, fateMark(fate))
	want := []funnel.Mark{
		{At: time.Second, For: 2 * time.Second, Kind: funnel.FaultMark, Text: "outage of dukcapil, by hand", Do: funnel.StartFault, On: "dukcapil", What: "outage"},
		{At: time.Second, Kind: funnel.FaultMark, Text: "outage of mail", Do: funnel.StartFault, On: "mail", What: "outage", Planned: true},
	}
	if !slices.Equal(marks, want) {
		t.Errorf("marks %+v, want %+v", marks, want)
	}
}

// A part sends a message that says why it ends.
func TestPartsThatCannotStartSaySo(t *testing.T) {
	for _, test := range []struct{ input, want string }{
		{"", "no order came"},
		{"{}\n", "no order came"},
		{"nonsense\n", "cannot be read"},
		{`{"backend":{"config":{"database":"/nowhere/x.db"},"opens":"2020-04-11T12:00:00Z"}}` + "\n", "key has 0 bytes"},
	} {
		var out bytes.Buffer
		err := ServePart(t.Context(), strings.NewReader(test.input), &out, slog.New(slog.NewTextHandler(io.Discard, nil)))
		if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(out.String(), `{"failed":`) {
			t.Errorf("%q: %v, wrote %q; want %q", test.input, err, &out, test.want)
		}
	}
}

func TestTailKeepsWhatTellsMost(t *testing.T) {
	var kept tail
	for range 1000 {
		_, _ = kept.Write([]byte("goroutine 1 [running]: and so on and on\n"))
	}
	_, _ = kept.Write([]byte("fatal error: out of memory\ngoroutine 2\n"))
	if kept.last() != "fatal error: out of memory" {
		t.Errorf("the last words are %q", kept.last())
	}
}

func FuzzMessage(f *testing.F) {
	f.Add(`{"ready":{"addresses":{"a":"b"}}}`)
	f.Add(`{"delta":{"shard":0,"second":1,"steps":[{"step":99}]}}`)
	f.Fuzz(func(t *testing.T, line string) {
		p := &process{ready: make(chan Ready, 1)}
		scanner := newScanner(strings.NewReader(line))
		if scanner.Scan() {
			p.receive(scanner, func(message Message) {
				if message.Delta != nil {
					_ = message.Delta.Validate(2)
				}
			})
		}
	})
}

// A waiting room is a station without servers. It has the same name as in a simulation.
func TestRoomsAreRead(t *testing.T) {
	stats := backend.Stats{Rooms: []backend.RoomStats{{Name: "step:identity", Stats: resilience.Stats{Arrivals: 5, Completions: 3, Queued: 2, QueueMax: 4, QueueTime: time.Second}}}}
	readings := backendReadings(stats, time.Minute)
	want := funnel.Reading{Station: "step:identity", At: time.Minute, Arrivals: 5, Completions: 3, Queued: 2, QueueMax: 4, QueueTime: time.Second}
	if !slices.Contains(readings, want) {
		t.Errorf("read %+v", readings)
	}
}

// The report of a part states which part of a run it is, and what the parts must agree on. The report of a
// whole run does not.
func TestReportsSayWhichPartTheyAre(t *testing.T) {
	options := setup.Options{Part: 1, Parts: 3, Scale: 1, From: time.Minute, To: 2 * time.Minute, MaxRate: 50}
	want := report.Part{K: 2, N: 3, Scale: 1, FromS: 60, ToS: 120, MaxRate: 50}
	if got := partOf(options); got == nil || *got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if whole := partOf(setup.Options{}); whole != nil {
		t.Errorf("a whole run is part %+v", whole)
	}
}

// Silence makes a run doubtful once its agents play no more, and more of them are silent than are tolerated.
func TestSilenceIsADoubt(t *testing.T) {
	t.Parallel()
	rows := []report.SecondAgent{{Agent: "a", SilentS: 1}, {Agent: "b", SilentS: 9.9}, {Agent: "c", SilentS: 12.4}, {Agent: "d", Lost: "it was killed"}}
	for _, test := range []struct {
		why       string
		rows      []report.SecondAgent
		tolerated float64
		want      []string
	}{
		{"a short silence may be a busy network", rows[:2], 0, nil},
		{"a long one has cost people", rows[:3], 0, []string{"nothing was heard of agent c for 12 s"}},
		{"one of four is tolerated, and two are not", rows, 0.25, []string{"nothing was heard of agent c for 12 s", "agent d is lost: it was killed"}},
		{"two of four are tolerated", rows, 0.5, nil},
		{"generators of this machine have no rows", nil, 0, nil},
	} {
		if got := doubtsOf(test.rows, test.tolerated); !slices.Equal(got, test.want) {
			t.Errorf("%s: %q, want %q", test.why, got, test.want)
		}
	}
}

// Of secrets that begin alike, no tail of the longer one is left, in whatever order a map gives them.
func TestOrdersHideWholeValues(t *testing.T) {
	t.Parallel()
	order := GeneratorOrder{Config: loadgen.Config{
		Vars:      map[string]string{"short": "secret", "digit": "7", "other": "secre"},
		RunValues: map[string]string{"long": "secret-and-more"},
	}}
	for range 20 {
		if got := order.Hiding().Replace("7 of secret-and-more, secret"); got != "7 of ***, ***" {
			t.Fatalf("what is left is %q", got)
		}
	}
}
