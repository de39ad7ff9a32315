package loadgen

import (
	"crypto/tls"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/valyala/fasthttp"
	"golang.org/x/net/http2"
)

// lines holds the connections of the portable wire: those that are idle, by target and by person, and what waits for one.
type lines struct {
	routes  []route
	second  []*http2Clients // by target; nil if HTTP/2 is not requested
	configs []*tls.Config   // for HTTP/1.1, by target; nil for plain HTTP
	limits  Connections
	conns   *connections
	watches *sync.WaitGroup
	most    int // limit of orphans

	mu      sync.Mutex
	idle    [][]*line                        // by target; the one used last comes last
	own     map[owner]*line                  // idle ones of people who have their own; nil if all share
	dialing []int                            // connections being opened, by target
	waiting [][]chan *line                   // what waits, by queue; nil is sent for the permission to open one
	tickets map[owner]tls.ClientSessionCache // of people; nil if nothing is resumed
	orphans int                              // connections of people who have left silently
}

func newLines(p *pool, config Connections, most int) *lines {
	ls := &lines{
		routes: p.routes, limits: config, conns: p.conns, watches: &p.workers, most: most,
		idle: make([][]*line, len(p.routes)), dialing: make([]int, len(p.routes)), waiting: make([][]chan *line, 2*len(p.routes)),
	}
	if config.PerPerson {
		ls.own = map[owner]*line{}
	}
	if !config.NoResume {
		ls.tickets = map[owner]tls.ClientSessionCache{}
	}
	for _, r := range p.routes {
		ls.second = append(ls.second, ls.newHTTP2Clients(r))
		secure := r.secure
		if secure != nil {
			secure = secure.Clone()
			secure.NextProtos, secure.SessionTicketsDisabled = []string{"http/1.1"}, config.NoResume
			if !config.NoResume {
				secure.ClientSessionCache = tls.NewLRUClientSessionCache(0)
			}
		}
		ls.configs = append(ls.configs, secure)
	}
	return ls
}

// newHTTP2Clients returns the clients of a target, or nil if HTTP/2 is not requested.
func (ls *lines) newHTTP2Clients(r route) *http2Clients {
	if !ls.limits.HTTP2 {
		return nil
	}
	longest := ls.limits.Idle
	if life := ls.limits.Life; life > 0 && (longest == 0 || longest > life) {
		longest = max(life, time.Second) // a connection must live to see its first request
	}
	clients := &http2Clients{limit: ls.limits.streams(), life: ls.limits.Life, open: func(key owner, alone bool) *http.Client {
		secure := ls.config(key, alone)
		if secure != nil {
			secure = secure.Clone()
			secure.NextProtos = []string{http2.NextProtoTLS}
		}
		return newHTTP2(secure, r, longest, alone)
	}}
	if ls.own != nil {
		clients.own = map[owner]*http2Client{}
	}
	return clients
}

// config returns the settings of TLS for a connection. Connections that belong to a person have that person's tickets.
func (ls *lines) config(key owner, alone bool) *tls.Config {
	config := ls.configs[key.target]
	if config == nil || !alone || ls.tickets == nil {
		return config
	}
	ls.mu.Lock()
	defer ls.mu.Unlock()
	tickets := ls.tickets[key]
	if tickets == nil {
		tickets = tls.NewLRUClientSessionCache(1)
		ls.tickets[key] = tickets
	}
	config = config.Clone()
	config.ClientSessionCache = tickets
	return config
}

// take returns a connection for a request: an idle one, a new one, or the first that becomes idle while enough are being
// opened.
func (ls *lines) take(work job, target int, cold bool, deadline time.Time) (*line, error) {
	key, alone := owner{work.person, int32(target)}, cold || ls.own != nil
	for !cold {
		l := ls.pick(key)
		if l == nil {
			break
		}
		if l.wake() {
			return l, nil
		}
		_ = l.conn.Close() // the server has closed it
	}
	turn, mayOpen := ls.queue(key, alone)
	if mayOpen {
		return ls.open(key, alone, cold, deadline)
	}
	began := time.Now()
	l, err := ls.await(turn, key, alone, deadline)
	ls.conns.waited(time.Since(began))
	if l != nil || err != nil {
		return l, err
	}
	return ls.open(key, alone, cold, deadline)
}

// pick takes an idle connection out of the lists; nil if there is none. It closes those that are too old.
func (ls *lines) pick(key owner) *line {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	for {
		l := ls.own[key]
		if l != nil {
			delete(ls.own, key)
		} else if idle := ls.idle[key.target]; len(idle) > 0 {
			l, ls.idle[key.target] = idle[len(idle)-1], idle[:len(idle)-1]
		}
		if l == nil || !ls.tooOld(l) {
			return l
		}
		_ = l.conn.Close() // ends its watch, too
	}
}

func (ls *lines) tooOld(l *line) bool {
	return ls.limits.Life > 0 && time.Since(l.opened) > ls.limits.Life || ls.limits.Idle > 0 && time.Since(l.rested) > ls.limits.Idle
}

// queue reports whether a request may open a connection, or else where it waits for one.
func (ls *lines) queue(key owner, alone bool) (turn chan *line, mayOpen bool) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	place := queue(key.target, alone)
	if len(ls.waiting[place]) == 0 && ls.dialing[key.target] < dialable(alone) {
		ls.dialing[key.target]++
		return nil, true
	}
	turn = make(chan *line, 1)
	ls.waiting[place] = append(ls.waiting[place], turn)
	return turn, false
}

// await waits for a connection, or for the permission to open one, which is nil.
func (ls *lines) await(turn chan *line, key owner, alone bool, deadline time.Time) (*line, error) {
	var expired <-chan time.Time
	if !deadline.IsZero() {
		timer := time.NewTimer(time.Until(deadline))
		defer timer.Stop()
		expired = timer.C
	}
	err := error(fasthttp.ErrTimeout)
	select {
	case l := <-turn:
		return l, nil
	case <-expired:
	case <-ls.conns.over.Done():
		err = errCut
	}
	ls.mu.Lock()
	place := queue(key.target, alone)
	at := slices.Index(ls.waiting[place], turn)
	if at >= 0 {
		ls.waiting[place] = slices.Delete(ls.waiting[place], at, at+1)
	}
	ls.mu.Unlock()
	if at < 0 { // its turn has come meanwhile
		if l := <-turn; l != nil {
			ls.rest(l)
		} else {
			ls.settle(key.target)
		}
	}
	return nil, err
}

// open opens a connection, which was counted as being opened before.
func (ls *lines) open(key owner, alone, cold bool, deadline time.Time) (*line, error) {
	conn, err := ls.routes[key.target].connect(ls.config(key, alone), deadline)
	ls.settle(key.target)
	if err != nil {
		return nil, err
	}
	return &line{conn: conn, key: key, cold: cold, opened: time.Now()}, nil
}

// settle records that opening a connection has ended, and lets the next that wait open theirs.
func (ls *lines) settle(target int32) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	ls.dialing[target]--
	for _, alone := range []bool{false, true} {
		place := queue(target, alone)
		for len(ls.waiting[place]) > 0 && ls.dialing[target] < dialable(alone) {
			ls.dialing[target]++
			ls.serve(place, nil)
		}
	}
}

// serve gives the first that waits its turn.
func (ls *lines) serve(place int32, l *line) {
	ls.waiting[place][0] <- l
	ls.waiting[place] = ls.waiting[place][1:]
}

// rest gives a connection to the first request that waits for one, or makes it idle. It closes the connection if its person
// already has an idle one.
func (ls *lines) rest(l *line) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if shared := queue(l.key.target, false); ls.own == nil && len(ls.waiting[shared]) > 0 {
		ls.serve(shared, l)
		return
	}
	if ls.own[l.key] != nil {
		_ = l.conn.Close() // nothing can be done about it
		return
	}
	if ls.own != nil {
		ls.own[l.key] = l
	} else {
		ls.idle[l.key.target] = append(ls.idle[l.key.target], l)
	}
	l.rested, l.watched = time.Now(), make(chan struct{})
	ls.watches.Go(func() { ls.watch(l) })
}

// watch drops an idle connection when it ends.
func (ls *lines) watch(l *line) {
	if !l.watch() {
		return
	}
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if ls.own[l.key] == l {
		delete(ls.own, l.key)
	}
	if at := slices.Index(ls.idle[l.key.target], l); at >= 0 {
		ls.idle[l.key.target] = slices.Delete(ls.idle[l.key.target], at, at+1)
	}
	_ = l.conn.Close() // nothing can be done about it
}

// warm opens n connections to each target in advance. Requests report what fails.
func (ls *lines) warm(n int) {
	for target := range ls.routes {
		for range n {
			if ls.second[target] != nil {
				continue
			}
			ls.mu.Lock()
			ls.dialing[target]++
			ls.mu.Unlock()
			ls.watches.Go(func() {
				if l, err := ls.open(owner{0, int32(target)}, false, false, time.Now().Add(spareTimeout)); err == nil {
					ls.rest(l)
				}
			})
		}
	}
}

// forget closes the connections of a person who has finished, and drops their tickets.
func (ls *lines) forget(person uint64) {
	for target, clients := range ls.second {
		if clients != nil {
			clients.forget(owner{person, int32(target)})
		}
	}
	ls.mu.Lock()
	defer ls.mu.Unlock()
	for target := range ls.routes {
		key := owner{person, int32(target)}
		delete(ls.tickets, key)
		if l := ls.own[key]; l != nil {
			delete(ls.own, key)
			_ = l.conn.Close() // ends its watch, too
		}
	}
}

// leave reports whether one more connection may stay open for a person who has left silently, and counts it.
func (ls *lines) leave() bool {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if ls.orphans >= ls.most {
		return false
	}
	ls.orphans++
	return true
}

func (ls *lines) left() {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	ls.orphans--
}
