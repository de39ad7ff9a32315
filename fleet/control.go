package fleet

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

// listenAt returns HOST:PORT of what an agent serves. Without an address of its own, that is where it reaches the fleet from.
func listenAt(address string, conn *nats.Conn) (string, error) {
	if address == "" {
		host, _, err := net.SplitHostPort(conn.LocalAddr())
		if err != nil {
			return "", fmt.Errorf("the address of this machine is not known (%w); give it with --address", err)
		}
		return net.JoinHostPort(host, "0"), nil
	}
	return ParseAddress(address)
}

// ParseAddress reads an IP address, or one with a port, at which others reach a machine. Without a port it returns port 0.
func ParseAddress(text string) (string, error) {
	host, port, err := splitAddress(text)
	ip := net.ParseIP(host)
	if err != nil || ip == nil || ip.IsUnspecified() {
		return "", refuse("%q is not an IP address, or one with a port, of this machine", text)
	}
	return net.JoinHostPort(host, port), nil
}

// splitAddress splits HOST or HOST:PORT.
func splitAddress(text string) (host, port string, err error) {
	host, port = strings.Trim(text, "[]"), "0"
	if net.ParseIP(host) == nil && strings.Contains(host, ":") {
		if host, port, err = net.SplitHostPort(text); err != nil {
			return "", "", err
		}
	}
	_, err = net.LookupPort("tcp", port)
	return host, port, err
}

var hostNames = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*\.?$`)

// ResolveAddress reads the same as [ParseAddress], or a name in place of the IP address. The name is looked up now, and never
// again: others learn the address. Of several addresses the first that is not loopback is taken.
func ResolveAddress(ctx context.Context, text string) (string, error) {
	host, port, err := splitAddress(text)
	if err != nil || net.ParseIP(host) == nil && !hostNames.MatchString(host) {
		return "", refuse("%q is not HOST or HOST:PORT of this machine", text)
	}
	if net.ParseIP(host) != nil {
		return ParseAddress(text)
	}
	found, err := net.DefaultResolver.LookupIP(ctx, "ip", host)
	if err != nil || len(found) == 0 {
		return "", refuse("the name %s does not resolve on this machine (%w); give an IP address, or a name that the machine knows", host, cmp.Or(err, errNoAddress))
	}
	chosen := found[0]
	if i := slices.IndexFunc(found, func(ip net.IP) bool { return !ip.IsLoopback() }); i >= 0 {
		chosen = found[i]
	}
	return ParseAddress(net.JoinHostPort(chosen.String(), port))
}

var errNoAddress = errors.New("it has no address")

// asking is what an agent has asked the control API of its mocks. A question that comes again gets the same answer.
type asking struct {
	mu      sync.Mutex
	answers map[int]controlAnswer
}

// remembered is how many answers are kept for who asks again.
const remembered = 64

// once asks, unless the question has been asked.
func (a *asking) once(number int, ask func() controlAnswer) controlAnswer {
	a.mu.Lock()
	defer a.mu.Unlock()
	if said, known := a.answers[number]; known {
		return said
	}
	if a.answers == nil {
		a.answers = map[int]controlAnswer{}
	}
	said := ask()
	a.answers[number] = said
	for old := range a.answers {
		if old <= number-remembered {
			delete(a.answers, old)
		}
	}
	return said
}

// askControl asks the control API of the mocks that play here.
func (a *agent) askControl(run string, text []byte) any {
	question, p, err := heardOf(a, run, text, func(q controlQuestion) string { return q.Incarnation })
	if err != nil {
		return controlAnswer{answer: answer{err.Error()}}
	}
	return p.asking.once(question.Number, func() controlAnswer { return p.askControl(a.over, question) })
}

// askControl sends a request to the part's control API, and to nothing else.
func (p *playing) askControl(ctx context.Context, q controlQuestion) controlAnswer {
	p.mu.Lock()
	known := p.known
	p.mu.Unlock()
	if p.order.Mocks == nil || known == nil || known.Addresses["admin"] == "" {
		return controlAnswer{answer: answer{"the part that plays has no control API"}}
	}
	said, err := askAPI(ctx, known.Addresses["admin"], p.order.Mocks.Config.Admin.Token, q)
	if err != nil {
		return controlAnswer{answer: answer{err.Error()}}
	}
	return said
}

// askAPI sends a request to a control API of this machine.
func askAPI(ctx context.Context, address, token string, q controlQuestion) (said controlAnswer, err error) {
	const (
		patience = 5 * time.Second
		most     = 256 << 10 // bytes of an answer, which a NATS message of 1 MiB has room for
	)
	if host, _, err := net.SplitHostPort(address); err != nil || !isLoopback(host) || !strings.HasPrefix(q.Path, "/v1/") {
		return said, errors.New("the question is not about the control API of mocks")
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, q.Method, "http://"+address+q.Path, bytes.NewReader(q.Body))
	if err != nil {
		return said, err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultTransport.RoundTrip(request) // follows no redirection
	if err != nil {
		return said, err
	}
	defer response.Body.Close()
	said.Status = response.StatusCode
	said.Body, err = io.ReadAll(io.LimitReader(response.Body, most+1))
	if len(said.Body) > most {
		return said, fmt.Errorf("the answer has more than %d bytes", most)
	}
	return said, err
}
