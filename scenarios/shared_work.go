package scenarios

import "time"

// Together is work of a station that requests share which come soon after one another, such as the fixed cost of a batch, or
// what a cache of a short life saves.
type Together struct {
	Within time.Duration `yaml:"within" json:"within"`                   // length of a window, which begins with a request that finds none open
	Time   time.Duration `yaml:"time,omitempty" json:"time,omitempty"`   // time of one server for each window, for which nobody waits; 0 means none
	Saved  Share         `yaml:"saved,omitempty" json:"saved,omitempty"` // share of their own work that the requests of a window after the first are spared; 0 means none
}

// Opening is the time of one server that a connection takes, which the request that opens it waits for.
type Opening struct {
	Connection time.Duration `yaml:"connection,omitempty" json:"connection,omitempty"` // for each connection opened, by connections.cold and connections.per: person; 0 means none
	Handshake  time.Duration `yaml:"handshake,omitempty" json:"handshake,omitempty"`   // in addition, for each full TLS handshake of a target whose URL does not begin with http://; resumed ones do not count; 0 means none
}

// validateSharedWork reports mistakes in what requests of a station share.
func (s *Scenario) validateSharedWork(path string, station Station) {
	t := station.Together
	switch {
	case t == (Together{}):
	case t.Within == 0 || t.Time == 0 && t.Saved == 0:
		s.source.faultAt(path+".together", "give within, and time or saved, as in {within: 5ms, time: 2ms}", "requests that come together share nothing")
	case station.Batch != nil:
		s.source.faultAt(path+".together", "keep one of batch and together", "the requests of a batch share its time already")
	}
}
