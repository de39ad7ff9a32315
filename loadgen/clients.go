package loadgen

import (
	"net/http"
	"sync"

	"github.com/valyala/fasthttp"
)

// clients holds the clients of a pool: for each target one that all people share, one whose connections are used only
// once, or one for each person.
type clients struct {
	routes []route
	most   int
	shared []*fasthttp.HostClient
	fresh  []*fasthttp.HostClient
	second []*http.Client // HTTP/2; nil if not requested

	mu  sync.Mutex
	own map[uint64][]*fasthttp.HostClient // by person; nil if all share
}

func newClients(routes []route, config Connections, most int) *clients {
	c := &clients{routes: routes, most: most}
	for _, r := range routes {
		if config.HTTP2 && r.secure != nil {
			c.second = append(c.second, newHTTP2(r.secure, r.dial, r.limits.Idle))
		} else {
			c.second = append(c.second, nil)
		}
		c.shared, c.fresh = append(c.shared, r.newClient(most)), append(c.fresh, r.newClient(most))
	}
	if config.PerPerson {
		c.own = map[uint64][]*fasthttp.HostClient{}
	}
	return c
}

func (c *clients) http2(target int) *http.Client { return c.second[target] }

// of returns the client for one request. The client of cold requests keeps no connection, because each of these
// requests asks to close it.
func (c *clients) of(target int, person uint64, cold bool) *fasthttp.HostClient {
	switch {
	case cold:
		return c.fresh[target]
	case c.own == nil:
		return c.shared[target]
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	own := c.own[person]
	if own == nil {
		own = make([]*fasthttp.HostClient, len(c.routes))
		c.own[person] = own
	}
	if own[target] == nil {
		own[target] = c.routes[target].newClient(c.most)
	}
	return own[target]
}

func (c *clients) forget(person uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, client := range c.own[person] {
		if client != nil {
			client.CloseIdleConnections()
		}
	}
	delete(c.own, person)
}
