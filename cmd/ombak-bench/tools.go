//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"time"
)

const (
	connections = 64
	closedFor   = 8 * time.Second
	openFor     = 10 * time.Second
	openRate    = 30_000 // per second
)

// tool is another generator: how to run it and how to read its result.
type tool struct {
	name, program string
	closed, open  func(b *bench) []string // nil if the tool cannot do it
	requests      *regexp.Regexp          // its first group is the count in the tool's output
	input         func(b *bench) error    // writes the tool's input files; may be nil
}

func tools() []tool {
	seconds := func(d time.Duration) string { return strconv.Itoa(int(d.Seconds())) }
	n := strconv.Itoa
	wrk := regexp.MustCompile(`(\d+) requests in `)
	return []tool{
		{name: "wrk", program: "wrk", requests: wrk, closed: func(b *bench) []string {
			return []string{"-t1", "-c" + n(connections), "-d" + seconds(closedFor) + "s", b.target}
		}},
		{name: "wrk2", program: "wrk2", requests: wrk, open: func(b *bench) []string {
			return []string{"-t1", "-c" + n(connections), "-d" + seconds(openFor) + "s", "-R" + n(openRate), b.target}
		}},
		{name: "ab", program: "ab", requests: regexp.MustCompile(`Complete requests:\s+(\d+)`), closed: func(b *bench) []string {
			return []string{"-k", "-q", "-c", n(connections), "-t", seconds(closedFor), "-n", "100000000", b.target + "/"}
		}},
		{
			name: "fortio", program: "fortio", requests: regexp.MustCompile(`All done (\d+) calls`),
			closed: func(b *bench) []string {
				return []string{"load", "-quiet", "-qps", "0", "-c", n(connections), "-t", seconds(closedFor) + "s", b.target}
			},
			open: func(b *bench) []string {
				return []string{"load", "-quiet", "-qps", n(openRate), "-c", n(connections), "-t", seconds(openFor) + "s", b.target}
			},
		},
		{
			name: "bombardier", program: "bombardier", requests: regexp.MustCompile(`"req2xx":(\d+)`),
			closed: func(b *bench) []string {
				return []string{"-c", n(connections), "-d", seconds(closedFor) + "s", "-o", "json", "-p", "r", b.target}
			},
			open: func(b *bench) []string {
				return []string{"-c", n(connections), "-r", n(openRate), "-d", seconds(openFor) + "s", "-o", "json", "-p", "r", b.target}
			},
		},
		{
			name: "plow", program: "plow", requests: regexp.MustCompile(`"2xx":\s*(\d+)`),
			closed: func(b *bench) []string {
				return []string{"-c", n(connections), "-d", seconds(closedFor) + "s", "--json", "--summary", b.target}
			},
			open: func(b *bench) []string {
				return []string{"-c", n(connections), "--rate", n(openRate), "-d", seconds(openFor) + "s", "--json", "--summary", b.target}
			},
		},
		{
			name: "vegeta", program: "vegeta", input: writeVegeta, requests: regexp.MustCompile(`"code":\{?.*"success":(\d+)`),
			closed: func(b *bench) []string {
				return []string{"attack", "-targets", "vegeta.txt", "-rate", "0", "-max-workers", n(connections), "-duration", seconds(closedFor) + "s", "-output", "vegeta.bin"}
			},
			open: func(b *bench) []string {
				return []string{"attack", "-targets", "vegeta.txt", "-rate", n(openRate), "-max-connections", n(connections), "-duration", seconds(openFor) + "s", "-output", "vegeta.bin"}
			},
		},
		{
			name: "k6", program: "k6", input: writeK6, requests: regexp.MustCompile(`REQUESTS (\d+)`),
			closed: func(*bench) []string { return []string{"run", "--quiet", "closed.js"} },
			open:   func(*bench) []string { return []string{"run", "--quiet", "open.js"} },
		},
	}
}

func writeVegeta(b *bench) error {
	return os.WriteFile(filepath.Join(b.folder, "vegeta.txt"), []byte("GET "+b.target+"\n"), 0o600)
}

// writeK6 writes scripts that count answers with status 200.
func writeK6(b *bench) error {
	const script = `import http from 'k6/http';
export const options = {discardResponseBodies: true, scenarios: {all: %s}, summaryTrendStats: ['med']};
export default function () { http.get('%s'); }
export function handleSummary(data) {
  const checks = data.metrics.http_req_failed ? data.metrics.http_req_failed.values.fails : 0;
  return {stdout: 'REQUESTS ' + (checks || 0) + '\n'};
}
`
	closed := fmt.Sprintf("{executor: 'constant-vus', vus: %d, duration: '%v'}", connections, closedFor)
	open := fmt.Sprintf("{executor: 'constant-arrival-rate', rate: %d, timeUnit: '1s', duration: '%v', preAllocatedVUs: %d, maxVUs: 1000}", openRate, openFor, 2*connections)
	for name, scenario := range map[string]string{"closed.js": closed, "open.js": open} {
		if err := os.WriteFile(filepath.Join(b.folder, name), fmt.Appendf(nil, script, scenario, b.target), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// measure runs one tool once. It returns false if the tool is not installed or cannot do this.
func (b *bench) measure(ctx context.Context, t tool, arguments func(*bench) []string) (figures, bool, error) {
	path := b.find(t.program)
	if path == "" || arguments == nil {
		return figures{}, false, nil
	}
	if t.input != nil {
		if err := t.input(b); err != nil {
			return figures{}, false, err
		}
	}
	s, err := b.play(ctx, path, arguments(b)...)
	if err != nil {
		return figures{}, false, err
	}
	f := figures{name: t.name, cpu: s.cpu, rss: s.rss}
	if t.name == "vegeta" {
		f.requests, err = b.vegetaRequests(ctx, path)
		return f, true, err
	}
	match := t.requests.FindStringSubmatch(s.output)
	if match == nil {
		return figures{}, false, fmt.Errorf("%s printed no number of requests: %.500s", t.name, s.output)
	}
	f.requests, err = strconv.ParseFloat(match[1], 64)
	return f, true, err
}

// vegetaRequests counts successful requests in vegeta's own report.
func (b *bench) vegetaRequests(ctx context.Context, path string) (float64, error) {
	s, err := b.play(ctx, path, "report", "-type", "json", "vegeta.bin")
	if err != nil {
		return 0, err
	}
	var report struct {
		Requests float64 `json:"requests"`
		Success  float64 `json:"success"`
	}
	err = json.Unmarshal([]byte(s.output), &report)
	return report.Requests * report.Success, err
}
