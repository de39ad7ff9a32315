package scenarios_test

import (
	"strings"
	"testing"
)

// TestModelledKeys: keys that only a simulation plays are taken at stations and dependencies, and mistakes in them are
// reported at their place.
func TestModelledKeys(t *testing.T) {
	for _, test := range []struct{ why, station, step, want string }{
		{"all that go together", "discipline: priority, servers: 2, balk: 0.5, setup: exponential(1ms), pauses: {rate: 1/s, time: 1ms}", "priority: 9, ", ""},
		{"pre-emption with a deadline", "discipline: preemptive, deadline: 1s", "priority: 0, ", ""},
		{"sharing with a queue", "discipline: sharing, queue: 5, balk: 1", "", ""},
		{"a discipline that does not exist", "discipline: random", "", "use fifo, lifo, priority, preemptive or sharing"},
		{"who would balk by less than nothing", "balk: -1", "", "stations.web.balk: requests cannot balk by -1"},
		{"pauses without a time", "pauses: {rate: 1/s}", "", "stations.web.pauses: pauses need a rate and a time, both above 0"},
		{"pauses without a rate", "pauses: {time: 1s}", "", "pauses need a rate and a time"},
		{"two that exclude each other", "discipline: preemptive, pauses: {rate: 1/s, time: 1ms}", "", "discipline: preemptive and pauses exclude each other"},
		{"a batch is none of one", "discipline: sharing, batch: {rows: 3}", "", "discipline: sharing and batch exclude each other"},
		{"a set-up of shared servers", "discipline: sharing, setup: 1ms", "", "stations.web.setup: servers that share their work or serve batches have no setup"},
		{"a deadline where nobody waits", "discipline: sharing, deadline: 1s", "", "nobody waits where the discipline is sharing"},
		{"work that requests share, and that connections take", "together: {within: 5ms, time: 2ms, saved: 20%}, opening: {connection: 1ms, handshake: 4ms}", "", ""},
		{"shared work of no window", "together: {time: 2ms}", "", "stations.web.together: requests that come together share nothing"},
		{"a window without work", "together: {within: 2ms}", "", "requests that come together share nothing"},
		{"more than all is spared", "together: {within: 2ms, saved: 120%}", "", "120%"},
		{"batches that share work", "together: {within: 2ms, time: 1ms}, batch: {rows: 3}", "", "stations.web.together: the requests of a batch share its time already"},
		{"connections that give time", "opening: {connection: -1ms}", "", "stations.web.opening.connection: \"-1ms\" is negative"},
		{"a priority below the first", "", "priority: -1, ", "the priority -1 does not exist; use 0 (first) to 9"},
		{"a priority beyond the last", "", "priority: 10, ", "the priority 10 does not exist"},
	} {
		text := strings.Replace(minimal, "request: {target: web, path: /}", test.step+"request: {target: web, path: /}", 1)
		text = strings.Replace(text, "    "+test.step, "    "+strings.ReplaceAll(test.step, ", ", "\n    "), 1)
		_, err := parse(text + "stations: {web: {service: 1ms, " + test.station + "}}\n")
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: %v, want %q", test.why, err, test.want)
		}
	}
}
