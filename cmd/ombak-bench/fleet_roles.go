//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/ombak-sim/ombak/drill"
	"github.com/ombak-sim/ombak/fleet"
	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/recorder"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
)

// playRole plays a role of the benchmark of fleets until the input ends, and returns the exit code. It is 0 with known = false
// if the arguments are no role.
func playRole(ctx context.Context, arguments []string, in io.Reader, out, errOut io.Writer) (code int, known bool) {
	var err error
	switch {
	case len(arguments) == 1 && arguments[0] == "fleet-server":
		err = serveFleet(ctx, in, out)
	case len(arguments) == 7 && arguments[0] == "fleet-agents":
		err = replayAll(ctx, arguments[1:], in, out)
	case len(arguments) == 4 && arguments[0] == "fleet-conductor":
		err = conductReplay(ctx, arguments[1:], out)
	default:
		return 0, false
	}
	if err != nil {
		fmt.Fprintf(errOut, "%s: %v\n", arguments[0], err)
		return 1, true
	}
	return 0, true
}

// serveFleet runs the NATS server.
func serveFleet(ctx context.Context, in io.Reader, out io.Writer) error {
	server, err := fleet.Serve(ctx, fleet.ServerConfig{Listen: "127.0.0.1:0", Token: fleetToken})
	if err != nil {
		return err
	}
	defer server.Close()
	fmt.Fprintf(out, "nats://%s@%s\n", fleetToken, server.Addr())
	_, err = io.Copy(io.Discard, in)
	return err
}

// busyJourney has 13 steps.
func busyJourney() (journey funnel.Journey) {
	for i := range 13 {
		journey = append(journey, funnel.Step{Name: "step-" + strconv.Itoa(i+1), Kind: funnel.Request})
	}
	return journey
}

// recordedSeconds returns what one shard tells of seconds in which people tried every step.
func recordedSeconds(people, seconds int) (told []recorder.Delta) {
	journey := busyJourney()
	for second := range seconds {
		observers := recorder.NewRecorder(journey, 1, func(delta recorder.Delta) { told = append(told, delta) })
		o, chance := observers.Observer(0), rand.New(rand.NewPCG(5, uint64(second)))
		for person := range people {
			at := time.Duration(chance.Int64N(int64(time.Second) / 2))
			o.Scheduled(at)
			o.Started()
			for step := range journey {
				o.Enter(step, at)
				took := time.Duration((1 + chance.ExpFloat64()) * float64(10*time.Millisecond))
				o.Observe(funnel.Sample{Session: uint64(person), Step: step, Attempt: 1, Intended: at, Start: at + took/10, End: at + took, Reason: 200, Final: true})
			}
		}
		observers.Close()
	}
	return told
}

// replayAll runs agents that replay rows. Each has its own connection and its own file of rows, as on a machine of its own.
func replayAll(ctx context.Context, arguments []string, in io.Reader, out io.Writer) error {
	var numbers [4]int // agents, seconds, people, speed
	for i := range numbers {
		var err error
		if numbers[i], err = strconv.Atoi(arguments[1+i]); err != nil {
			return err
		}
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	carrier := replayer{rows: recordedSeconds(numbers[2], 7), seconds: numbers[1], speed: numbers[3]}
	joined, failed := make(chan struct{}, numbers[0]), make(chan error, numbers[0])
	var running sync.WaitGroup
	defer running.Wait()
	defer stop()
	for i := range numbers[0] {
		name := fmt.Sprintf("agent-%04d", i)
		agent := fleet.Agent{
			Name: name, Roles: []string{fleet.GeneratorRole}, Folder: filepath.Join(arguments[5], name), Build: replayBuild(), Carrier: carrier,
			Joined: func() { joined <- struct{}{} },
		}
		running.Go(func() { failed <- agent.Run(ctx, fleet.Login{URL: arguments[0]}) })
		if i%50 != 49 && i != numbers[0]-1 {
			continue
		}
		for range i%50 + 1 { // a few at a time, because each asks all whether its name is free
			select {
			case <-joined:
			case err := <-failed:
				return errors.Join(err, errors.New("an agent did not join"))
			}
		}
	}
	fmt.Fprintln(out, "joined")
	_, err := io.Copy(io.Discard, in)
	return err
}

// replayer is a carrier whose parts send recorded rows instead of load.
type replayer struct {
	rows           []recorder.Delta
	seconds, speed int
}

// replay is such a part.
type replay struct {
	begun      chan drill.Begin
	stop, over chan struct{}
	once       sync.Once
}

// Start implements [drill.Carrier].
func (r replayer) Start(_ context.Context, _ drill.Order, receive func(drill.Message)) (drill.Part, error) {
	p := &replay{begun: make(chan drill.Begin, 1), stop: make(chan struct{}), over: make(chan struct{})}
	go func() { // ends with the part
		defer close(p.over)
		r.play(p, receive)
		<-p.stop
	}()
	return p, nil
}

// play sends the rows of every second when it ends, as the shards of a generator do.
func (r replayer) play(p *replay, receive func(drill.Message)) {
	var begin drill.Begin
	select {
	case begin = <-p.begun:
	case <-p.stop:
		return
	}
	receive(drill.Message{Begun: &drill.Begun{At: begin.At.Round(0)}})
	for second := range r.seconds {
		select {
		case <-time.After(time.Until(begin.At.Add(time.Duration(second+1) * time.Second))):
		case <-p.stop:
			return
		}
		for k := range r.speed {
			row := r.rows[(second*r.speed+k)%len(r.rows)]
			row.Second = int64(second)
			receive(drill.Message{Delta: &row})
		}
	}
	receive(drill.Message{Done: true})
}

func (p *replay) Await(context.Context, time.Duration) (drill.Ready, error) {
	return drill.Ready{}, nil
}
func (p *replay) Begin(begin drill.Begin) error { p.begun <- begin; return nil }
func (p *replay) Change(drill.Change) error     { return nil }
func (p *replay) Ended() <-chan struct{}        { return p.over }
func (p *replay) Cause() error                  { return errors.New("it was ended") }
func (p *replay) Cost() report.Process          { return report.Process{} }

func (p *replay) End(time.Duration) bool {
	p.once.Do(func() { close(p.stop) })
	<-p.over
	return true
}

// conductReplay conducts one run on all agents, as ombak load does, and says what that took.
func conductReplay(ctx context.Context, arguments []string, out io.Writer) error {
	seconds, err := strconv.Atoi(arguments[1])
	if err != nil {
		return err
	}
	target, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer target.Close()
	live, err := replayedRun(seconds, "http://"+target.Addr().String())
	if err != nil {
		return err
	}
	opened, err := fleet.Open(ctx, fleet.Login{URL: arguments[0]}, fleet.Request{
		Build: replayBuild(), Outline: func(n int) drill.Outline { return drill.OutlineOf(live, n, replayBuild()) },
	})
	if err != nil {
		return err
	}
	defer opened.Close()
	result, before := replayed{}, time.Duration(0)
	messages, bytes := uint64(0), uint64(0)
	began := func(drill.Act) {
		before = ownCPUTime()
		messages, bytes = opened.Received()
	}
	folder, err := os.MkdirTemp(arguments[2], "report-")
	if err != nil {
		return err
	}
	environment := drill.Environment{Folder: folder, Generators: opened.Carriers(), Notice: fleet.Notice, Room: &drill.Room{Acts: began, Post: func(report.Second) {}}}
	r, err := drill.Conduct(ctx, live, environment)
	if err != nil {
		return err
	}
	result.CPU = ownCPUTime() - before
	result.Messages, result.Bytes = opened.Received()
	result.Messages, result.Bytes = result.Messages-messages, result.Bytes-bytes
	result.Lost, result.Behind = r.Offered.Lost, time.Duration((r.DurationS-float64(seconds))*float64(time.Second))
	for _, row := range r.Fleet {
		result.Rows += row.Rows
	}
	opened.Release(ctx)
	return json.NewEncoder(out).Encode(result)
}

// replayedRun returns a live run of 13 steps, to which hardly anybody would come.
func replayedRun(seconds int, target string) (*setup.Live, error) {
	var text strings.Builder
	fmt.Fprintf(&text, "schema: ombak.scenario/v1\nname: replay\nopens: 2020-04-11T19:00:00+07:00\nseed: 1\ndrain: 60s\n"+
		"arrivals: {step: step-1, totals: exact, signups: [{for: %ds, rate: 1/s}]}\ntargets: {web: {}}\njourney:\n", seconds)
	for _, step := range busyJourney() {
		fmt.Fprintf(&text, "  - {name: %s, request: {target: web, path: /}}\n", step.Name)
	}
	scenario, err := scenarios.Parse("replay.yaml", []byte(text.String()), os.DirFS(os.TempDir()))
	if err != nil {
		return nil, err
	}
	return setup.NewLoad(scenario, setup.Options{Targets: map[string]string{"": target}, RunID: "bench"})
}

// ownCPUTime returns the CPU time of this process.
func ownCPUTime() time.Duration {
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage) // it never fails for this process
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
