package backend

import (
	"strings"
	"testing"

	"github.com/ombak-sim/ombak/backend/store"
)

func TestLinkBases(t *testing.T) {
	for _, test := range []struct {
		why, base string
		good      bool
	}{
		{"a host", "https://people.example", true},
		{"a port and a path, as behind a balancer", "http://people.example:8080/in/", true},
		{"an IPv6 address", "http://[::1]:8080", true},
		{"no scheme", "people.example", false},
		{"no scheme before the port", "people.example:80", false},
		{"another scheme", "ftp://people.example", false},
		{"no host", "https://", false},
		{"a port alone", "https://:80", false},
		{"the token is appended as a query", "https://people.example/?a=b", false},
		{"an empty query", "https://people.example/?", false},
		{"the token would become part of the fragment", "https://people.example/#a", false},
		{"a password would be mailed", "https://siti:secret@people.example", false},
		{"mails break links at spaces", "https://people.example/a b", false},
		{"header injection", "https://people.example/\r\nBcc: x", false},
	} {
		c := Config{Database: "people.db", Key: make([]byte, store.KeySize), LinkBase: test.base}
		if err := c.Validate(); (err == nil) != test.good {
			t.Errorf("%s: %q: %v", test.why, test.base, err)
		}
	}
}

func TestConnectionsPerClientAreNotNegative(t *testing.T) {
	c := Config{Database: "people.db", Key: make([]byte, store.KeySize), ConnectionsPerClient: -1}
	if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "connections_per_client is -1") {
		t.Error(err)
	}
}
