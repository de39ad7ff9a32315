package resilience

import (
	"slices"
	"strings"
	"time"
)

// Changing policies take other settings while they run, and can be switched off and on. What they have learned stays. The
// configuration is of the policy's own type and valid.
type Changing interface {
	Change(now time.Duration, to Config, on bool)
}

// Changes describes what can change of a policy while a run plays.
type Changes struct {
	Keys    []string // settings that can; none means that the policy can neither change nor be switched off
	Always  bool     // it cannot be switched off
	Waiting string   // what a change means for those who wait at it, or what becomes of what it knows; one sentence
	WhyNot  string   // why the other settings cannot; empty if all can
	Stays   string   // why it cannot change live; empty if it can where it works live
}

// May returns why a setting of a policy cannot change while a run plays, or "".
func (d Descriptor) May(key string) (whyNot string) {
	switch {
	case slices.Contains(d.Changes.Keys, key):
		return ""
	case !slices.Contains(d.Keys(), key):
		return "it takes no such setting"
	}
	return d.Changes.WhyNot
}

// Fixed returns the settings that cannot change while a run plays.
func (d Descriptor) Fixed() []string {
	return slices.DeleteFunc(d.Keys(), func(key string) bool { return slices.Contains(d.Changes.Keys, key) })
}

// changing returns what can change, with words for the others.
func changing(keys, waiting, whyNot string) Changes {
	return Changes{Keys: strings.Fields(keys), Waiting: waiting, WhyNot: whyNot}
}

// What a change means for those who wait at the gates.
const (
	gateWaits = "Those in service go on and those who wait keep their places: a greater limit admits the first of them at once, a shorter queue sends nobody away, and a new deadline counts from each one's arrival."
	turnWaits = "Nobody waits at it, and the tokens that were saved stay, up to the burst."
)

// Change gives the gate another description of the same kind, or switches it off or on. It returns the tickets that are
// admitted. Off, it admits everybody, and those who are in service then count when it is on again.
func (g *Gate) Change(now time.Duration, to GateConfig, on bool) (admitted []Ticket) {
	g.advance(now)
	before := g.config.Concurrency
	g.config = to
	switch {
	case g.adapt == nil:
		g.limit = to.Concurrency
	default:
		g.limit = g.adapt.change(g.last, *to.Adaptive, to.Concurrency, before != to.Concurrency, g.stats)
	}
	g.off = !on
	g.advance(now) // those who have waited longer than a new deadline
	for (g.off || g.inUse < g.limit) && g.waiting > 0 {
		admitted = append(admitted, g.pop())
		g.inUse++
	}
	return admitted
}

// change takes other bounds, and another limit if one is set. The next window begins now.
func (a *adaptive) change(now time.Duration, to AdaptiveConfig, limit int, set bool, stats Stats) int {
	a.config, a.since, a.before = to, now, stats
	if set {
		a.limit = float64(limit)
	}
	a.limit = max(float64(to.Min), min(float64(to.Max), a.limit))
	return int(a.limit)
}

// Change gives the buckets another rate and burst. Each client keeps its tokens, up to the burst.
func (b *Buckets) Change(now time.Duration, to BucketConfig) {
	after := NewBuckets(to)
	for client, full := range b.full {
		missing := float64(max(0, full-now)) / float64(b.every) // tokens
		tokens := min(float64(b.depth/b.every)-missing, float64(to.Burst))
		if lacks := float64(to.Burst) - tokens; lacks > 0 {
			after.full[client] = now + time.Duration(lacks*float64(after.every))
		}
	}
	after.forget = max(minSwept, 2*len(after.full))
	*b = *after
}

// Change implements [Changing].
func (f *bucketFilter) Change(now time.Duration, to Config, on bool) {
	f.buckets.Change(now, to.(BucketConfig)) //nolint:forcetypeassert // documented
	f.off = !on
}

// Change implements [Changing].
func (f *sharedFilter) Change(now time.Duration, to Config, on bool) {
	f.buckets.Change(now, BucketConfig(to.(SharedBucketConfig))) //nolint:forcetypeassert // documented
	f.off = !on
}

// Change implements [Changing].
func (f *turns) Change(_ time.Duration, to Config, on bool) {
	f.StaggerConfig = to.(StaggerConfig) //nolint:forcetypeassert // documented
	f.off = !on
}

// Change implements [Changing].
func (a *attempts) Change(_ time.Duration, to Config, on bool) {
	a.budget.change(to.(RetryConfig).BudgetConfig) //nolint:forcetypeassert // documented
	a.off = !on
}

// Change implements [Changing].
func (r *repeats) Change(_ time.Duration, to Config, on bool) {
	config := to.(RetryConfig) //nolint:forcetypeassert // documented
	r.change(config.BudgetConfig)
	r.most, r.pauses, r.off = config.Calls, DeferConfig{Pause: config.Pause, Longest: config.Longest}, !on
}

// change takes another ratio and burst. What has been saved stays, up to the burst.
func (b *Budget) change(to BudgetConfig) {
	b.config = to
	b.tokens = min(b.tokens, to.Burst)
}

// Change implements [Changing]. An open breaker stays open for the new cooldown since it opened; the latest results count on,
// as many as there are to be. Off, the breaker allows all calls and learns nothing from them; on again, it is closed.
func (b *Breaker) Change(_ time.Duration, to Config, on bool) {
	config := to.(BreakerConfig) //nolint:forcetypeassert // documented
	b.until += config.Cooldown - b.config.Cooldown
	if b.config = config; b.off == on {
		b.off = !on
		b.turn(breakerClosed)
		return
	}
	latest := slices.Concat(b.results[b.place:], b.results[:b.place]) // the oldest first
	latest = latest[max(0, len(latest)-config.Calls):]
	b.results, b.place, b.failed = make([]bool, 0, config.Calls), 0, 0
	for _, failed := range latest {
		b.note(failed)
	}
}

// Change gives the cache another time to live and size, or switches it off or on. The new time counts from when each answer
// was fetched. Off, everybody fetches; those who wait for a fetch still get its answer.
func (c *Cache[K, V, W]) Change(now time.Duration, to CacheConfig, on bool) {
	by := to.TTL - c.config.TTL
	for i := c.head; i < len(c.order); i++ {
		if known := c.answers[c.order[i].key]; known != nil && !known.fetching && known.expires == c.order[i].expires {
			known.expires += by
		}
		c.order[i].expires += by
	}
	c.config, c.off = to, !on
	c.forget(now)
}

// Change gives the room another rate and burst, or switches it off or on. Everybody keeps their place.
func (r *Room) Change(now time.Duration, to RoomConfig, on bool) {
	r.advance(now)
	to.Burst = max(1, to.Burst)
	r.config, r.off = to, !on
}

// Off reports whether the room is switched off: nobody needs a place to pass.
func (r *Room) Off() bool { return r.off }

// Change gives the room behind the doorkeeper another rate and burst, or switches it off or on.
func (k *Doorkeeper) Change(now time.Duration, to RoomConfig, on bool) { k.room.Change(now, to, on) }

// Change implements [Changing]. Off, looks are remembered and change nothing.
func (s *Scaler) Change(_ time.Duration, to Config, on bool) {
	s.config = to.(ScaleConfig) //nolint:forcetypeassert // documented
	s.off = !on
}

var (
	_ Changing = (*bucketFilter)(nil)
	_ Changing = (*sharedFilter)(nil)
	_ Changing = (*turns)(nil)
	_ Changing = (*attempts)(nil)
	_ Changing = (*repeats)(nil)
	_ Changing = (*Breaker)(nil)
	_ Changing = (*Scaler)(nil)
)
