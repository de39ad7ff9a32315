package drill

import (
	"context"
	"time"

	"github.com/ombak-sim/ombak/funnel"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/sim"
)

// run plays one replication for a recorder and tells, where anybody listens, how its time passes.
func (s Simulating) run(ctx context.Context, player *sim.Player, config sim.Config, recorder *report.Recorder) (sim.Result, error) {
	if s.Passed == nil {
		return player.Run(ctx, config, func(shard int) funnel.Observer { return recorder.Observer(shard) })
	}
	passing := &passing{ShardObserver: recorder.Observer(0), tell: s.Passed}
	result, err := player.Run(ctx, config, func(int) funnel.Observer { return passing })
	passing.reach(config.Until)
	return result, err
}

// passing records, and tells now and then how far the replication is.
type passing struct {
	*report.ShardObserver
	attempts int
	told     time.Duration
	tell     func(by time.Duration)
}

// tellEvery is how many attempts end between two times that it is told.
const tellEvery = 1 << 13

// Observe implements [funnel.Observer].
func (p *passing) Observe(sample funnel.Sample) {
	p.ShardObserver.Observe(sample)
	if p.attempts++; p.attempts%tellEvery == 0 {
		p.reach(sample.End)
	}
}

func (p *passing) reach(at time.Duration) {
	if at > p.told {
		p.tell(at - p.told)
		p.told = at
	}
}
