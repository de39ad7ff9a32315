package workload

import "fmt"

// Degradation describes how a station slows down under load. A request takes its own time if it arrives at one request per
// server, and Factor times as long at Load requests per server. In between, the factor grows linearly. The zero value does
// not slow down.
type Degradation struct {
	Load   float64 `yaml:"load,omitempty" json:"load,omitempty"`     // requests at the station per server, the new one included, from which on it is slowest; above 1
	Factor float64 `yaml:"factor,omitempty" json:"factor,omitempty"` // how many times as long a request takes then, at least 1; 0 means the station does not slow down
}

// Validate returns the mistake in the description, worded for its author.
func (d Degradation) Validate() error {
	if d != (Degradation{}) && !(d.Load > 1 && d.Factor >= 1) {
		return fmt.Errorf("degrades has load %v and factor %v; load must be above 1 and factor at least 1, as in {load: 3, factor: 4}", d.Load, d.Factor)
	}
	return nil
}

// At returns the factor on the service time of a request that arrives at this many requests per server, itself included.
func (d Degradation) At(load float64) float64 {
	if d.Factor <= 1 || load <= 1 {
		return 1
	}
	return 1 + (d.Factor-1)*min(1, (load-1)/(d.Load-1))
}
