package mocks

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/ombak-sim/ombak/workload"
)

// Recording holds a dependency's observed answers, which a generic mock can replay.
type Recording struct {
	Service workload.Distribution `json:"service"` // of the answers' response times
	Routes  []Route               `json:"routes"`
}

const (
	recordedRoutes = 10_000    // limit of stored answers
	recordedTimes  = 10_000    // limit of stored times
	recordedBody   = 256 << 10 // limit of a stored body, in bytes
	recordedPoints = 50        // points of the distribution of times
)

// recorder forwards requests to the real dependency and stores its first answer to each.
type recorder struct {
	context context.Context
	target  string // URL without a trailing slash
	client  fasthttp.Client

	mu    sync.Mutex
	seen  map[string]bool
	kept  []Route
	times []time.Duration
}

func newRecorder(ctx context.Context, target string) (*recorder, error) {
	if !strings.HasPrefix(target, "http://") && !strings.HasPrefix(target, "https://") {
		return nil, fmt.Errorf("%q is not the URL of a service; use one such as http://127.0.0.1:8080", target)
	}
	return &recorder{
		context: ctx, target: strings.TrimSuffix(target, "/"), seen: make(map[string]bool),
		client: fasthttp.Client{NoDefaultUserAgentHeader: true, ReadTimeout: time.Minute, WriteTimeout: time.Minute},
	}, nil
}

func (r *recorder) handle(ctx *fasthttp.RequestCtx) {
	request, response := fasthttp.AcquireRequest(), &ctx.Response
	defer fasthttp.ReleaseRequest(request)
	ctx.Request.CopyTo(request)
	request.SetRequestURI(r.target + string(ctx.RequestURI()))
	begun := time.Now()
	if err := r.client.Do(request, response); err != nil {
		fail(ctx, fasthttp.StatusBadGateway, "the dependency did not answer: "+err.Error())
		return
	}
	r.keep(ctx, time.Since(begun))
}

// passing reports whether a header belongs to one connection or one instant, not to the answer.
func passing(name string) bool {
	return slices.Contains([]string{"connection", "keep-alive", "date", "content-length", "transfer-encoding", "set-cookie", "server"}, strings.ToLower(name))
}

func (r *recorder) keep(ctx *fasthttp.RequestCtx, took time.Duration) {
	method, path, query := string(ctx.Method()), string(ctx.Path()), string(ctx.URI().QueryString())
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.times) < recordedTimes {
		r.times = append(r.times, took)
	}
	key := method + " " + path + "?" + query
	body := ctx.Response.Body()
	if r.seen[key] || len(r.kept) == recordedRoutes || len(body) > recordedBody {
		return
	}
	r.seen[key] = true
	route := Route{Method: method, Path: path, Query: query, Status: ctx.Response.StatusCode(), Headers: map[string]string{}, Body: string(body)}
	for name, value := range ctx.Response.Header.All() {
		if !passing(string(name)) {
			route.Headers[string(name)] = string(value)
		}
	}
	r.kept = append(r.kept, route)
}

// recording returns what was observed so far.
func (r *recorder) recording() (Recording, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	recording := Recording{Routes: slices.Clone(r.kept)}
	if len(r.times) == 0 {
		return recording, nil
	}
	times := slices.Sorted(slices.Values(r.times))
	points := min(recordedPoints, len(times))
	texts := make([]string, points)
	for i := range points {
		texts[i] = times[(2*i+1)*len(times)/(2*points)].Round(time.Microsecond).String()
	}
	var err error
	recording.Service, err = workload.ParseDistribution("empirical(" + strings.Join(texts, ", ") + ")")
	return recording, err
}
