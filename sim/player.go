package sim

import (
	"context"

	"github.com/ombak-sim/ombak/journey/funnel"
)

// Player plays runs one after the other on one goroutine. It keeps the memory of its largest tables between runs,
// so they need not grow again in each run. The zero Player is ready to use.
type Player struct {
	engine Engine
	tables tables
}

// tables are the tables of a model that grow with the number of people present at the same time.
type tables struct {
	sessions     []session
	asides       []aside // one per session
	freeSessions []int32
	requests     []request
	freeRequests []int32
}

func (t *tables) empty() {
	*t = tables{t.sessions[:0], t.asides[:0], t.freeSessions[:0], t.requests[:0], t.freeRequests[:0]}
}

// Run plays a run on the calling goroutine until no event is left, the run is over or the context ends.
func (p *Player) Run(ctx context.Context, config Config, observer func(shard int) funnel.Observer) (Result, error) {
	play, err := p.Begin(config, observer)
	if err != nil {
		return Result{}, err
	}
	err = play.Reach(ctx, config.Until)
	return play.End(), err
}
