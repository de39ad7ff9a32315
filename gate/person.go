package gate

import (
	"errors"
	"hash/maphash"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// Identity says how people are told apart: by a header, by a cookie, or by the address that they come from. Requests
// without the header or the cookie are told apart by their address.
type Identity struct {
	Header, Cookie string // names; at most one is given
}

// ParseIdentity reads header:NAME, cookie:NAME or address.
func ParseIdentity(text string) (identity Identity, err error) {
	kind, name, named := strings.Cut(text, ":")
	switch {
	case kind == "header" && name != "":
		return Identity{Header: http.CanonicalHeaderKey(name)}, nil
	case kind == "cookie" && name != "":
		return Identity{Cookie: name}, nil
	case kind == "address" && !named:
		return Identity{}, nil
	}
	return identity, errors.New("give header:NAME, cookie:NAME or address")
}

// String names what tells people apart.
func (i Identity) String() string {
	switch {
	case i.Header != "":
		return "the header " + i.Header
	case i.Cookie != "":
		return "the cookie " + i.Cookie
	}
	return "an address"
}

// teller tells people apart.
type teller struct {
	by   Identity
	seed maphash.Seed
}

func newTeller(by Identity) teller { return teller{by, maphash.MakeSeed()} }

// of returns a number that is the same for all requests of one person. An IPv6 address is reduced to its /64 network,
// because one client usually owns all of it.
func (t teller) of(r *http.Request) uint64 {
	if t.by.Header != "" {
		if value := r.Header.Get(t.by.Header); value != "" {
			return maphash.String(t.seed, value)
		}
	}
	if t.by.Cookie != "" {
		if cookie, err := r.Cookie(t.by.Cookie); err == nil {
			return maphash.String(t.seed, cookie.Value)
		}
	}
	host, _, _ := net.SplitHostPort(r.RemoteAddr)
	address, err := netip.ParseAddr(host)
	if err != nil {
		return maphash.String(t.seed, host)
	}
	bits := 32
	if address = address.Unmap(); address.Is6() {
		bits = 64
	}
	network, _ := address.Prefix(bits) // the bits fit the address
	return maphash.Comparable(t.seed, network)
}
