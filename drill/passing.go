package drill

import (
	"context"
	"time"

	"github.com/ombak-sim/ombak/journey"
	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/sim"
)

// run plays one replication, recorded as a whole or briefly, and tells, where anybody listens, how its
// time passes.
func (s Simulating) run(ctx context.Context, player *sim.Player, config sim.Config, brief bool) (*report.Recording, sim.Result, error) {
	steps := journey.New(config.Journey, nil).Funnel()
	recording, passing := report.NewRecording(steps), passing{tell: s.Passed}
	recorder := report.NewRecorder(steps, 1, func(delta report.Delta) {
		recording.Add(delta)
		passing.reach(time.Duration(delta.Second) * time.Second)
	})
	if brief {
		recording.Brief()
		recorder.Brief()
	}
	result, err := player.Run(ctx, config, func(shard int) funnel.Observer { return recorder.Observer(shard) })
	recorder.Close()
	passing.reach(config.Until)
	return recording, result, err
}

// passing tells how far a replication is.
type passing struct {
	told time.Duration
	tell func(by time.Duration) // nil where nobody listens
}

func (p *passing) reach(at time.Duration) {
	if p.tell != nil && at > p.told {
		p.tell(at - p.told)
		p.told = at
	}
}
