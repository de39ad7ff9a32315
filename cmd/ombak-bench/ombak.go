//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/ombak-sim/ombak/report"
)

// figures is the result of one tool in one measurement.
type figures struct {
	name     string
	requests float64 // answered successfully
	cpu      time.Duration
	rss      int64         // bytes
	lag      time.Duration // p99 of the schedule lag; ombak only
	dropped  float64       // people who could not begin; ombak only
	off      time.Duration // p99 of the distance between when requests came and when they were intended; 0 means not measured
	runs     int           // of which the figures are those of the median by CPU time per request; 0 means one
}

// results holds all measurements.
type results struct {
	closed, open    []figures
	journeys, think *figures
}

const head = "schema: ombak.scenario/v1\nname: %s\nopens: 2020-04-11T19:00:00+07:00\nseed: 1\ndrain: 60s\ntargets: {web: {}}\nvalidity: {lag_p99: 10s, dropped: 100%%}\n"

// playAll measures every tool and leaves out those that are not installed.
func (b *bench) playAll(ctx context.Context, million bool) (results, error) {
	var r results
	for _, t := range tools() {
		for _, mode := range []struct {
			into      *[]figures
			arguments func(*bench) []string
		}{{&r.closed, t.closed}, {&r.open, t.open}} {
			f, found, err := b.measure(ctx, t, mode.arguments)
			if err != nil {
				return r, err
			}
			if found {
				*mode.into = append(*mode.into, f)
			}
		}
	}
	single := "journey: [{name: go, request: {target: web, path: /}}]\n"
	closed, err := b.playOmbak(ctx, "closed", fmt.Sprintf("arrivals: {step: go, signups: [{for: %v, rate: 1/s}]}\n", closedFor)+single, "--closed", fmt.Sprint(connections))
	if err != nil {
		return r, err
	}
	open, err := b.playOmbak(ctx, "open", fmt.Sprintf("arrivals: {step: go, mode: poisson, signups: [{for: %v, rate: %d/s}]}\n", openFor, openRate)+single)
	if err != nil {
		return r, err
	}
	r.closed, r.open = append([]figures{closed}, r.closed...), append([]figures{open}, r.open...)
	journeys, err := b.playOmbak(ctx, "journeys", tenSteps())
	if err != nil {
		return r, err
	}
	r.journeys = &journeys
	if !million {
		return r, nil
	}
	think, err := b.playOmbak(ctx, "million", "arrivals: {step: go, signups: [{for: 50s, rate: 20000/s}]}\njourney:\n  - {name: go, request: {target: web, path: /}}\n  - {name: wake, think: 50s, request: {target: web, path: /}}\n")
	r.think = &think
	return r, err
}

// tenSteps returns a journey that extracts a value at every step and sends it with the next.
func tenSteps() string {
	var text strings.Builder
	fmt.Fprintf(&text, "arrivals: {step: s0, signups: [{for: %v, rate: %d/s}]}\njourney:\n", openFor, openRate/10)
	for i := range 10 {
		think, token := "", "none"
		if i > 0 {
			think, token = `think: "uniform(20ms, 80ms)", `, "${got.token}"
		}
		fmt.Fprintf(&text, "  - {name: s%d, %srequest: {target: web, method: POST, path: \"/s%d/%s\", headers: {X-Person: \"${person.nik}\"}, json: {token: \"%s\", name: \"${person.name}\"}, extract: {token: {json: token}}}}\n", i, think, i, token, token)
	}
	return text.String()
}

// playOmbak plays a scenario and reads the report.
func (b *bench) playOmbak(ctx context.Context, name, rest string, flags ...string) (figures, error) {
	scenario := filepath.Join(b.folder, name+".yaml")
	if err := os.WriteFile(scenario, []byte(fmt.Sprintf(head, name)+rest), 0o600); err != nil {
		return figures{}, err
	}
	out := filepath.Join(b.folder, name)
	s, err := b.play(ctx, b.ombak, append([]string{"load", scenario, "--target", b.target, "--out", out, "--quiet"}, flags...)...)
	if err != nil {
		return figures{}, err
	}
	text, err := os.ReadFile(filepath.Join(out, "report.json"))
	if err != nil {
		return figures{}, fmt.Errorf("%w: %s", err, s.output)
	}
	var r report.Report
	if err := json.Unmarshal(text, &r); err != nil {
		return figures{}, err
	}
	f := figures{name: "ombak", dropped: r.Offered.Dropped}
	for _, row := range r.Funnel {
		f.requests += row.Passed
	}
	if g := r.Generator; g != nil && g.CPUS != nil && g.MaxRSSBytes != nil && g.ScheduleLagS != nil {
		f.cpu, f.rss = time.Duration(*g.CPUS*float64(time.Second)), int64(*g.MaxRSSBytes)
		f.lag = time.Duration(g.ScheduleLagS.P99 * float64(time.Second))
	}
	return f, nil
}
