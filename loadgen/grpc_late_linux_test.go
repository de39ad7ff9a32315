package loadgen

import (
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/ombak-sim/ombak/journey"
	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/workload"
)

// A call counts as what it was answered before its deadline, and has timed out from then on, even if the answer is good.
func TestCallsThatEndTooLate(t *testing.T) {
	g, err := New(Config{
		Journey: journey.Config{Steps: []journey.Step{{Name: "go", Kind: funnel.Request}}},
		People:  1, Signups: workload.Arrivals{Bins: workload.Bins{Counts: []int{1}}},
		Requests: []Request{{Target: "web", GRPC: &GRPC{Method: healthService + "/Check"}, Completed: []int{int(funnel.ReasonGRPC)}}},
		Targets:  map[string]string{"web": "http://127.0.0.1:1"},
	}, func(int) funnel.Observer { return nil })
	if err != nil {
		t.Fatal(err)
	}
	const start, timeout = time.Minute, time.Second
	for _, test := range []struct {
		why     string
		timeout time.Duration
		end     time.Duration
		code    codes.Code
		outcome funnel.Outcome
		reason  string
	}{
		{"just in time", timeout, start + timeout - 1, codes.OK, funnel.Completed, "OK"},
		{"at the deadline", timeout, start + timeout, codes.OK, funnel.TimedOut, "timeout"},
		{"the server's deadline before ours", timeout, start + timeout - 1, codes.DeadlineExceeded, funnel.Failed, "DEADLINE_EXCEEDED"},
		{"the server's deadline is ours", timeout, start + timeout, codes.DeadlineExceeded, funnel.TimedOut, "timeout"},
		{"no deadline", 0, start + time.Hour, codes.OK, funnel.Completed, "OK"},
	} {
		e := &epoll{composer: composer{generator: g}}
		call := &stream{job: job{timeout: test.timeout}, start: start, status: 200, reply: &reply{spoken: true, trailed: true, status: test.code, messages: 1}}
		answer := completion{start: start, end: test.end}
		e.judgeCall(newH2Conn(1), call, &answer)
		if answer.answer.Outcome != test.outcome || answer.reason.String() != test.reason {
			t.Errorf("%s: %v for %v; want %v for %s", test.why, answer.answer.Outcome, answer.reason, test.outcome, test.reason)
		}
	}
}
