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

// Recording is what a dependency was seen to answer, from which a generic mock can replay it.
type Recording struct {
	Service workload.Distribution `json:"service"` // of the answers' times
	Routes  []Route               `json:"routes"`
}

const (
	recordedRoutes = 10_000    // most answers that are kept
	recordedTimes  = 10_000    // most times that are kept
	recordedBody   = 256 << 10 // most bytes of a body that are kept
	recordedPoints = 50        // of the distribution of the times
)

// recorder passes requests on to the dependency itself and remembers its first answer to each.
type recorder struct {
	context context.Context
	target  string // URL without a slash at its end
	client  fasthttp.Client

	mu    sync.Mutex
	seen  map[string]bool
	kept  []Route
	times []time.Duration
}

func newRecorder(ctx context.Context, target string) (*recorder, error) {
	if !strings.HasPrefix(target, "http://") && !strings.HasPrefix(target, "https://") {
		return nil, fmt.Errorf("%q is no URL of a service; write for example http://127.0.0.1:8080", target)
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

// passing are headers that belong to one connection or one instant, not to the answer.
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

// recording returns what was seen so far.
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
