package recorder

import "github.com/ombak-sim/ombak/report"

// AgentSeconds turns what one of several generators sees into its part of the rows of the feed. Every Delta is in exactly one
// row.
type AgentSeconds struct {
	now report.SecondAgent
	lag Sparse
}

// Add adds what the generator saw. The Delta must be valid.
func (s *AgentSeconds) Add(delta Delta) {
	s.now.Scheduled += delta.Scheduled
	s.now.Started += delta.Started
	s.now.Dropped += delta.Dropped
	s.now.Finished += delta.Finished
	s.lag = s.lag.plus(delta.Lag)
}

// Cut returns what was seen since the last Cut.
func (s *AgentSeconds) Cut(agent string) report.SecondAgent {
	row := s.now
	row.Agent, row.Lag = agent, s.lag.inSecond()
	*s = AgentSeconds{}
	return row
}

// inSecond returns the delays of a row of the feed, or nil if there are none.
func (s Sparse) inSecond() *report.SecondLag {
	if len(s) == 0 {
		return nil
	}
	values := s.quantiles(50, 99, 100)
	return &report.SecondLag{P50: seconds(values[0]), P99: seconds(values[1]), Max: seconds(values[2])}
}
