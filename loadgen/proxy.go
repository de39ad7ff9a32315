package loadgen

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"fmt"
	"net"
	"net/url"
	"time"

	"golang.org/x/net/http/httpproxy"
)

// Proxy says which targets are reached through a proxy, as the variables HTTP_PROXY, HTTPS_PROXY and NO_PROXY do. Targets on
// localhost and loopback addresses never are.
type Proxy struct {
	HTTP   string `json:"http,omitempty"`  // for targets without TLS
	HTTPS  string `json:"https,omitempty"` // for targets with TLS
	Except string `json:"except,omitempty"`
}

// Of returns the proxy of a target, or nil.
func (p Proxy) Of(target string) (*url.URL, error) {
	if _, _, is := SocketOf(target); is || p == (Proxy{}) {
		return nil, nil
	}
	location, err := LocationOf(target)
	if err != nil {
		return nil, err
	}
	text := map[string]string{"http": p.HTTP, "https": p.HTTPS}[location.Scheme]
	given := text != ""
	if _, err = url.Parse(text); err != nil {
		text = "http://unreadable.invalid" // httpproxy would leave it out
	}
	config := httpproxy.Config{HTTPProxy: text, HTTPSProxy: text, NoProxy: p.Except}
	proxy, fault := config.ProxyFunc()(location)
	switch {
	case !given:
		return nil, nil
	case fault != nil, proxy != nil && err != nil:
		return nil, fmt.Errorf("the proxy of %s cannot be read; write for example HTTP_PROXY=http://127.0.0.1:3128", target)
	case proxy != nil && proxy.Scheme != "http":
		return nil, fmt.Errorf("the proxy %s of %s is not an HTTP proxy; write for example HTTPS_PROXY=http://127.0.0.1:3128, or add the host to NO_PROXY", proxy.Redacted(), target)
	}
	return proxy, nil
}

// PlaceOf returns where requests to a target connect to, a network and an address of it, and the proxy there, if it is one. What
// connect-to says about a target comes before its proxy.
func (c Connections) PlaceOf(target string) (network, address string, proxy *url.URL, err error) {
	if socket, _, is := SocketOf(target); is {
		return "unix", socket, nil, nil
	}
	if address, _, err = hostOf(target); err != nil {
		return "", "", nil, err
	}
	if other, given := c.ConnectTo[address]; given {
		if socket, _, is := SocketOf(other); is {
			return "unix", socket, nil, nil
		}
		return "tcp", other, nil, nil
	}
	if proxy, err = c.Proxy.Of(target); proxy != nil {
		address = net.JoinHostPort(proxy.Hostname(), cmp.Or(proxy.Port(), "80"))
	}
	return "tcp", address, proxy, err
}

// proxied reports whether any target is reached through a proxy.
func (g *Generator) proxied() bool {
	for _, target := range g.targets {
		if _, _, proxy, err := g.config.Connections.PlaceOf(target); err != nil || proxy != nil {
			return true
		}
	}
	return false
}

// loginAt returns the header that tells a proxy who asks; empty if its URL says nothing about that.
func loginAt(proxy *url.URL) string {
	if proxy.User == nil {
		return ""
	}
	password, _ := proxy.User.Password()
	return "Proxy-Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(proxy.User.Username()+":"+password)) + "\r\n"
}

// absolute returns a request as a proxy wants it: it names the whole URL (RFC 9112, section 3.2.2).
func absolute(text []byte, host string, proxy *url.URL) []byte {
	method, line := bytes.IndexByte(text, ' ')+1, bytes.IndexByte(text, '\n')+1
	return bytes.Join([][]byte{text[:method], []byte("http://" + host), text[method:line], []byte(loginAt(proxy)), text[line:]}, nil)
}

// tunnel asks the proxy at the other end of a connection for a way through to an address (RFC 9110, section 9.3.6). It reads no
// byte of what follows.
func tunnel(conn net.Conn, address string, proxy *url.URL, deadline time.Time) error {
	_ = conn.SetDeadline(deadline) // a connection of the network has deadlines
	if _, err := fmt.Fprintf(conn, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n%s\r\n", address, address, loginAt(proxy)); err != nil {
		return err
	}
	var head []byte
	for one := [1]byte{}; headLength(head) < 0; head = append(head, one[0]) {
		if _, err := conn.Read(one[:]); err != nil {
			return err
		}
		if len(head) > maxHead {
			return errFrame
		}
	}
	_ = conn.SetDeadline(time.Time{}) // likewise
	answer, err := parseFrame(head, true)
	if err == nil && answer.status/100 != 2 {
		err = &net.OpError{Op: "dial", Net: "tcp", Err: fmt.Errorf("the proxy %s answers %d", proxy.Host, answer.status)}
	}
	return err
}
