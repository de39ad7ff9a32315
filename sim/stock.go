package sim

import "github.com/ombak-sim/ombak/journey/funnel"

// Stock is what some answers of a dependency use up. Every answer takes one when it is ready, as the mocks do. A
// request whose call finds none left is declined.
type Stock struct {
	Count  int
	Status funnel.Reason // with which further requests are declined
}

// take takes what an answer uses up, and returns false if none is left.
func (m *model) take(hop *hop) bool {
	if hop.Stock == 0 {
		return true
	}
	left := &m.stocks[hop.To][hop.Stock-1]
	if *left == 0 {
		return false
	}
	*left--
	return true
}

// soldOut returns the answer to a request whose call found its stock used up.
func (m *model) soldOut(hop *hop) reply {
	return reply{funnel.Declined, m.config.Calls[hop.To].Stocks[hop.Stock-1].Status, 0}
}
