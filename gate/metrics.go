package gate

import "github.com/prometheus/client_golang/prometheus"

// doorCollector exports the counts of the doors.
type doorCollector struct{ gate *Gate }

var (
	doorLabels   = []string{"policy", "at"}
	doorRequests = prometheus.NewDesc("ombak_gate_requests_total", "Requests at the doors, by policy, place and outcome.", append(doorLabels, "outcome"), nil)
	doorLimit    = prometheus.NewDesc("ombak_gate_limit", "Most requests in service behind the door; 0 for policies without a limit.", doorLabels, nil)
	doorInUse    = prometheus.NewDesc("ombak_gate_in_use", "Requests in service behind the door.", doorLabels, nil)
	doorQueued   = prometheus.NewDesc("ombak_gate_queued", "Requests that wait at the door, or people with a place in a waiting room whose turn has not come.", doorLabels, nil)
)

// Describe sends the descriptions.
func (doorCollector) Describe(into chan<- *prometheus.Desc) {
	for _, description := range []*prometheus.Desc{doorRequests, doorLimit, doorInUse, doorQueued} {
		into <- description
	}
}

// Collect sends the counts.
func (c doorCollector) Collect(into chan<- prometheus.Metric) {
	for _, door := range c.gate.Counts() {
		number := func(description *prometheus.Desc, kind prometheus.ValueType, value float64, labels ...string) {
			into <- prometheus.MustNewConstMetric(description, kind, value, append([]string{door.Policy, door.At}, labels...)...)
		}
		number(doorRequests, prometheus.CounterValue, float64(door.Passed), "passed")
		number(doorRequests, prometheus.CounterValue, float64(door.TurnedAway), "turned_away")
		number(doorRequests, prometheus.CounterValue, float64(door.Left), "left")
		number(doorLimit, prometheus.GaugeValue, float64(door.Limit))
		number(doorInUse, prometheus.GaugeValue, float64(door.InUse))
		number(doorQueued, prometheus.GaugeValue, float64(door.Queued))
	}
}
