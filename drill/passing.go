package drill

import (
	"context"
	"time"

	"github.com/ombak-sim/ombak/journey"
	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report/recorder"
	"github.com/ombak-sim/ombak/sim"
)

// run plays one replication, recorded as a whole or briefly, and tells, where anybody listens, how its
// time passes.
func (s Simulating) run(ctx context.Context, player *sim.Player, config sim.Config, brief bool) (*recorder.Recording, sim.Result, error) {
	steps := journey.New(config.Journey, nil).Funnel()
	recording, passing := recorder.NewRecording(steps), passing{tell: s.Passed}
	observers := recorder.NewRecorder(steps, 1, func(delta recorder.Delta) {
		recording.Add(delta)
		passing.reach(time.Duration(delta.Second) * time.Second)
	})
	if brief {
		recording.Brief()
		observers.Brief()
	}
	result, err := player.Run(ctx, config, func(shard int) funnel.Observer { return observers.Observer(shard) })
	observers.Close()
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
