package threshold

import "errors"

// Finding is what one recording knows of a condition within a window; see [Measured]. The zero value is a condition that the
// report alone judges.
type Finding struct {
	Known          bool
	Value, Samples float64
	Interval       *[2]float64
	Basis          string
	Unknown        string // why it is not known
}

// Finding returns what a recording knows of the condition.
func (c Condition) Finding() (f Finding) {
	if c.known != nil {
		f = Finding{Known: true, Value: c.known.value, Samples: c.known.samples, Interval: c.known.interval, Basis: c.known.basis}
	}
	if c.unknown != nil {
		f.Unknown = c.unknown.Error()
	}
	return f
}

// Found returns the condition with what a recording knows of it.
func (c Condition) Found(f Finding) Condition {
	c.known, c.unknown = nil, nil
	if f.Known {
		c.known = &windowed{figure: figure{value: f.Value, samples: f.Samples}, interval: f.Interval, basis: f.Basis}
	}
	if f.Unknown != "" {
		c.unknown = errors.New(f.Unknown)
	}
	return c
}
