package scenarios

import (
	"io/fs"
	"time"
)

// Connections are how the generator reaches its targets.
type Connections struct {
	Most   int           `yaml:"most,omitempty" json:"most,omitempty"`       // requests under way at once, each on a connection of its own; 0 means by the busiest minute
	People int           `yaml:"people,omitempty" json:"people,omitempty"`   // people under way at once; the rest are shed and counted; 0 means no cap
	Per    string        `yaml:"per,omitempty" json:"per,omitempty"`         // all (default): everybody shares the connections; person: each person has their own
	Cold   Share         `yaml:"cold,omitempty" json:"cold,omitempty"`       // share of requests on a new connection, closed after the answer
	Idle   time.Duration `yaml:"idle,omitempty" json:"idle,omitempty"`       // longest time a connection waits to be used again
	Life   time.Duration `yaml:"life,omitempty" json:"life,omitempty"`       // age from which a connection is not used again
	DNSTTL time.Duration `yaml:"dns_ttl,omitempty" json:"dns_ttl,omitempty"` // names are asked for again after so long; 0 means once
	Resume *bool         `yaml:"resume,omitempty" json:"resume,omitempty"`   // TLS sessions are resumed, which spares most of a handshake; absent means true
	HTTP2  bool          `yaml:"http2,omitempty" json:"http2,omitempty"`     // over TLS
	TLS    TLS           `yaml:"tls,omitempty" json:"tls,omitempty"`
}

// TLS names files in PEM beside the scenario.
type TLS struct {
	CA       string `yaml:"ca,omitempty" json:"ca,omitempty"`             // who vouches for services; empty means the system's authorities
	Cert     string `yaml:"cert,omitempty" json:"cert,omitempty"`         // the client's certificate
	Key      string `yaml:"key,omitempty" json:"key,omitempty"`           // its key
	Insecure bool   `yaml:"insecure,omitempty" json:"insecure,omitempty"` // take any certificate
}

// PEM returns the text of one of the files that TLS names.
func (s *Scenario) PEM(file string) string { return s.pem[file] }

// readPEM reads the files that TLS names.
func (s *Scenario) readPEM(beside fs.FS) {
	s.pem = map[string]string{"": ""}
	for key, file := range map[string]string{"ca": s.Connections.TLS.CA, "cert": s.Connections.TLS.Cert, "key": s.Connections.TLS.Key} {
		if file == "" {
			continue
		}
		text, _ := s.readBeside(beside, file, "connections.tls."+key, nil)
		s.pem[file] = string(text)
	}
}

func (s *Scenario) validateConnections() {
	c := s.Connections
	if c.Most < 0 || c.People < 0 || c.Idle < 0 || c.Life < 0 || c.DNSTTL < 0 {
		s.source.faultAt("connections", "use 0 (the default) or more", "a negative number")
	}
	if c.Per != "all" && c.Per != "person" {
		s.source.faultAt("connections.per", hintWord(c.Per, []string{"all", "person"}), "connections per %q are unknown", c.Per)
	}
	if (c.TLS.Cert == "") != (c.TLS.Key == "") {
		s.source.faultAt("connections.tls", "name both, in PEM", "cert and key belong together")
	}
}
