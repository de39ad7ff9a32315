package report

// HadWeNot is what a model says of the actions that people took while the run was played: the run with all of them beside
// the run without each one. It is absent if nobody acted, or nothing was simulated beside the run.
type HadWeNot struct {
	Replications int            `json:"replications"`       // simulations of each world, with the same people in all worlds
	Share        float64        `json:"share,omitempty"`    // of the people and of the servers that was simulated; absent means all
	Currency     string         `json:"currency,omitempty"` // of cost
	Sentence     string         `json:"sentence"`           // of the last action, as the page shows it
	Actions      []ActionEffect `json:"actions"`            // in order of time
	LeftOut      int            `json:"left_out,omitempty"` // actions without which nothing was simulated: later ones rest on them, or it would have taken too long
}

// ActionEffect is what one action changed.
type ActionEffect struct {
	ScenarioS float64       `json:"scenario_s"` // when it took effect, in seconds from the opening
	Text      string        `json:"text"`
	Sentence  string        `json:"sentence"`
	Figures   []WorldFigure `json:"figures"`
}

// WorldFigure is the mean of a figure with and without an action.
type WorldFigure struct {
	Figure     string      `json:"figure"`         // finished, gave_up, goodput_per_s, waited_min, response_p99_s, worst_p99_s or cost, as in plans.json
	With       float64     `json:"with"`           // all actions
	Without    float64     `json:"without"`        // all but this one
	Difference float64     `json:"difference"`     // with less without
	CI95       *[2]float64 `json:"ci95,omitempty"` // 95 % interval of the difference, paired by replication; absent if there is only one
}

// Figure returns a figure of an action by its name.
func (a ActionEffect) Figure(name string) (WorldFigure, bool) {
	for _, figure := range a.Figures {
		if figure.Figure == name {
			return figure, true
		}
	}
	return WorldFigure{}, false
}

// Chance reports whether chance alone explains a difference: its interval holds 0, or is not known.
func (w WorldFigure) Chance() bool {
	return w.CI95 == nil || w.CI95[0] <= 0 && w.CI95[1] >= 0
}
