package draft

import (
	"cmp"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strings"
	"time"
)

// session is what one client did without a long pause.
type session struct{ requests []*request }

// walkLog finds sessions, and makes steps and the ways between them.
func (d *draft) walkLog(requests []*request) error {
	slices.SortStableFunc(requests, func(a, b *request) int { return a.at.Compare(b.at) })
	if requests[len(requests)-1].at.Sub(requests[0].at) > maxSpan {
		return fmt.Errorf("it spans %v; cut out the part to play", requests[len(requests)-1].at.Sub(requests[0].at).Round(time.Hour))
	}
	kinds := d.kinds(requests)
	target := d.target(logHost(requests))
	for _, kind := range kinds {
		d.steps = append(d.steps, d.logStep(kind, target))
	}
	sessions := d.sessions(requests)
	d.nameSteps()
	d.thinkTimes(kinds, sessions)
	if graphs {
		d.graph(kinds, sessions)
	} else {
		d.funnel(kinds)
	}
	return nil
}

// maxSpan is the longest log that is played.
const maxSpan = 31 * 24 * time.Hour

// logHost returns the service that most requests name, or an unknown one.
func logHost(requests []*request) *url.URL {
	counts := map[string]int{}
	best := ""
	for _, one := range requests {
		if one.host != "" {
			if counts[one.host]++; counts[one.host] > counts[best] {
				best = one.host
			}
		}
	}
	if !strings.Contains(best, "://") {
		best = "http://" + best
	}
	address, err := url.Parse(best)
	if err != nil || address.Hostname() == "" || !isPort(address.Port()) || strings.ContainsAny(address.Hostname(), "*_ ") {
		return unknownService()
	}
	return &url.URL{Scheme: address.Scheme, Host: address.Host}
}

// sessions divides the requests by client and pause.
func (d *draft) sessions(requests []*request) []*session {
	gap := cmp.Or(d.options.Session, DefaultSession)
	open := map[string]*session{}
	var all []*session
	known := false
	for _, one := range requests {
		if one.kind == nil {
			continue
		}
		client := one.client + "\x00" + one.agent
		known = known || one.client != ""
		last := open[client]
		if last == nil || one.client == "" || one.at.Sub(last.requests[len(last.requests)-1].at) > gap {
			last = &session{}
			open[client] = last
			all = append(all, last)
		}
		last.requests = append(last.requests, one)
		one.session = last
	}
	if known {
		d.notes.say("%s found: a client (address and user agent) that pauses for more than %v is another person", count(len(all), "session"), strings.TrimSuffix(gap.String(), "0s"))
	} else {
		d.notes.say("the log names no clients, so every request counts as a session of its own")
	}
	return all
}

// thinkTimes sets the pauses before each step from the sessions.
func (d *draft) thinkTimes(kinds []*kind, sessions []*session) {
	pauses := map[*kind][]float64{} // seconds
	for _, session := range sessions {
		for i, one := range session.requests[1:] {
			before := session.requests[i]
			pauses[one.kind] = append(pauses[one.kind], max(0, (one.at.Sub(before.at)-before.took).Seconds()))
		}
	}
	for _, kind := range kinds {
		kind.step.think = thinkText(pauses[kind])
		if len(pauses[kind]) == 0 && graphs { // sessions only begin with it
			kind.step.think = ""
		}
	}
}

// thinkText returns a distribution for pauses in seconds: lognormal by median and 95th percentile if there are
// enough of them, else exponential by their mean.
func thinkText(pauses []float64) string {
	if len(pauses) == 0 {
		return "exponential(5s)"
	}
	slices.Sort(pauses)
	const enough = 50
	median, high := pauses[len(pauses)/2], pauses[len(pauses)*95/100]
	if len(pauses) >= enough && median >= .1 && high > 1.05*median {
		return fmt.Sprintf("lognormal(median=%v, p95=%v)", seconds(median), seconds(high))
	}
	sum := 0.0
	for _, pause := range pauses {
		sum += pause
	}
	if mean := seconds(sum / float64(len(pauses))); mean > 0 {
		return fmt.Sprintf("exponential(%v)", min(mean, maxPause))
	}
	return ""
}

func seconds(value float64) time.Duration {
	return time.Duration(math.Round(value*10)) * 100 * time.Millisecond
}

// follow makes arrivals that follow instants minute by minute; in a short log, in one piece.
func (d *draft) follow(instants []time.Time, what string) {
	const most = 240 // pieces
	begin := instants[0].Truncate(time.Second)
	length := int(instants[len(instants)-1].Sub(begin)/time.Second) + 1
	per := max(60, (length+most-1)/most)
	d.arrivals = []string{"people:   # " + what + " in the log"}
	at := 0
	for start := 0; start < length; start += per {
		end, n := min(start+per, length), 0
		for ; at < len(instants) && instants[at].Before(begin.Add(time.Duration(end)*time.Second)); at++ {
			n++
		}
		d.arrivals = append(d.arrivals, fmt.Sprintf("  - {for: %ds, rate: %.6g/s}", end-start, float64(n)/float64(end-start)))
	}
}

// graphs says that scenario files can hold steps with several ways between them, under steps, next and journeys.
const graphs = true

// funnel makes one way through the steps, the most frequent first. The shares of people who go on are chosen to
// yield the log's counts.
func (d *draft) funnel(kinds []*kind) {
	kinds[0].step.think = ""
	for i, kind := range kinds[1:] {
		kinds[i].step.goOn = float64(len(kind.requests)) / float64(len(kinds[i].requests))
	}
	var instants []time.Time
	for _, one := range kinds[0].requests {
		instants = append(instants, one.at)
	}
	d.follow(instants, "requests of the first step per minute")
}

// graph makes the ways between the steps from the sessions, and a journey for each way in.
func (d *draft) graph(kinds []*kind, sessions []*session) {
	entered := map[*kind]int{}
	moved := map[*kind]map[*kind]int{}
	for _, from := range kinds {
		moved[from] = map[*kind]int{}
	}
	var instants []time.Time
	for _, session := range sessions {
		entered[session.requests[0].kind]++
		instants = append(instants, session.requests[0].at)
		for i, one := range session.requests {
			var to *kind
			if i+1 < len(session.requests) {
				to = session.requests[i+1].kind
			}
			moved[one.kind][to]++
		}
	}
	for _, from := range kinds {
		from.step.next = ways(append(slices.Clone(kinds), nil), moved[from], len(from.requests))
	}
	main := d.mainEntry(kinds, entered)
	for _, in := range kinds {
		if entered[in] == 0 {
			continue
		}
		first := in.step
		if in == main {
			first = d.steps[0]
		}
		d.journeys = append(d.journeys, journey{name: "from-" + in.step.name, share: float64(entered[in]) / float64(len(sessions)), steps: d.reachable(first)})
	}
	d.follow(instants, "sessions that begin per minute")
}

// mainEntry returns the kind with which most sessions begin, and puts its step first, where people arrive. Since
// a journey must not fork before that step, it is a copy if people come to it later too.
func (d *draft) mainEntry(kinds []*kind, entered map[*kind]int) *kind {
	main := kinds[0]
	for _, in := range kinds {
		if entered[in] > entered[main] {
			main = in
		}
	}
	again := slices.ContainsFunc(kinds, func(from *kind) bool {
		return slices.ContainsFunc(from.step.next, func(n next) bool { return n.to == main.step.name })
	})
	if !again {
		d.steps = append([]*step{main.step}, slices.DeleteFunc(d.steps, func(s *step) bool { return s == main.step })...)
		return main
	}
	entry := *main.step
	entry.name, entry.think = slug("first-"+main.step.name), ""
	entry.comment = "as " + main.step.name + ", at the beginning of a session"
	entry.path, entry.query, entry.next = cloneLeaves(entry.path), cloneLeaves(entry.query), slices.Clone(entry.next)
	d.steps = append([]*step{&entry}, d.steps...)
	return main
}

func cloneLeaves(leaves []*leaf) []*leaf {
	cloned := make([]*leaf, len(leaves))
	for i, one := range leaves {
		another := *one
		cloned[i] = &another
	}
	return cloned
}

// ways returns where people go after a step. The last way takes all who are left.
func ways(all []*kind, counts map[*kind]int, total int) []next {
	var found []next
	for _, to := range all {
		if counts[to] == 0 {
			continue
		}
		way := next{share: float64(counts[to]) / float64(total)}
		if to != nil {
			way.to = to.step.name
		}
		found = append(found, way)
	}
	if len(found) > 0 {
		found[len(found)-1].share = 0
	}
	return found
}

// reachable returns the names of the steps that people may reach from one, which comes first.
func (d *draft) reachable(start *step) []string {
	names := []string{start.name}
	for i := 0; i < len(names); i++ {
		at := slices.IndexFunc(d.steps, func(s *step) bool { return s.name == names[i] })
		for _, way := range d.steps[at].next {
			if way.to != "" && !slices.Contains(names, way.to) {
				names = append(names, way.to)
			}
		}
	}
	return names
}
