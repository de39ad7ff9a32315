package scenarios

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/ombak-sim/ombak/workload"
)

// number matches a part of a path that identifies one of many things.
var number = regexp.MustCompile(`/([0-9]+|[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{16,})(/|$)`)

// logged is one kind of request in a log.
type logged struct {
	method, path string // of the first request
	statuses     []int  // below 400
	n            int
}

// readLog makes a funnel of the most frequent requests, the most frequent first, and arrivals that follow the
// log minute by minute.
func (d *draft) readLog(text []byte) error {
	d.source = "an access log"
	kinds := map[string]*logged{}
	for i, line := range strings.Split(strings.TrimRight(string(text), "\n"), "\n") {
		read, err := workload.ParseAccessLine(line)
		if err != nil {
			return fmt.Errorf("line %d: %w", i+1, err)
		}
		if !isMethod(read.Method) || !strings.HasPrefix(read.Path, "/") {
			continue
		}
		path, _, _ := strings.Cut(read.Path, "?")
		kind := read.Method + " " + number.ReplaceAllString(number.ReplaceAllString(path, "/N$2"), "/N$2")
		if kinds[kind] == nil {
			kinds[kind] = &logged{method: read.Method, path: read.Path}
		}
		kinds[kind].n++
		if read.Status < 400 && !slices.Contains(kinds[kind].statuses, read.Status) {
			kinds[kind].statuses = append(kinds[kind].statuses, read.Status)
		}
	}
	if len(kinds) == 0 {
		return errors.New("it holds no request")
	}
	d.funnel(kinds)
	return d.follow(text)
}

func isMethod(word string) bool {
	return slices.Contains([]string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}, word)
}

// funnel makes steps. The shares of people who go on are chosen to yield the log's counts.
func (d *draft) funnel(kinds map[string]*logged) {
	order := make([]*logged, 0, len(kinds))
	for _, kind := range kinds {
		order = append(order, kind)
	}
	slices.SortFunc(order, func(a, b *logged) int {
		return cmp.Or(cmp.Compare(b.n, a.n), cmp.Compare(a.path, b.path), cmp.Compare(a.method, b.method))
	})
	target := d.target(&url.URL{Scheme: "http", Host: "127.0.0.1:8080"})
	for i, kind := range order[:min(len(order), maxSteps)] {
		slices.Sort(kind.statuses)
		step := draftStep{
			name: slug(strings.ToLower(kind.method) + "-" + kind.path), comment: fmt.Sprintf("%d of the log's requests", kind.n),
			target: target, method: kind.method, path: kind.path, completed: kind.statuses,
		}
		if i > 0 {
			step.think = "exponential(5s)"
			d.steps[i-1].goOn = float64(kind.n) / float64(order[i-1].n)
		}
		d.add(step)
	}
}

// follow makes arrivals at the first step's rate in each minute of the log.
func (d *draft) follow(text []byte) error {
	path, _, _ := strings.Cut(d.steps[0].path, "?")
	counts, err := workload.ReadAccessLog(bytes.NewReader(text), d.steps[0].method+" "+number.Split(path, 2)[0])
	if err != nil {
		return err
	}
	const most = 240 // pieces
	per := max(60, (len(counts.Counts)+most-1)/most)
	d.arrivals = []string{"signups:   # as in the log; instead: access_log: {file: access.log}"}
	for start := 0; start < len(counts.Counts); start += per {
		end, n := min(start+per, len(counts.Counts)), 0
		for _, count := range counts.Counts[start:end] {
			n += count
		}
		d.arrivals = append(d.arrivals, fmt.Sprintf("  - {for: %ds, rate: %.6g/s}", end-start, float64(n)/float64(end-start)))
	}
	return nil
}
