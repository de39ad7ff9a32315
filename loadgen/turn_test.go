package loadgen_test

import (
	"maps"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/journey"
	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/loadgen"
)

// The generator sends exactly those whom the turns let come, at the instants that the turns give, with any number of shards;
// and a run in which nobody turns anything is as if nobody could.
func TestTurnsDecideWhoIsSent(t *testing.T) {
	s := serve(t, nil)
	none, half, much, yes := 0.0, 0.5, 2.5, true
	for _, row := range []struct {
		why   string
		turns loadgen.Turns
	}{
		{"nobody turns anything", nil},
		{"half of them stay away", loadgen.Turns{{Factor: &half}}},
		{"others come too", loadgen.Turns{{Factor: &much}}},
		{"nobody new comes from the middle on", loadgen.Turns{{At: 100 * time.Millisecond, Hold: &yes}}},
		{"nobody comes", loadgen.Turns{{Factor: &none}}},
		{"a factor ends", loadgen.Turns{{At: 50 * time.Millisecond, Until: 120 * time.Millisecond, Factor: &much}}},
	} {
		c := config(s.url, func(c *loadgen.Config) { c.Acted = true })
		crowd := journey.Crowd{Seed: c.Seed, People: c.People, Signups: c.Signups, Visitors: c.Visitors, Clock: c.Journey.Clock}
		want := map[uint64]time.Duration{}
		for caller := range row.turns.Coming(crowd, journey.New(c.Journey, nil, nil)) {
			want[caller.Person] = caller.At
		}
		r := newRecorder()
		g, err := loadgen.New(c, func(int) funnel.Observer { return shardRecorder{r} })
		if err != nil {
			t.Fatal(err)
		}
		g.Turn(row.turns...)
		if err := g.Run(t.Context(), time.Now()); err != nil {
			t.Fatal(err)
		}
		got := map[uint64]time.Duration{}
		for _, sample := range r.samples {
			got[sample.Session] = sample.Intended
		}
		if !maps.Equal(got, want) {
			t.Errorf("%s: %d people are sent, want %d, each at the instant of the turns", row.why, len(got), len(want))
		}
		if r.sched != len(want) || r.started != len(want) {
			t.Errorf("%s: %d are scheduled and %d started of %d", row.why, r.sched, r.started, len(want))
		}
	}
}
