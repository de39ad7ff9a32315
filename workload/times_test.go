package workload_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/workload"
)

func TestCountsOfAnyGranularity(t *testing.T) {
	for _, test := range []struct {
		why, rows string
		width     time.Duration
	}{
		{"seconds", "0,3\n10,4\n20,0\n", 10 * time.Second},
		{"parts of seconds", "0.5,3\n0.75,4\n1.0,0\n", 250 * time.Millisecond},
		{"durations", "1h,3\n1h15m,4\n1h30m,0\n", 15 * time.Minute},
		{"clock times", "19:00,3\n20:00,4\n21:00,0\n", time.Hour},
		{"instants across midnight", "2020-04-11T23:59:00+07:00,3\n2020-04-12T00:00:00+07:00,4\n2020-04-12T00:01:00+07:00,0\n", time.Minute},
	} {
		signups, visitors, err := workload.ReadCounts(strings.NewReader("time,count\n" + test.rows))
		if err != nil || signups.Width != test.width || !slices.Equal(signups.Counts, []int{3, 4, 0}) || visitors.Total() != 0 {
			t.Errorf("%s: %+v, %v", test.why, signups, err)
		}
	}
}

func TestCountsSayWhatIsWrong(t *testing.T) {
	for _, test := range []struct{ rows, want string }{
		{"0,1\n", "add a last row with the count 0"},
		{"0,1\n10,1\n15,1\n", "line 4: the time 15 lies 5s after the one before; rows must follow at even distances (here 10s)"},
		{"10,1\n0,1\n", "line 3: the time 0 lies -10s after"},
		{"noon,1\n", `line 2: "noon" is not a time`},
		{"0,few\n", `line 2: "few" is not a count`},
		{"0,-1\n", `line 2: "-1" is not a count`},
		{"0\n", "wrong number of fields"},
	} {
		_, _, err := workload.ReadCounts(strings.NewReader("time,count\n" + test.rows))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: %v, want %q", test.rows, err, test.want)
		}
	}
}

const accessLog = `10.0.0.1 - - [11/Apr/2020:19:00:00 +0700] "GET / HTTP/1.1" 200 5
10.0.0.2 - frank [11/Apr/2020:19:00:02 +0700] "POST /signups HTTP/1.1" 202 17 "http://x/" "curl/8"
10.0.0.3 - - [11/Apr/2020:12:00:02 +0000] "POST /signups?a=b HTTP/2.0" 503 -
10.0.0.4 - - [11/Apr/2020:19:00:01 +0700] "GET /x HTTP/1.1" 404 0
10.0.0.5 - - [11/Apr/2020:19:00:03 +0700] "\x16\x03" 400 0
`

func TestAccessLogs(t *testing.T) {
	all, err := workload.ReadAccessLog(strings.NewReader(accessLog), "")
	if err != nil || all.Width != time.Second || !slices.Equal(all.Counts, []int{1, 1, 2, 1}) {
		t.Errorf("%+v, %v", all, err)
	}
	some, err := workload.ReadAccessLog(strings.NewReader(accessLog), "POST /signups")
	if err != nil || !slices.Equal(some.Counts, []int{2}) {
		t.Errorf("%+v, %v", some, err)
	}
	for _, test := range []struct{ log, want string }{
		{"nonsense\n", "line 1: the line has no time in brackets"},
		{`h - - [11/Apr/2020] "GET / HTTP/1.1" 200 5`, "time such as"},
		{`h - - [11/Apr/2020:19:00:00 +0700] GET 200`, "request in quotes"},
		{`h - - [11/Apr/2020:19:00:00 +0700] "GET / HTTP/1.1" many`, "status"},
		{"", `no line of 0 begins its request with "PUT"`},
		{strings.Replace(accessLog, "2020:19:00:00", "2021:19:00:00", 1), "cut out the part to play"},
	} {
		match := ""
		if test.log == "" {
			match = "PUT"
		}
		if _, err := workload.ReadAccessLog(strings.NewReader(test.log), match); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: %v, want %q", test.log, err, test.want)
		}
	}
}

func FuzzReadTimes(f *testing.F) {
	f.Add("0,3\n10,4\n")
	f.Add("19:00,1\n19:15,2\n")
	f.Add("2020-04-11T19:00:00+07:00,1\n2020-04-11T19:00:01+07:00,2\n")
	f.Fuzz(func(t *testing.T, rows string) {
		bins, _, err := workload.ReadCounts(strings.NewReader("time,count\n" + rows))
		if err == nil && (bins.Width <= 0 || len(bins.Counts) < 2 || bins.Total() < 0) {
			t.Errorf("%q became %+v", rows, bins)
		}
	})
}

func FuzzReadAccessLog(f *testing.F) {
	f.Add(accessLog, "POST")
	f.Add(`h - - [11/Apr/2020:19:00:00 +0700] "" 200`, "")
	f.Fuzz(func(t *testing.T, log, match string) {
		bins, err := workload.ReadAccessLog(strings.NewReader(log), match)
		if err == nil && (bins.Total() == 0 || bins.Total() > strings.Count(log, "\n")+1 || bins.Counts[0] == 0) {
			t.Errorf("%q became %+v", log, bins)
		}
	})
}
