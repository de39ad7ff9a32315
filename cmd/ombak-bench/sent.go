//go:build linux

package main

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
)

// arrivals notes when requests come.
type arrivals struct {
	began time.Time
	at    []time.Duration
	next  atomic.Int64
}

func (a *arrivals) note() {
	if place := a.next.Add(1) - 1; int(place) < len(a.at) {
		a.at[place] = time.Since(a.began)
	}
}

// off returns how far the 99th of a hundred requests comes from its instant, earlier or later. Requests are intended at
// equal gaps. The first instant is the one from which the middle request is not off: the way to the target, and when the
// tool began, are no errors.
func (a *arrivals) off(rate int) time.Duration {
	came := a.at[:min(int(a.next.Load()), len(a.at))]
	if len(came) == 0 {
		return 0
	}
	slices.Sort(came)
	errors := make([]time.Duration, len(came))
	for i, at := range came {
		errors[i] = at - time.Duration(i)*time.Second/time.Duration(rate)
	}
	slices.Sort(errors)
	middle := errors[len(errors)/2]
	for i := range errors {
		errors[i] = (errors[i] - middle).Abs()
	}
	slices.Sort(errors)
	return errors[len(errors)*99/100]
}

// playClocked lets the tools play a case at a target that notes when requests come, in turns, and writes into their
// figures how far off they send.
func (b *wireBench) playClocked(ctx context.Context, one wireCase, played []figures) error {
	offs := map[string][]time.Duration{}
	for range b.rounds {
		for _, f := range played {
			off, found, err := b.playOnce(ctx, one, f.name)
			if err != nil {
				return err
			}
			if found {
				offs[f.name] = append(offs[f.name], off)
			}
		}
	}
	for i := range played {
		if all := offs[played[i].name]; len(all) > 0 {
			slices.Sort(all)
			played[i].off = all[len(all)/2]
		}
	}
	return nil
}

func (b *wireBench) playOnce(ctx context.Context, one wireCase, name string) (time.Duration, bool, error) {
	came := &arrivals{began: time.Now(), at: make([]time.Duration, 2*one.rate*int(b.length.Seconds()))}
	target, stop, err := came.serve(one)
	if err != nil {
		return 0, false, err
	}
	defer stop()
	nginx := b.target
	b.target = target
	defer func() { b.target = nginx }()
	if name == "ombak" {
		_, err := b.playOmbak(ctx, "clocked", strings.Replace(b.scenario(one), "mode: poisson", "mode: even", 1))
		return came.off(one.rate), true, err
	}
	for _, t := range append(tools(), wireTools()...) {
		if t.name == name {
			_, found, err := b.measure(ctx, t, b.arguments(one)[name])
			return came.off(one.rate), found, err
		}
	}
	return 0, false, nil
}

// serve answers the requests of a case, and notes when they come.
func (a *arrivals) serve(one wireCase) (target string, stop func(), err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	stop = func() { _ = listener.Close() } // the process ends soon
	answer := []byte(`{"status":"ok"}`)
	if !one.second {
		go func() {
			_ = fasthttp.Serve(listener, func(c *fasthttp.RequestCtx) { a.note(); c.SetBody(answer) }) // until the listener closes
		}()
		return "http://" + listener.Addr().String(), stop, nil
	}
	certificate, key, err := selfSigned()
	if err != nil {
		stop()
		return "", nil, err
	}
	pair, err := tls.X509KeyPair([]byte(certificate), []byte(key))
	if err != nil {
		stop()
		return "", nil, err
	}
	server := &http.Server{
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{pair}},
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			a.note()
			_, _ = w.Write(answer) // the client may be gone
		}),
	}
	go func() { _ = server.ServeTLS(listener, "", "") }() // likewise
	return "https://" + listener.Addr().String(), func() { _ = server.Close() }, nil
}
