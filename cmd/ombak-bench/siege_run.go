//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/ombak-sim/ombak/report"
)

// silence is a run whose people wait a second for an answer.
const silence = "schema: ombak.scenario/v1\nname: silence\nopens: 2020-04-11T19:00:00+07:00\nseed: 1\ndrain: 5s\n" +
	"arrivals: {step: go, totals: exact, signups: [{for: 2s, rate: 50/s}]}\ntargets: {web: {}}\n" +
	"journey: [{name: go, timeout: 1s, request: {target: web, path: /}}]\nvalidity: {lag_p99: 60s, dropped: 1, unsent: 1}\n"

// playRun plays a run against a service that takes connections and says nothing. A run that does not end in time is hung, and a
// person who was not sent in vain is lost.
func (s *siege) playRun(r *siegeRound, scheme string) error {
	service, err := newWire("")
	if err != nil {
		return err
	}
	defer service.close()
	const patience = 60 * time.Second // for a run of 7 s
	ctx, cancel := context.WithTimeout(r.ctx, patience)
	defer cancel()
	out := filepath.Join(s.folder, fmt.Sprintf("silence-%d", r.books.rounds))
	defer func() { _ = os.RemoveAll(out) }() // otherwise it goes with its parent
	played, err := s.bench.play(ctx, s.ombak, "load", "silence.yaml", "--target", scheme+"://"+service.address, "--out", out, "--quiet")
	if ctx.Err() != nil && r.ctx.Err() == nil {
		r.books.hung++
		return nil
	}
	if err != nil {
		return err
	}
	lost, err := unaccounted(filepath.Join(out, "report.json"))
	if err != nil {
		return fmt.Errorf("%w: %s", err, played.output)
	}
	r.books.lost += lost
	return nil
}

// unaccounted returns how many people of a run against a silent service were neither sent in vain nor dropped.
func unaccounted(path string) (int, error) {
	file, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	result, err := report.Read(file)
	if err != nil {
		return 0, err
	}
	if len(result.Funnel) == 0 || result.Offered.Scheduled == 0 {
		return 0, fmt.Errorf("the report %s is of nobody", path)
	}
	return int(result.Offered.Scheduled - result.Offered.Dropped - result.Funnel[0].TimedOut), nil
}
