package loadgen

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ombak-sim/ombak/journey"
	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/population"
	"github.com/ombak-sim/ombak/workload"
)

// Generator plays one run.
type Generator struct {
	config   Config
	journey  *journey.Journey
	requests []compiled
	got      map[string]int // places of extracted values, by name
	targets  []string       // URLs; requests name them by index
	feeders  []journey.Fed  // in the order of their names
	people   population.Population
	photos   population.Photos
	observer func(shard int) funnel.Observer
	totals   Totals
	under    []atomic.Int64   // requests under way, by shard
	run      workload.Purpose // of the run's id; 0 if it has none
	keyLog   *os.File         // nil if no secrets are logged

	turns   atomic.Pointer[journey.Turns] // changes of who comes; nil if there are none
	turning sync.Mutex                    // held while they are replaced

	awaits     bool       // some step awaits messages of WebSockets
	describing sync.Mutex // while a shard asks servers for gRPC methods
}

// Totals holds counts of the generator's own work over a run.
type Totals struct {
	Requests    int // of await and poll steps, the first one only
	WrongSecond int // requests that were sent in another second than intended
	Shed        int // people who could not begin, because the limit of active people was reached
	Handshakes  Handshakes
	Wire        Wire
}

// InFlight returns the number of requests in flight. It is safe to call from any goroutine during the run.
func (g *Generator) InFlight() int {
	sum := int64(0)
	for i := range g.under {
		sum += g.under[i].Load()
	}
	return int(sum)
}

// Totals returns the counts of a run that has ended.
func (g *Generator) Totals() Totals { return g.totals }

// New compiles a run. It calls observer once for each shard. Each returned observer is called by one goroutine.
func New(config Config, observer func(shard int) funnel.Observer) (*Generator, error) {
	if err := config.validate(); err != nil {
		return nil, err
	}
	g := &Generator{
		config: config, observer: observer,
		people: population.New(config.Seed, config.Opens, config.Shares).In(config.Locale),
	}
	if config.RunID != "" {
		g.run = workload.NewPurpose("run/" + config.RunID)
	}
	if config.Fresh {
		g.people = g.people.Fresh(config.RunID)
	}
	if len(config.Turns) > 0 {
		g.turns.Store(&config.Turns)
	}
	g.under = make([]atomic.Int64, g.shards())
	g.journey = journey.New(config.Journey, g.traitTypo, journey.NewFact(config.Seed, config.People, config.Feeders, g.people.Fact))
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
	if g.requests, g.got, err = compile(g.config, targets); err != nil {
		return err
	}
	for i := range g.requests {
		g.awaits = g.awaits || g.requests[i].gesture != nil && g.requests[i].gesture.await != nil
	}
	for _, name := range sortedKeys(g.config.Feeders) {
		g.feeders = append(g.feeders, g.config.Feeders[name].Named(name, g.config.Seed, g.config.People))
	}
	if g.config.PhotoBytes > 0 {
		g.photos, err = population.NewPhotos(g.config.PhotoBytes)
	}
	return err
}

// tlsConfig returns the settings of crypto/tls for this run.
func (g *Generator) tlsConfig() (*tls.Config, error) {
	config, err := g.config.Connections.TLS.config()
	if err == nil && g.keyLog != nil {
		config.KeyLogWriter = g.keyLog
	}
	return config, err
}

// traitTypo reports whether the person's traits make their first attempt at the step hold a typing error.
func (g *Generator) traitTypo(person uint64, step int) bool {
	return step < len(g.config.Traits) && g.config.Traits[step] != 0 && g.people.Traits(person).HasAny(g.config.Traits[step])
}

// shards returns the number of shards. Each has room for at least one request and one person.
func (g *Generator) shards() int {
	shards := min(max(1, g.config.Shards), g.inFlight())
	for _, most := range []int{g.config.MostPeople, g.config.Closed.People} {
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

// Run plays the run from the instant began, which is real time 0. It returns when all people are done, the run is over,
// or the context ends. People who are still active then have no final sample. An error means that the run could not
// start.
func (g *Generator) Run(ctx context.Context, began time.Time) error {
	if path := g.config.Connections.TLS.KeyLog; path != "" {
		var err error
		if g.keyLog, err = os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600); err != nil {
			return fmt.Errorf("the log of TLS secrets: %w", err)
		}
		defer g.keyLog.Close()
	}
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
		g.totals.Wire = g.totals.Wire.plus(s.counted)
		g.totals.Handshakes = g.totals.Handshakes.plus(s.handshakes)
	}
	return errors.Join(errs...)
}
