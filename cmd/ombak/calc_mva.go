package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ombak-sim/ombak/capacity"
)

func mva() formula {
	return formula{
		name: "mva", summary: "people who think and send requests in turn (mean value analysis)",
		source:  "Reiser, Lavenberg, Journal of the ACM 27(2), 1980; several servers: Buzen, Communications of the ACM 16(9), 1973",
		example: "--population 3 --think 15 --demand cpu=0.605 --demand disk1=2.1 --servers cpu=4 --delay network=20ms --approximate",
		flags: []cli.Flag{
			numberFlag("population", "people, `N`"),
			timeFlag("think", "mean time between an answer and the next request"),
			listFlag("demand", "`NAME=SECONDS` of service that one request needs at a center; repeat for each center"),
			listFlag("delay", "`NAME=SECONDS` that one request spends at a center without a queue"),
			listFlag("servers", "`NAME=N` parallel servers of a center, 1 by default"),
			switchFlag("approximate", "use Schweitzer's approximation, for very many people"),
		},
		figures: []figure{
			{"utilization", "", "busy share of the servers of the busiest center"},
			{"throughput", "/s", "requests through the system"},
			{"response_time", " s", "from sending a request to its answer"},
			{"queue", "", "requests at each center, those in service included"},
		},
		compute: computeMVA,
	}
}

func computeMVA(in *inputs) (answer, error) {
	network := capacity.ClosedNetwork{Population: in.whole("population"), Centers: in.centers()}
	if in.c.IsSet("think") {
		network.Think = in.seconds("think")
	}
	if in.fault != nil {
		return answer{}, in.fault
	}
	solve := network.Exact
	if in.c.Bool("approximate") {
		solve = network.Schweitzer
	}
	solution, err := solve()
	if err != nil {
		return answer{}, err
	}
	queues := make(map[string]float64)
	var busiest capacity.CenterSolution
	for i, center := range solution.Centers {
		queues[center.Name] = center.Queue
		if !network.Centers[i].Delay && center.Utilization >= busiest.Utilization {
			busiest = center
		}
	}
	result := answer{values: map[string]any{"throughput": solution.Throughput, "response_time": solution.ResponseTime, "queue": queues}}
	if busiest.Name != "" {
		result.values["utilization"] = busiest.Utilization
		result.notes = append(result.notes, fmt.Sprintf("the utilization is that of the busiest center, %s", busiest.Name))
	}
	if in.c.Bool("approximate") {
		result.notes = append(result.notes, "approximate: Schweitzer 1979, several servers by Seidmann 1987")
	}
	return result, nil
}

// centers reads --demand NAME=SECONDS, --delay NAME=SECONDS and --servers NAME=N.
func (in *inputs) centers() []capacity.Center {
	var centers []capacity.Center
	at := func(name string) int {
		return slices.IndexFunc(centers, func(c capacity.Center) bool { return c.Name == name })
	}
	for _, flag := range []string{"demand", "delay"} {
		for _, text := range in.c.StringSlice(flag) {
			name, value, _ := strings.Cut(text, "=")
			demand, err := parseSeconds(value)
			switch {
			case name == "" || err != nil:
				in.fail(fmt.Errorf("--%s %q is not a demand; write NAME=SECONDS, as in cpu=0.605 or disk=40ms", flag, text))
			case at(name) >= 0:
				in.fail(fmt.Errorf("--%s names %q twice; give each center once", flag, name))
			}
			centers = append(centers, capacity.Center{Name: name, Demand: demand, Delay: flag == "delay"})
		}
	}
	if len(centers) == 0 {
		in.fail(errors.New("--demand is missing; give one NAME=SECONDS for each center, as in --demand cpu=0.605 --demand disk=2.1"))
	}
	for _, text := range in.c.StringSlice("servers") {
		name, value, _ := strings.Cut(text, "=")
		count, err := strconv.Atoi(value)
		i := at(name)
		switch {
		case err != nil || count < 1:
			in.fail(fmt.Errorf("--servers %q is not a number of servers; write NAME=N, as in cpu=4", text))
		case i >= 0 && centers[i].Servers != 0:
			in.fail(fmt.Errorf("--servers names %q twice; give each center once", name))
		case i < 0:
			in.fail(fmt.Errorf("--servers names %q, which has no --demand; give it one", name))
		default:
			centers[i].Servers = count
		}
	}
	return centers
}
