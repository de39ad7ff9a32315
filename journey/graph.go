package journey

import (
	"slices"
	"time"
)

// mostRounds is the most visits of one person to one step. A walk that would visit a step once more ends instead.
const mostRounds = 10_000

// graph is what a journey that is not a straight line adds to its steps.
type graph struct {
	steps int
	loops []int // by step: index of its loop, or -1
	count int   // of loops
	edges []int // by from × (steps + 1) + to + 1: index of the edge, or -1
	bits  int   // number of edges
}

func newGraph(config Config, paths []path) *graph {
	n := len(config.Steps)
	g := &graph{steps: n, loops: make([]int, n), edges: slices.Repeat([]int{-1}, n*(n+1))}
	for step := range config.Steps {
		g.loops[step] = -1
		if config.Steps[step].Loop != nil {
			g.loops[step] = g.count
			g.count++
		}
	}
	for i := range paths {
		for _, step := range paths[i].steps {
			reach := make([]bool, n)
			g.connect(config, &paths[i], step, step, reach)
		}
	}
	return g
}

// connect notes the edges from a step to all that may follow the place, beyond those that may be skipped.
func (g *graph) connect(config Config, p *path, from, place int, reached []bool) {
	step := &config.Steps[place]
	to := []int{p.after[place]}
	for _, branch := range step.Next {
		to = append(to, branch.To)
	}
	if step.Loop != nil {
		to = append(to, step.Loop.BackTo)
	}
	for _, next := range to {
		if next == End || reached[next] {
			continue
		}
		reached[next] = true
		if edge := &g.edges[g.edge(from, next)]; *edge < 0 {
			*edge = g.bits
			g.bits++
		}
		if after := &config.Steps[next]; after.Once || after.Optional != nil {
			g.connect(config, p, from, next, reached)
		}
	}
}

func (g *graph) edge(from, to int) int { return from*(g.steps+1) + to + 1 }

// Track is what a walk remembers of its way, on journeys that are not a straight line. A driver keeps one for each walk,
// in [Tracks].
type Track struct {
	visits []uint16 // by step
	comes  []uint16 // by step: visits, and comings at which the person skipped it
	loops  []uint16 // by loop: rounds done since it began
	edges  []uint16 // a bit for each edge that the person took
	last   []uint16 // the step before this one, counted from 1, and whether the person came from there for the first time
	Got    Values   // what the person extracted from answers; nil if the driver does not know
}

// Values are texts by name.
type Values interface {
	// Value returns the text with a name, or "".
	Value(name string) string
}

// From returns the step before the current one, or [End] if there is none.
func (t *Track) From() int { return int(t.last[0]) - 1 }

// IsFirst reports whether the person came from there to the current step for the first time.
func (t *Track) IsFirst() bool { return t.last[1] > 0 }

// size returns the number of counters of a track.
func (g *graph) size() int { return 2*g.steps + g.count + (g.bits+15)/16 + 2 }

// view makes a track of its counters.
func (g *graph) view(t *Track, counts []uint16) {
	cut := func(n int) []uint16 {
		part := counts[:n:n]
		counts = counts[n:]
		return part
	}
	t.visits, t.comes, t.loops, t.edges, t.last = cut(g.steps), cut(g.steps), cut(g.count), cut((g.bits+15)/16), cut(2)
}

// Tracks holds the tracks of the walks of one driver, by slot. It belongs to one goroutine. The zero Tracks is that of a
// straight line, which has none.
type Tracks struct {
	graph  *graph
	counts []uint16
	track  Track
}

// NewTracks returns the tracks of the walks of one driver.
func (j *Journey) NewTracks() Tracks { return Tracks{graph: j.graph} }

// Of returns the track of a slot. It is valid until the next call. On a straight line, it is nil.
func (t *Tracks) Of(slot int32) *Track {
	if t.graph == nil {
		return nil
	}
	return t.at(slot)
}

func (t *Tracks) at(slot int32) *Track {
	size := t.graph.size()
	if end := (int(slot) + 1) * size; end > len(t.counts) {
		t.counts = append(t.counts, make([]uint16, max(end-len(t.counts), 64*size))...)
	}
	t.graph.view(&t.track, t.counts[int(slot)*size:])
	return &t.track
}

// begin makes the track that of a person who has taken the steps before the scheduled one.
func (g *graph) begin(t *Track, p *path) {
	t.clear()
	t.last[1] = 1
	for i, step := range p.steps[:p.start+1] {
		t.visits[step], t.comes[step] = 1, 1
		if i > 0 {
			g.take(t, p.steps[i-1], step)
		}
	}
}

// look makes the track that of a visitor, or of a step before the scheduled one.
func (g *graph) look(t *Track, p *path, step int) {
	t.clear()
	t.visits[step], t.comes[step], t.last[1] = 1, 1, 1
	if i := slices.Index(p.steps, step); i > 0 {
		t.last[0] = uint16(p.steps[i-1]) + 1
	}
}

func (t *Track) clear() {
	for _, counts := range [][]uint16{t.visits, t.comes, t.loops, t.edges, t.last} {
		clear(counts)
	}
}

// take notes that the person goes from a step to another.
func (g *graph) take(t *Track, from, to int) {
	t.last[0], t.last[1] = uint16(from)+1, 1
	edge := g.edges[g.edge(from, to)]
	if edge < 0 {
		return
	}
	word, bit := &t.edges[edge/16], uint16(1)<<(edge%16)
	if *word&bit != 0 {
		t.last[1] = 0
	}
	*word |= bit
}

// moveOn takes a walk from a step that it passed to the next one that the person does not skip.
func (j *Journey) moveOn(w *Walk, t *Track, now time.Duration) Action {
	from := int(w.Step)
	for place, skipped := from, 0; skipped <= mostRounds; skipped++ {
		to, back := j.follow(w, t, place)
		if to == End || t.visits[to] >= mostRounds || t.comes[to] == 1<<16-1 {
			break
		}
		t.comes[to]++
		if back == nil {
			j.restart(t, place, to)
		}
		if j.skips(w.Person, t, to) {
			place = to
			continue
		}
		w.Step, w.Round = int16(to), int16(t.visits[to])
		t.visits[to]++
		j.graph.take(t, from, to)
		if back != nil && back.Every != nil {
			return j.enter(w, j.later(now, j.drawOf(w, back.Every, j.chance.pause, 0)))
		}
		return j.enter(w, j.later(now, j.think(w.Person, to, int(w.Round))))
	}
	return Action{Manner: Manner{Done: true}}
}

// follow returns the step that comes after a place, whether or not the person skips it, and the loop that leads there.
func (j *Journey) follow(w *Walk, t *Track, place int) (to int, back *Loop) {
	step := &j.config.Steps[place]
	if step.Loop != nil && j.loops(w, t, place) {
		return step.Loop.BackTo, step.Loop
	}
	if len(step.Next) > 0 {
		if to, taken := j.branch(w, t, place); taken {
			return to, nil
		}
	}
	return j.paths[w.path].after[place], nil
}

// restart ends the loops that begin with a step to which the person comes from outside.
func (j *Journey) restart(t *Track, from, to int) {
	if j.graph.count == 0 || from == to {
		return
	}
	for step, loop := range j.graph.loops {
		if loop >= 0 && j.config.Steps[step].Loop.BackTo == to {
			t.loops[loop] = 0
		}
	}
}

// skips reports whether the person skips a step to which they have just come.
func (j *Journey) skips(person uint64, t *Track, step int) bool {
	described := &j.config.Steps[step]
	if described.Once && t.visits[step] > 0 {
		return true
	}
	if described.Optional == nil {
		return false
	}
	stream := j.chance.optional.Of(person, j.round(step, int(t.comes[step])-1), 0)
	return !stream.Chance(*described.Optional)
}

// loops reports whether the person does a further round of the loop that ends at a place.
func (j *Journey) loops(w *Walk, t *Track, place int) bool {
	loop, done := j.config.Steps[place].Loop, &t.loops[j.graph.loops[place]]
	*done++
	again := int(*done) < loop.Most
	switch {
	case !again:
	case loop.While != "":
		again = j.holds(w, t, place, loopCondition, loop.Share)
	case loop.Least < loop.Most:
		began := int(t.comes[place]) - int(*done) // the same draw in every round of the loop
		stream := j.chance.loop.Of(w.Person, j.round(place, began), 0)
		again = int(*done) < loop.Least+stream.IntN(loop.Most-loop.Least+1)
	}
	if !again {
		*done = 0
	}
	return again
}

// branch draws the way on from a place. It returns false if no branch takes the person.
func (j *Journey) branch(w *Walk, t *Track, place int) (to int, taken bool) {
	stream := j.chance.next.Of(w.Person, j.round(place, int(t.comes[place])-1), 0)
	u := stream.Float64()
	for i := range j.config.Steps[place].Next {
		branch := &j.config.Steps[place].Next[i]
		share, holds := branch.Share, true
		if branch.When != "" {
			holds = j.holds(w, t, place, i, share)
			if j.readsGot(place, i) {
				share = nil // it is the probability of the condition
			}
		}
		switch {
		case !holds:
		case share == nil:
			return branch.To, true
		case u < *share:
			return branch.To, true
		default:
			u -= *share
		}
	}
	return End, false
}
