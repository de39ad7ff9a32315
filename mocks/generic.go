package mocks

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/ombak-sim/ombak/workload/fault"
)

// generic answers by its routes. A body may contain ${path.NAME}, ${query.NAME}, ${body} (of the request),
// ${now} (the mock's clock, RFC 3339) and ${number} (of the request, from 1). Values are escaped within JSON
// strings.
type generic struct {
	context context.Context
	config  Generic
	station *Station
	now     func() time.Time // in scenario time
	served  atomic.Uint64
	shelves map[*Route]*shelf // by route; one without a stock has none
	caller  *caller           // makes its calls; nil if it has none
}

func newGeneric(ctx context.Context, config Generic, station *Station, opens time.Time) (*generic, error) {
	for i, route := range config.Routes {
		if err := route.Validate(); err != nil {
			return nil, fmt.Errorf("%s: routes[%d]: %w", config.Name, i, err)
		}
	}
	now := func() time.Time { return opens.Add(station.clock.scenario()) }
	return &generic{context: ctx, config: config, station: station, now: now, shelves: shelves(config.Routes)}, nil
}

func (g *generic) handle(ctx *fasthttp.RequestCtx) {
	number := g.served.Add(1)
	route, parts := g.find(ctx)
	if route == nil {
		fail(ctx, fasthttp.StatusNotFound, "no route of the mock "+g.config.Name+" matches")
		return
	}
	refusal, err := g.visit(g.context, ctx.Conn())
	switch {
	case err != nil:
		stopped(ctx)
	case refusal != Served:
		refuse(ctx, refusal)
	default:
		defer g.leave()
		if instead := g.caller.call(); instead != nil {
			instead.write(ctx)
			return
		}
		g.reply(ctx, route, parts, number)
	}
}

// visit waits for a server and the service. A mock that makes calls keeps the server until leave.
func (g *generic) visit(ctx context.Context, conn net.Conn) (Refusal, error) {
	if g.caller == nil {
		return g.station.Visit(ctx, conn)
	}
	return g.station.Hold(ctx, conn)
}

// leave frees the server of a request that was served.
func (g *generic) leave() {
	if g.caller != nil {
		g.station.Vacate()
	}
}

func (g *generic) find(ctx *fasthttp.RequestCtx) (*Route, map[string]string) {
	method, path, query := string(ctx.Method()), string(ctx.Path()), string(ctx.URI().QueryString())
	for i := range g.config.Routes {
		if parts, fits := g.config.Routes[i].match(method, path, query); fits {
			return &g.config.Routes[i], parts
		}
	}
	return nil, nil
}

func (g *generic) reply(ctx *fasthttp.RequestCtx, route *Route, parts map[string]string, number uint64) {
	if !g.takes(route, entryOf(ctx)) {
		soldOut(ctx, route.Stock)
		return
	}
	ctx.SetStatusCode(cmp.Or(route.Status, fasthttp.StatusOK))
	ctx.SetContentType("application/json")
	for name, value := range route.Headers {
		ctx.Response.Header.Set(name, value)
	}
	strike := strikeOf(ctx)
	if strike.Has(fault.Stale) {
		ctx.Response.Header.Set("Age", strconv.Itoa(int(strike.Age.Seconds())))
	}
	isJSON := strings.Contains(string(ctx.Response.Header.ContentType()), "json")
	ctx.SetBodyString(expand(route.Body, isJSON, func(name string) (string, bool) {
		kind, key, _ := strings.Cut(name, ".")
		switch kind {
		case "path":
			value, known := parts[key]
			return value, known
		case "query":
			return string(ctx.QueryArgs().Peek(key)), true
		case "body":
			return string(ctx.PostBody()), true
		case "now":
			return g.now().Add(strike.Skew - strike.Age).Format(time.RFC3339Nano), true
		case "number":
			return strconv.FormatUint(number, 10), true
		}
		return "", false
	}))
}

// expand replaces ${name} with its value. A name without a value stays unchanged. Within a JSON string the
// value is escaped.
func expand(text string, isJSON bool, value func(name string) (string, bool)) string {
	var out strings.Builder
	inText := false
	for {
		before, rest, found := strings.Cut(text, "${")
		out.WriteString(before)
		inText = endsInText(before, inText)
		if !found {
			return out.String()
		}
		name, after, closed := strings.Cut(rest, "}")
		put, known := value(name)
		if !closed || !known {
			out.WriteString("${")
			text = rest
			continue
		}
		if isJSON && inText {
			quoted, _ := json.Marshal(put) // a string can always be encoded
			put = string(quoted[1 : len(quoted)-1])
		}
		out.WriteString(put)
		text = after
	}
}

// endsInText reports whether a piece of JSON ends within a string.
func endsInText(piece string, inText bool) bool {
	escaped := false
	for i := range len(piece) {
		switch {
		case escaped:
			escaped = false
		case piece[i] == '\\':
			escaped = inText
		case piece[i] == '"':
			inText = !inText
		}
	}
	return inText
}
