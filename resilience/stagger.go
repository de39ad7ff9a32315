package resilience

import (
	"errors"
	"time"
)

// StaggerConfig describes admission by birth month: the months take turns; see [StaggerConfig.Turn].
type StaggerConfig struct {
	Every time.Duration `json:"every"`           // time from the turn of one group of months to that of the next
	Group int           `json:"group,omitempty"` // months that share a turn; 0 means one
	First int           `json:"first,omitempty"` // the month with the first turn, 1 to 12; 0 means January
}

// Validate returns the first mistake in the description.
func (c StaggerConfig) Validate() error {
	if c.Every <= 0 || c.Group < 0 || c.Group > 12 || c.First < 0 || c.First > 12 {
		return errors.New("a stagger needs a time above 0 between turns, groups of 1 to 12 months and a first month from 1 to 12")
	}
	return nil
}

// Turn returns how long after the opening people of a birth month have their turn. From then on they may come
// at any time.
//
// Canada opened its emergency benefit in April 2020 by month of birth. The public property cannot be chosen.
// Operations research calls this appointment scheduling; stagger is its oldest form (Bailey, "A Study of
// Queues and Appointment Systems in Hospital Out-Patient Departments", Journal of the Royal Statistical
// Society B 14 (1952)).
func (c StaggerConfig) Turn(month time.Month) time.Duration {
	after := (int(month) - max(1, c.First) + 12) % 12
	return time.Duration(after/max(1, c.Group)) * c.Every
}

// Filter rejects people until their turn.
func (c StaggerConfig) Filter() Filter { return &turns{StaggerConfig: c} }

// turns is the filter of a stagger.
type turns struct {
	StaggerConfig
	off bool
}

// Allow reports whether people of a birth month may come at a time since the opening. If not, wait is the
// time until their turn.
func (f *turns) Allow(now time.Duration, whom Asker) (wait time.Duration, ok bool) {
	if f.off {
		return 0, true
	}
	wait = f.Turn(whom.BirthMonth) - now
	return max(0, wait), wait <= 0
}

// staggerByBirthMonth rejects people at a step before their turn. At the entry people know of their turn and
// come then, so there it is not a filter but moves the arrivals.
func staggerByBirthMonth() Descriptor {
	return Descriptor{
		Name: "stagger", Formerly: "stagger-by-birth-month", Does: "lets the birth months in one after the other.", Source: "Canada, CERB, 2020; Bailey 1952",
		Places: doors(), Live: only(AtStep), Needs: words("every"), Takes: words("group first"),
		Config:  func(s Settings) Config { return StaggerConfig{Every: s.Every, Group: s.Group, First: s.First} },
		Changes: changing("every group first", "Nobody waits at it: from now on, people whose turn lies ahead are turned away, even if they had passed before.", ""),
		Asks:    AsksBirthMonth, ScenarioTime: true, Code: "not_your_turn", Message: "your month of birth has its turn later",
	}
}

var _ Filtering = StaggerConfig{}
