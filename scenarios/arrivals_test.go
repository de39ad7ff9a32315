package scenarios_test

import (
	"math"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/ombak-sim/ombak/scenarios"
)

// withArrivals returns a scenario of one step with the given arrivals.
func withArrivals(arrivals string) []byte {
	return []byte("schema: ombak.scenario/v1\nname: x\nopens: 2020-04-11T19:00:00+07:00\nseed: 1\narrivals: {step: go, " + arrivals + "}\n" +
		"targets: {web: {}}\njourney:\n  - {name: go, request: {target: web, path: /}}\n")
}

func TestArrivalsFromFilesAndSpikes(t *testing.T) {
	files := fstest.MapFS{
		"counts.csv": {Data: []byte("time,count\n19:00,5\n19:15,7\n19:30,0\n")},
		"marked.csv": {Data: []byte("\xef\xbb\xbftime,count\n19:00,5\n19:15,7\n")},
		"access.log": {Data: []byte("h - - [11/Apr/2020:19:00:00 +0700] \"GET / HTTP/1.1\" 200 5\nh - - [11/Apr/2020:19:00:02 +0700] \"POST /a HTTP/1.1\" 200 5\n")},
	}
	for _, test := range []struct {
		why, arrivals string
		width         time.Duration
		counts        []int
	}{
		{"quarters of an hour", "counts: counts.csv", 15 * time.Minute, []int{5, 7, 0}},
		{"counts of a spreadsheet, which begin with a byte order mark", "counts: marked.csv", 15 * time.Minute, []int{5, 7}},
		{"a log", "access_log: {file: access.log}", time.Second, []int{1, 0, 1}},
		{"a part of a log", `access_log: {file: access.log, match: "POST /a"}`, time.Second, []int{1}},
		// The rate rises to 100/s within 1 s and falls to 10/s in the other 9: 55, and then the trapezoids of
		// the decline.
		{"a spike", "signups: [{for: 10s, from: 10/s, spike: 100/s, to: 10/s}]", time.Second, []int{55, 95, 85, 75, 65, 55, 45, 35, 25, 15}},
	} {
		s, err := scenarios.Parse("x.yaml", withArrivals(test.arrivals), files)
		if err != nil {
			t.Errorf("%s: %v", test.why, err)
			continue
		}
		if signups, _ := s.Arrivals.Bins(); signups.Width != test.width || !slices.Equal(signups.Counts, test.counts) {
			t.Errorf("%s: %+v, want %v per %v", test.why, signups, test.counts, test.width)
		}
	}
}

func TestArrivalsSayWhatIsWrong(t *testing.T) {
	files := fstest.MapFS{"bad.log": {Data: []byte("nonsense\n")}, "counts.csv": {Data: []byte("time,count\n0,1\n1,0\n")}}
	for _, test := range []struct{ arrivals, want string }{
		{"access_log: {file: bad.log}", "bad.log: line 1: the line has no time in brackets"},
		{"access_log: {file: none.log}", `the file "none.log" cannot be read`},
		{"counts: counts.csv, access_log: {file: bad.log}", "give exactly one of counts, access_log, closed, and people"},
		{"counts: counts.csv, totals: exacd", `totals "exacd" is unknown`},
		{"renewal: 1ns, counts: counts.csv", "arrivals.renewal: the mean gap is below 1ms; only the shape matters"},
		{"renewal: 1s, totals: exact, counts: counts.csv", "arrivals.totals: renewal says where people come, so totals has no effect"},
		{"renewal: 1s, mode: even, counts: counts.csv", "arrivals.mode: renewal says where people come, so mode has no effect"},
		{"closed: {people: 3, for: 1s}, counts: counts.csv", "give exactly one of counts, access_log, closed, and people"},
		{"closed: {people: 0, for: 1s}", "arrivals.closed.people: 0 people cannot go round; add people: 20"},
		{"closed: {people: 20_000_000, for: 1s}", "is too large"},
		{"closed: {people: 3}", "add for: 10m"},
		{"closed: {people: 3, for: 1s}, renewal: 1s", "closed and renewal exclude each other"},
		{"signups: [{for: 1s, rate: 1/s, spike: 2/s}]", "a segment needs either a rate, or from and to, or a spike"},
	} {
		if _, err := scenarios.Parse("x.yaml", withArrivals(test.arrivals), files); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.arrivals, err, test.want)
		}
	}
}

// A scale multiplies all arrivals, from rates and from counts.
func TestScaleOfArrivals(t *testing.T) {
	for _, name := range []string{"metastable", "prakerja-2020"} {
		scenario, err := scenarios.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		once, _ := scenario.Arrivals.Bins()
		for _, factor := range []float64{0.5, 1, 1.5} {
			scenario.Arrivals.Scale = factor
			scaled, _ := scenario.Arrivals.Bins()
			if want := float64(once.Total()) * factor; math.Abs(float64(scaled.Total())-want) > 0.5 {
				t.Errorf("%s times %v: %d people, want %v", name, factor, scaled.Total(), want)
			}
		}
	}
}
