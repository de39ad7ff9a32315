package live

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/report"
)

// total is what the rows of a feed add up to.
type total struct {
	scheduled, passed uint64
	seconds           float64
	marks             int
	last              report.Second
}

func (s *total) add(t *testing.T, text []byte) {
	t.Helper()
	var row report.Second
	if err := json.Unmarshal(text, &row); err != nil {
		t.Fatal(err)
	}
	s.scheduled += row.Scheduled
	s.seconds += row.ForS
	s.marks += len(row.Marks)
	for _, step := range row.Steps {
		s.passed += step.Passed
	}
	if row.AtS <= s.last.AtS {
		t.Errorf("a row ends at %v after one that ends at %v", row.AtS, s.last.AtS)
	}
	if begins := row.AtS - row.ForS; begins > s.last.AtS+1e-6 || begins < s.last.AtS-1e-6 {
		t.Errorf("a row begins at %v after one that ends at %v", begins, s.last.AtS)
	}
	s.last = row
}

// A feed of 48 hours, second by second, holds no more rows than one of 24 hours, and they add up to the same.
func TestLongFeedsAreMerged(t *testing.T) {
	t.Parallel()
	const seconds = 48 * 60 * 60
	board := NewBoard(Run{})
	var scheduled, passed uint64
	marks, most := 0, 0
	for at := range seconds {
		row := report.Second{Row: at + 1, AtS: float64(at + 1), ForS: 1, Scheduled: uint64(at % 50), Steps: []report.SecondStep{{Step: "go", Passed: uint64(at % 37)}}}
		if at%10_000 == 0 {
			row.Marks = []report.SecondMark{{Event: report.Event{AtS: row.AtS, Text: "a note"}}}
			marks++
		}
		scheduled, passed = scheduled+row.Scheduled, passed+row.Steps[0].Passed
		board.Post(row)
		most = max(most, len(board.rows.all))
	}
	if most > mostRows || len(board.rows.all) < mostRows/2 {
		t.Errorf("the board holds up to %d rows, and %d at the end", most, len(board.rows.all))
	}
	var sum total
	look := board.after(1, 0, 0)
	for _, row := range look.rows {
		sum.add(t, row.text)
	}
	if sum.scheduled != scheduled || sum.passed != passed || sum.seconds != seconds || sum.marks != marks || sum.last.Row != seconds {
		t.Errorf("the rows add up to %+v; %d were scheduled, %d passed, and there were %d marks", sum, scheduled, passed, marks)
	}
	for _, row := range board.rows.all[len(board.rows.all)-tailRows:] {
		if row.first != row.last {
			t.Fatalf("the last hour has a merged row of %v s", row.seconds)
		}
	}
	if widest := slices.MaxFunc(board.rows.all, func(a, b row) int { return int(a.seconds - b.seconds) }); widest.seconds > 4 {
		t.Errorf("after 48 hours a row has %v s", widest.seconds)
	}
}

// Whoever was cut off in the last hour goes on where they were; whoever was away for longer than rows stay as they were begins
// again, and is told so. Nobody gets a second twice or misses one.
func TestMergedFeedsResume(t *testing.T) {
	t.Parallel()
	const seconds = mostRows + 5000
	board := NewBoard(Run{})
	for at := range seconds {
		board.Post(report.Second{Row: at + 1, AtS: float64(at + 1), ForS: 1, Scheduled: 1})
	}
	s := served(t, Config{Board: board})
	client := entered(t, s.LookURL())
	for _, row := range []struct {
		why   string
		seen  int
		kind  string // of the first event
		first uint64 // seconds in the first row
	}{
		{"in the last hour", seconds - 40, "", 1},
		{"at the beginning of the last hour", seconds - tailRows, "", 1},
		{"behind it, at the end of a row", 100, "", 2},
		{"behind it, within a row", 101, "run", 0},
	} {
		events := listen(t, client, base(s), fmt.Sprintf("1-%d", row.seen), 1)
		if events[0].kind != row.kind {
			t.Errorf("%s: the first event is %+v", row.why, events[0])
			continue
		}
		look := board.after(1, row.seen, 0)
		sum := total{last: report.Second{AtS: float64(row.seen)}}
		if look.again {
			sum.last.AtS = 0
		}
		want := uint64(seconds) - uint64(sum.last.AtS)
		for _, unseen := range look.rows {
			sum.add(t, unseen.text)
		}
		if sum.scheduled != want || sum.last.AtS != seconds {
			t.Errorf("%s: the rest has %d seconds up to %v, want %d", row.why, sum.scheduled, sum.last.AtS, want)
		}
		var first report.Second
		if err := json.Unmarshal(look.rows[0].text, &first); err != nil || row.first > 0 && first.Scheduled != row.first {
			t.Errorf("%s: the first row is %+v, %v", row.why, first, err)
		}
	}
}

// Everybody who looks hears that an action, or a schedule, has changed what can be done; who comes later hears it too.
func TestOffersAreTold(t *testing.T) {
	board := NewBoard(Run{})
	s := served(t, Config{Board: board, Controls: &counting{}})
	client, origin := entered(t, s.URL()), map[string]string{"Origin": base(s)}
	heard := make(chan []event, 2)
	for range 2 {
		go func() { heard <- listen(t, client, base(s), "1-0", 2) }()
	}
	if status, text := ask(t, client, "POST", base(s)+"/v1/actions", remark, origin); status != 200 {
		t.Fatal(status, text)
	}
	for both := 0; both < 2; {
		select {
		case events := <-heard:
			for _, e := range events {
				if e.kind != "offers" {
					t.Errorf("the event is %+v", e)
				}
			}
			both++
		case <-time.After(time.Millisecond): // the second event, once they listen
			board.Offer()
		}
	}
	if late := listen(t, client, base(s), "1-0", 1); late[0].kind != "offers" {
		t.Errorf("who comes late hears %+v", late)
	}
}
