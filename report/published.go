package report

// Published is a figure that somebody published about the event of the scenario, beside what the run gives. The model was
// not given it.
type Published struct {
	Figure    string   `json:"figure"`              // an expression, as in sign-up.passed during 0s..1h
	Value     string   `json:"value"`               // as published, as in 8_000_000 or 515_000..525_000
	Source    string   `json:"source"`              // who said it
	At        string   `json:"at"`                  // when
	Predicted *float64 `json:"predicted,omitempty"` // what the run gives, at the scale of the event: a count, seconds, or percent
	Spelt     string   `json:"spelt,omitempty"`     // the same for people to read
	Error     *float64 `json:"error,omitempty"`     // relative to the published value, or to the nearer end of its range
	Reason    string   `json:"reason,omitempty"`    // why there is no prediction, or no error
}
