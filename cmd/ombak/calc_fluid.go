package main

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ombak-sim/ombak/capacity"
	"github.com/ombak-sim/ombak/workload"
)

func fluid() formula {
	return formula{
		name: "fluid", summary: "the backlog of arrivals beyond the capacity",
		source:  "Newell, Applications of Queueing Theory, 2nd ed., 1982, chapter 2",
		example: "--arrivals 15m,80000/m,80000/m --arrivals 60m,20000/m,20000/m --capacity 60000/m",
		flags: []cli.Flag{
			listFlag("arrivals", "`FOR,FROM,TO`: a piece of the arrival rate, as in 15m,80000/m,80000/m; repeat for each piece, in order"),
			listFlag("capacity", "`RATE`, or pieces as of the arrivals; the last rate stays"),
		},
		figures: []figure{
			{"backlog", "", "most that wait"},
			{"longest_wait", " s", "longest wait, first come first served"},
			{"overloads", "", "each span in which more arrive than can be served: begin, end, clear, backlog, backlog_at, longest_wait, longest_wait_at"},
		},
		compute: computeFluid,
	}
}

func computeFluid(in *inputs) (answer, error) {
	arrivals := in.curve("arrivals")
	var limit workload.Curve
	if given := in.c.StringSlice("capacity"); len(given) == 1 && !strings.Contains(given[0], ",") {
		rate, err := parsePerSecond(given[0])
		if err != nil {
			in.fail(fmt.Errorf("--capacity %q is not a rate; give one per second, or with its unit as in 60000/m", given[0]))
		}
		limit = workload.Curve{{For: time.Second, From: workload.Rate(rate), To: workload.Rate(rate)}}
	} else {
		limit = in.curve("capacity")
	}
	if in.fault != nil {
		return answer{}, in.fault
	}
	overloads, err := capacity.Fluid(arrivals, limit)
	if err != nil {
		return answer{}, err
	}
	var result answer
	var backlog, wait float64
	spans := []map[string]float64{}
	for _, o := range overloads {
		spans = append(spans, map[string]float64{
			"begin": o.Begin, "end": o.End, "clear": o.Clear, "backlog": o.Backlog, "backlog_at": o.BacklogAt, "longest_wait": o.LongestWait, "longest_wait_at": o.LongestWaitAt,
		})
		backlog, wait = math.Max(backlog, o.Backlog), math.Max(wait, o.LongestWait)
		result.notes = append(result.notes, fmt.Sprintf("from %s s to %s s more arrive than can be served: at most %s wait, at %s s; all are served at %s s",
			digits(o.Begin), digits(o.End), digits(o.Backlog), digits(o.BacklogAt), digits(o.Clear)))
	}
	if len(overloads) == 0 {
		result.notes = append(result.notes, "the capacity always suffices")
	}
	result.values = map[string]any{"overloads": spans, "backlog": backlog, "longest_wait": wait}
	return result, nil
}

// curve reads a flag with pieces FOR,FROM,TO.
func (in *inputs) curve(flag string) workload.Curve {
	const form = "FOR,FROM,TO, as in 15m,0,80000/m"
	var curve workload.Curve
	for _, text := range in.c.StringSlice(flag) {
		parts := strings.Split(text, ",")
		if len(parts) != 3 {
			in.fail(fmt.Errorf("--%s %q is not a piece of a curve; write %s", flag, text, form))
			return nil
		}
		span, first := parseSeconds(parts[0])
		from, second := parsePerSecond(parts[1])
		to, third := parsePerSecond(parts[2])
		if errors.Join(first, second, third) != nil {
			in.fail(fmt.Errorf("--%s %q is not a piece of a curve; write %s", flag, text, form))
			return nil
		}
		if !(span > 0 && span <= mostSeconds) {
			in.fail(fmt.Errorf("--%s %q lasts %g s; a piece may last up to %g s", flag, text, span, float64(mostSeconds)))
			return nil
		}
		curve = append(curve, workload.Segment{For: time.Duration(span * float64(time.Second)), From: workload.Rate(from), To: workload.Rate(to)})
	}
	if len(curve) == 0 {
		in.fail(fmt.Errorf("--%s is missing; give one %s for each piece", flag, form))
	}
	return curve
}

// mostSeconds is the longest piece of a curve. Lengths are stored in nanoseconds.
const mostSeconds = 1e9
