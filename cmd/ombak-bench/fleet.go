//go:build linux

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/ombak-sim/ombak/fleet"
	"github.com/ombak-sim/ombak/report"
)

const (
	fleetBegins = "<!-- make bench-fleet writes what follows -->"
	fleetEnds   = "<!-- until here: bench-fleet -->"
	fleetToken  = "a-token-of-the-benchmark"
)

// replayBuild is the version that conductor and agents of the benchmark say they have.
func replayBuild() report.Build { return report.Build{Version: "bench"} }

// fleetBench, started by make bench-fleet, lets agents replay recorded rows and measures what the conductor needs for them. Server, agents and conductor
// are processes of their own.
type fleetBench struct {
	seconds int // of arrivals
	people  int // of each row, at each of the steps
	speed   int // rows of each agent in a second
	log     io.Writer
}

// replayed is what a conductor says of one run.
type replayed struct {
	Messages uint64        `json:"messages"` // that it received
	Bytes    uint64        `json:"bytes"`
	Rows     float64       `json:"rows"`
	Lost     float64       `json:"lost"` // people
	CPU      time.Duration `json:"cpu"`  // from the beginning to the report
	Behind   time.Duration `json:"behind"`
	memory   int64         // bytes
	server   time.Duration // CPU time of NATS
	agents   int
}

// runFleet runs the program under the name fleet and returns the exit code.
func runFleet(ctx context.Context, arguments []string, out, errOut io.Writer) int {
	flags := flag.NewFlagSet("ombak-bench fleet", flag.ContinueOnError)
	flags.SetOutput(errOut)
	b := fleetBench{log: errOut}
	agents := flags.String("agents", "1,10,100,1000", "how `MANY` agents replay, one run after the other")
	flags.IntVar(&b.seconds, "for", 20, "`SECONDS` of each run")
	flags.IntVar(&b.people, "people", 100, "people at each of 13 steps in a row")
	flags.IntVar(&b.speed, "speed", 1, "rows of each agent in a second; N agents at speed S are as many rows as N × S agents")
	file := flags.String("into", "", "write the table into this `FILE`; by default to standard output")
	if err := flags.Parse(arguments); err != nil || b.seconds < 1 || b.people < 1 || b.speed < 1 {
		fmt.Fprintln(errOut, "ombak-bench fleet: give whole numbers above 0, as in -agents 1,10 -for 20 -people 100 -speed 1")
		return 2
	}
	if err := b.measureAll(ctx, *agents, *file, out); err != nil {
		fmt.Fprintf(errOut, "ombak-bench fleet: %v\n", err)
		return 1
	}
	return 0
}

func (b fleetBench) measureAll(ctx context.Context, agents, file string, out io.Writer) error {
	var all []replayed
	for _, text := range strings.Split(agents, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > fleet.MostGenerators {
			return fmt.Errorf("%q is not a number of agents from 1 to %d", text, fleet.MostGenerators)
		}
		one, err := b.measure(ctx, n)
		if err != nil {
			return err
		}
		all = append(all, one)
	}
	table := b.markdown(all)
	if file == "" {
		_, err := io.WriteString(out, table)
		return err
	}
	return replaceBetween(file, table, fleetBegins, fleetEnds)
}

// measure plays one run with a number of agents.
func (b fleetBench) measure(ctx context.Context, n int) (result replayed, err error) {
	fmt.Fprintf(b.log, "%d agents\n", n)
	server, err := startRole(ctx, "fleet-server")
	if err != nil {
		return result, err
	}
	defer server.end() //nolint:errcheck // ended below unless something failed before
	folder, err := os.MkdirTemp("", "ombak-bench-fleet-")
	if err != nil {
		return result, err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	agents, err := startRole(ctx, "fleet-agents", server.said, strconv.Itoa(n), strconv.Itoa(b.seconds), strconv.Itoa(b.people), strconv.Itoa(b.speed), folder)
	if err != nil {
		return result, err
	}
	defer agents.end() //nolint:errcheck // likewise
	conductor, err := startRole(ctx, "fleet-conductor", server.said, strconv.Itoa(b.seconds), folder)
	if err != nil {
		return result, err
	}
	if err := json.Unmarshal([]byte(conductor.said), &result); err != nil {
		return result, err
	}
	result.agents = n
	if result.memory, _, err = conductor.end(); err != nil {
		return result, err
	}
	if _, _, err = agents.end(); err != nil {
		return result, err
	}
	_, result.server, err = server.end()
	return result, err
}

// role is a process of this program.
type role struct {
	command *exec.Cmd
	input   io.Closer
	said    string // its first line
}

// startRole starts this program in a role and waits for its first line.
func startRole(ctx context.Context, name string, arguments ...string) (*role, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	r := &role{command: exec.CommandContext(ctx, self, append([]string{name}, arguments...)...)}
	r.command.Stderr = os.Stderr
	if r.input, err = r.command.StdinPipe(); err != nil {
		return nil, err
	}
	output, err := r.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := r.command.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		_, _, failed := r.end()
		return nil, fmt.Errorf("%s said nothing: %w", name, errors.Join(err, failed))
	}
	r.said = strings.TrimSpace(line)
	return r, nil
}

// end ends the process, and returns its largest memory and its CPU time.
func (r *role) end() (memory int64, cpu time.Duration, err error) {
	_ = r.input.Close() // ends it
	err = r.command.Wait()
	if state := r.command.ProcessState; state != nil {
		cpu = state.UserTime() + state.SystemTime()
		if usage, ok := state.SysUsage().(*syscall.Rusage); ok {
			memory = usage.Maxrss * 1024
		}
	}
	return memory, cpu, err
}

// markdown writes the table.
func (b fleetBench) markdown(all []replayed) string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s\n\nMeasured on %s, on %s, for %d s each, all processes on the same cores. A row has %d people at each of 13 steps; each agent sent %d a second.\n\n"+
		"| agents | messages/s | MB/s | conductor's CPU per agent-second | its cores in use | its memory | NATS' CPU per agent-second | last row late by |\n|--:|--:|--:|--:|--:|--:|--:|--:|\n",
		fleetBegins, machine(), time.Now().UTC().Format("2006-01-02"), b.seconds, b.people, b.speed)
	for _, one := range all {
		seconds := float64(b.seconds)
		each := time.Duration(float64(one.agents * b.seconds * b.speed)) // agent-seconds
		fmt.Fprintf(&text, "| %d | %.0f | %.2f | %v | %.2f | %d MB | %v | %v |\n", one.agents, float64(one.Messages)/seconds, float64(one.Bytes)/seconds/1e6,
			(one.CPU / each).Round(time.Microsecond), one.CPU.Seconds()/seconds, one.memory>>20, (one.server / each).Round(time.Microsecond), one.Behind.Round(10*time.Millisecond))
	}
	fmt.Fprintf(&text, "\n%s\n", fleetEnds)
	return text.String()
}
