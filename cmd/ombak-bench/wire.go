//go:build linux

package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	wireBegins = "<!-- make bench-load writes the wires after this line -->"
	wireEnds   = "<!-- end of the wires -->"
)

// wireCase is one way to load nginx.
type wireCase struct {
	title  string
	rate   int    // requests per second
	secure bool   // over TLS
	fresh  bool   // a new connection for each request, with a full handshake
	second bool   // over HTTP/2
	call   bool   // of gRPC, in place of nginx
	clocks bool   // measure how far off the tools send, too
	how    string // the scenario's connections
	goals  bool   // whether a run must drop nobody, stay within 5 ms and take at most 80 MB
	bounds []bound
}

// bound is the most CPU per request, in that of another tool.
type bound struct {
	tool string
	most float64
}

// streams is how many requests HTTP/2 has under way on a connection.
const streams = 16

func wireCases() []wireCase {
	const insecure = "tls: {insecure: true}"
	second := fmt.Sprintf("http2: true, streams: %d, %s", streams, insecure)
	return []wireCase{
		{title: "HTTP, kept alive", rate: 2_000, clocks: true, bounds: []bound{{"bombardier", 1.1}}},
		{title: "HTTP, kept alive", rate: 8_000, clocks: true, bounds: []bound{{"bombardier", 1.1}}},
		{title: "HTTPS, kept alive", rate: 8_000, secure: true, how: insecure, goals: true, bounds: []bound{{"bombardier", 1.25}}},
		{title: "HTTPS, kept alive", rate: 15_000, secure: true, how: insecure, goals: true, bounds: []bound{{"bombardier", 1.25}}},
		{title: "HTTPS, a full handshake for each request", rate: 500, secure: true, fresh: true, how: "cold: 100%, resume: false, " + insecure, bounds: []bound{{"bombardier", 1.25}}},
		{title: "HTTP/2 over TLS", rate: 8_000, secure: true, second: true, clocks: true, how: second, goals: true, bounds: []bound{{"h2load", 2}, {"vegeta", 0.4}}},
		{title: "HTTP/2 over TLS", rate: 30_000, secure: true, second: true, how: second, bounds: []bound{{"h2load", 2}}},
		{title: "gRPC, unary", rate: 8_000, call: true, bounds: []bound{{"ghz", 0.5}}},
	}
}

// wireBench plays all cases and holds what they gave.
type wireBench struct {
	bench
	rounds int
	length time.Duration // of one run
	only   string        // a part of the titles of the cases that are played; empty means all
}

// runWire compares the generator with others against nginx.
func runWire(ctx context.Context, arguments []string, out, errOut io.Writer) int {
	flags := flag.NewFlagSet("ombak-bench wire", flag.ContinueOnError)
	flags.SetOutput(errOut)
	b := wireBench{bench: bench{log: errOut}}
	flags.StringVar(&b.ombak, "ombak", "", "the ombak `PROGRAM`")
	flags.StringVar(&b.peers, "peers", "", "a `FOLDER` of other generators, besides those on the PATH")
	flags.IntVar(&b.rounds, "rounds", 5, "play every tool `N` times, in turns")
	flags.DurationVar(&b.length, "for", 6*time.Second, "how `LONG` one run loads")
	flags.StringVar(&b.only, "only", "", "play the cases whose title has this `TEXT`")
	file := flags.String("into", "", "write the tables into this `FILE`; by default to standard output")
	if err := flags.Parse(arguments); err != nil || b.ombak == "" || b.rounds < 1 {
		fmt.Fprintln(errOut, "ombak-bench wire: -ombak is missing; give the program, or run make bench-load")
		return 2
	}
	if err := b.compare(ctx, *file, out); err != nil {
		fmt.Fprintf(errOut, "ombak-bench wire: %v\n", err)
		return 1
	}
	return 0
}

func (b *wireBench) compare(ctx context.Context, file string, out io.Writer) (err error) {
	program := b.find("nginx")
	if program == "" {
		return errors.New("nginx is not installed; run make bench-load, which installs it")
	}
	for _, path := range []*string{&b.ombak, &b.peers} { // tools run in another working directory
		if *path != "" {
			if *path, err = filepath.Abs(*path); err != nil {
				return err
			}
		}
	}
	if b.folder, err = os.MkdirTemp("", "ombak-bench-"); err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(b.folder) }()
	var tables, goals strings.Builder
	for _, one := range wireCases() {
		if !strings.Contains(one.title, b.only) {
			continue
		}
		played, err := b.playCase(ctx, program, one)
		if err != nil {
			return err
		}
		if len(played) == 0 {
			continue
		}
		tables.WriteString(b.table(one, played))
		goals.WriteString(one.judge(played))
	}
	text := fmt.Sprintf("%s\n\nMeasured on %s, on %s, against nginx on the same cores. Each line is the median of %d runs of %v by CPU time "+
		"per request; the tools took turns.\n%s\n### Goals of the wires\n\n| figure | bound | measured | |\n|---|---|---|---|\n%s\n%s\n",
		wireBegins, machine(), time.Now().UTC().Format("2006-01-02"), b.rounds, b.length, tables.String(), goals.String(), wireEnds)
	if file == "" {
		_, err = io.WriteString(out, text)
		return err
	}
	return replaceBetween(file, text, wireBegins, wireEnds)
}

// playCase lets the tools play one case in turns, and returns each tool's median run, ombak's first. A tool that fails is
// left out.
func (b *wireBench) playCase(ctx context.Context, nginx string, one wireCase) ([]figures, error) {
	start := func() (func(), error) { return b.startNginx(ctx, nginx, one) }
	if one.call {
		start = func() (func(), error) { return b.startCallee(ctx) }
	}
	stop, err := start()
	if errors.Is(err, errMissing) {
		fmt.Fprintf(b.log, "%s is left out: %v\n", one.title, err)
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer stop()
	runs := map[string][]figures{}
	order := []string{"ombak"}
	for round := range b.rounds {
		own, err := b.playOmbak(ctx, fmt.Sprintf("wire-%d-%v-%v-%v-%d", one.rate, one.secure, one.second, one.call, round), b.scenario(one))
		if err != nil {
			return nil, err
		}
		runs["ombak"] = append(runs["ombak"], own)
		for _, t := range append(tools(), wireTools()...) {
			arguments := b.arguments(one)[t.name]
			f, found, err := b.measure(ctx, t, arguments)
			if err != nil {
				fmt.Fprintf(b.log, "%s is left out of this round: %v\n", t.name, err)
			}
			if err != nil || !found {
				continue
			}
			if len(runs[t.name]) == 0 {
				order = append(order, t.name)
			}
			runs[t.name] = append(runs[t.name], f)
		}
	}
	var played []figures
	for _, name := range order {
		played = append(played, median(runs[name]))
	}
	if one.clocks {
		err = b.playClocked(ctx, one, played)
	}
	return played, err
}

func (b *wireBench) scenario(one wireCase) string {
	request := "path: /"
	if one.call {
		request = "grpc: {method: " + calledMethod + ", proto: test.proto, message: {}}"
	}
	return fmt.Sprintf("arrivals: {step: go, mode: poisson, signups: [{for: %v, rate: %d/s}]}\njourney: [{name: go, request: {target: web, %s}}]\nconnections: {%s}\n", b.length, one.rate, request, one.how)
}

// median returns the run with the median CPU time per request.
func median(runs []figures) figures {
	slices.SortFunc(runs, func(a, b figures) int { return cmp.Compare(a.perRequest(), b.perRequest()) })
	f := runs[len(runs)/2]
	f.runs = len(runs)
	return f
}

// arguments returns how the tools are called, by name.
func (b *wireBench) arguments(one wireCase) map[string]func(*bench) []string {
	or := func(flag string, arguments ...string) []string {
		if one.fresh {
			return append(strings.Split(flag, "|"), arguments...)
		}
		return arguments
	}
	if one.call || one.second {
		return b.secondArguments(one)
	}
	length, rate, most := fmt.Sprintf("%ds", int(b.length.Seconds())), fmt.Sprint(one.rate), fmt.Sprint(connections)
	return map[string]func(*bench) []string{
		"bombardier": func(b *bench) []string {
			return or("-H|Connection: close", "-k", "-c", most, "-r", rate, "-d", length, "-o", "json", "-p", "r", b.target)
		},
		"fortio": func(b *bench) []string {
			return append([]string{"load"}, or("-keepalive=false", "-k", "-quiet", "-qps", rate, "-c", most, "-t", length, b.target)...)
		},
		"vegeta": func(*bench) []string {
			return append([]string{"attack"}, or("-keepalive=false", "-insecure", "-targets", "vegeta.txt", "-rate", rate, "-max-connections", most, "-duration", length, "-output", "vegeta.bin")...)
		},
	}
}

// table writes one case, ombak first.
func (b *wireBench) table(one wireCase, played []figures) string {
	var text strings.Builder
	fmt.Fprintf(&text, "\n### %s, %d requests per second\n\n", one.title, one.rate)
	head, rule := "", ""
	if one.clocks {
		head, rule = " sent off by, p99 |", "---|"
	}
	fmt.Fprintf(&text, "| tool | answered of %d | CPU µs per request | ombak's to it | most memory | runs |%s\n|---|---|---|---|---|---|%s\n", one.rate*int(b.length.Seconds()), head, rule)
	for _, f := range played {
		fmt.Fprintf(&text, "| %s | %.0f | %.1f | %.2f | %d MB | %d |", f.name, f.requests, f.perRequest().Seconds()*1e6, float64(played[0].perRequest())/float64(f.perRequest()), f.rss>>20, f.runs)
		if one.clocks {
			fmt.Fprintf(&text, " %.2f ms |", f.off.Seconds()*1000)
		}
		text.WriteByte('\n')
	}
	return text.String()
}

// judge compares ombak's run with the goals of the case, a line each.
func (one wireCase) judge(played []figures) string {
	var text strings.Builder
	own, name := played[0], fmt.Sprintf("%s, %d/s", one.title, one.rate)
	line := func(figure, bound, measured string, holds bool) {
		mark := "reached"
		if !holds {
			mark = "**not reached**"
		}
		fmt.Fprintf(&text, "| %s: %s | %s | %s | %s |\n", name, figure, bound, measured, mark)
	}
	if one.goals {
		line("people dropped", "0", fmt.Sprintf("%.0f", own.dropped), own.dropped == 0)
		line("schedule lag p99", "5 ms", fmt.Sprintf("%.2f ms", own.lag.Seconds()*1000), own.lag <= 5*time.Millisecond)
		line("memory", "80 MB", fmt.Sprintf("%d MB", own.rss>>20), own.rss <= 80<<20)
	}
	for _, bound := range one.bounds {
		if i := slices.IndexFunc(played, func(f figures) bool { return f.name == bound.tool }); i > 0 {
			ratio := float64(own.perRequest()) / float64(played[i].perRequest())
			line("CPU per request to "+bound.tool+"'s", fmt.Sprintf("%.2f", bound.most), fmt.Sprintf("%.2f", ratio), ratio <= bound.most)
		}
	}
	return text.String()
}
