package loadgen

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ombak-sim/ombak/journey"
	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/population"
)

// Generator plays one run.
type Generator struct {
	config   Config
	journey  *journey.Journey
	requests []compiled
	slots    int      // extracted values a walk can hold
	targets  []string // URLs; requests name them by index
	feeders  []feeder // in the order of their names
	people   population.Population
	photos   population.Photos
	observer func(shard int) funnel.Observer
	totals   Totals
	under    []atomic.Int64 // requests under way, by shard
}

// Totals are what a generator knows of itself after its run.
type Totals struct {
	Requests    int // first looks at an await or poll, not those after
	WrongSecond int // requests sent in another second than intended
	Shed        int // people never begun, because as many as allowed were under way
}

// InFlight returns how many requests are under way; any goroutine may ask while the generator runs.
func (g *Generator) InFlight() int {
	sum := int64(0)
	for i := range g.under {
		sum += g.under[i].Load()
	}
	return int(sum)
}

// Totals returns what the generator knows of itself; it must have run.
func (g *Generator) Totals() Totals { return g.totals }

// New compiles a run. Observer is called once for each shard; each is then called by one goroutine.
func New(config Config, observer func(shard int) funnel.Observer) (*Generator, error) {
	if err := config.validate(); err != nil {
		return nil, err
	}
	g := &Generator{
		config: config, observer: observer,
		people: population.New(config.Seed, config.Opens, config.Shares),
	}
	g.under = make([]atomic.Int64, g.shards())
	g.journey = journey.New(config.Journey, g.traitTypo)
	if err := g.compile(); err != nil {
		return nil, err
	}
	return g, nil
}

func (g *Generator) compile() (err error) {
	targets := map[string]int{}
	for _, name := range sortedKeys(g.config.Targets) {
		targets[name] = len(g.targets)
		g.targets = append(g.targets, g.config.Targets[name])
	}
	if g.requests, g.slots, err = compile(g.config, targets); err != nil {
		return err
	}
	for _, name := range sortedKeys(g.config.Feeders) {
		g.feeders = append(g.feeders, newFeeder(g.config.Feeders[name], name, g.config.Seed))
	}
	if g.config.PhotoBytes > 0 {
		g.photos, err = population.NewPhotos(g.config.PhotoBytes)
	}
	return err
}

// traitTypo reports whether who the person is makes their first attempt at the step hold a typing error.
func (g *Generator) traitTypo(person uint64, step int) bool {
	return step < len(g.config.Traits) && g.config.Traits[step] != 0 && g.people.Traits(person).HasAny(g.config.Traits[step])
}

// shards never leaves one without room for a request or a person.
func (g *Generator) shards() int {
	shards := min(max(1, g.config.Shards), g.inFlight())
	for _, most := range []int{g.config.MostPeople, g.config.Closed} {
		if most > 0 {
			shards = min(shards, most)
		}
	}
	return shards
}

func (g *Generator) parts() int { return max(1, g.config.Parts) }
func (g *Generator) inFlight() int {
	if g.config.InFlight == 0 {
		return 1024
	}
	return g.config.InFlight
}

// Run plays the run from the instant it began, which lies at real time 0. It returns when all
// people are done, the run is over, or the context ends; whoever is still under way then has no
// final sample. An error means that nobody could be sent at all.
func (g *Generator) Run(ctx context.Context, began time.Time) error {
	errs, shards := make([]error, g.shards()), make([]*shard, g.shards())
	var running sync.WaitGroup
	for i := range errs {
		shards[i] = newShard(g, i)
		running.Go(func() { errs[i] = shards[i].run(ctx, began) })
	}
	running.Wait()
	for _, s := range shards {
		wrong, total := s.pace.finish()
		g.totals.WrongSecond += wrong
		g.totals.Requests += total
		g.totals.Shed += s.shed
	}
	return errors.Join(errs...)
}
