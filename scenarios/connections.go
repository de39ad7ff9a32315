package scenarios

import (
	"io/fs"
	"time"
)

// Connections describes how the generator connects to its targets.
type Connections struct {
	Most    int           `yaml:"most,omitempty" json:"most,omitempty"`       // requests under way at once, each on its own connection; 0 means derived from the busiest minute
	People  int           `yaml:"people,omitempty" json:"people,omitempty"`   // people under way at once; further people are dropped and counted; 0 means no cap
	Per     string        `yaml:"per,omitempty" json:"per,omitempty"`         // all (default): everybody shares the connections; person: each person has their own
	Cold    Share         `yaml:"cold,omitempty" json:"cold,omitempty"`       // share of requests on a new connection, closed after the answer
	Idle    time.Duration `yaml:"idle,omitempty" json:"idle,omitempty"`       // longest time for which an idle connection is kept
	Life    time.Duration `yaml:"life,omitempty" json:"life,omitempty"`       // age from which a connection is not used again
	DNSTTL  time.Duration `yaml:"dns_ttl,omitempty" json:"dns_ttl,omitempty"` // how long a resolved name is used; 0 means for the whole run
	Resume  *bool         `yaml:"resume,omitempty" json:"resume,omitempty"`   // whether TLS sessions are resumed, which avoids most of the cost of a handshake; absent means true
	HTTP2   bool          `yaml:"http2,omitempty" json:"http2,omitempty"`     // HTTP/2 for all targets: agreed on in the TLS handshake, and from the first byte on http:// (h2c)
	Streams int           `yaml:"streams,omitempty" json:"streams,omitempty"` // most requests or gRPC calls under way on one connection of HTTP/2, fewer if the service takes fewer; 0 means 100
	TLS     TLS           `yaml:"tls,omitempty" json:"tls,omitempty"`         // certificates
}

// TLS names PEM files next to the scenario.
type TLS struct {
	CA       string `yaml:"ca,omitempty" json:"ca,omitempty"`             // certificate authorities of the services; empty means those of the system
	Cert     string `yaml:"cert,omitempty" json:"cert,omitempty"`         // the client's certificate
	Key      string `yaml:"key,omitempty" json:"key,omitempty"`           // its key
	Insecure bool   `yaml:"insecure,omitempty" json:"insecure,omitempty"` // accept any certificate
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
		s.source.faultAt("connections", "use 0 (the default) or more", "the number is negative")
	}
	second := c.HTTP2
	s.requestsOf(func(request *Request, _ string) { second = second || request.GRPC != nil })
	if c.Streams < 0 || c.Streams > 0 && !second {
		s.source.faultAt("connections.streams", "use 1 or more, together with http2: true", "streams is the most requests under way on one connection of HTTP/2")
	}
	if c.Per != "all" && c.Per != "person" {
		s.source.faultAt("connections.per", hintWord(c.Per, []string{"all", "person"}), "the value %q of per is unknown", c.Per)
	}
	if (c.TLS.Cert == "") != (c.TLS.Key == "") {
		s.source.faultAt("connections.tls", "give both, as PEM files", "cert and key must be given together")
	}
}
