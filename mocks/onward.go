package mocks

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"github.com/valyala/fasthttp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Onward is a call that a generic mock makes to another one before it answers. Calls are made one after another, after
// the service of the mock itself, and the request keeps its server until the last has been answered. A status from 400
// to 499 except 429 becomes the answer of the mock. If a call fails in any other way, or its timeout is over, the answer
// is 503.
type Onward struct {
	Mock    string        `yaml:"mock" json:"mock"` // a generic mock that answers HTTP
	Method  string        `yaml:"method,omitempty" json:"method,omitempty"`
	Path    string        `yaml:"path" json:"path"`       // path and query
	Timeout time.Duration `yaml:"timeout" json:"timeout"` // real time, above 0
}

// validateCalls returns the first call of a mock that cannot be made.
func (c Config) validateCalls() error {
	for _, generic := range c.Generics {
		for _, onward := range generic.Calls {
			at := slices.IndexFunc(c.Generics, func(other Generic) bool { return other.Name == onward.Mock })
			switch {
			case at < 0 || c.Generics[at].speaksGRPC():
				return fmt.Errorf("%s calls %s, which is no generic mock that answers HTTP", generic.Name, onward.Mock)
			case onward.Timeout <= 0:
				return fmt.Errorf("%s calls %s with the timeout %v; give one above 0", generic.Name, onward.Mock, onward.Timeout)
			}
		}
	}
	return nil
}

// caller makes the calls of a mock.
type caller struct {
	calls   []Onward
	client  fasthttp.Client
	address func(mock string) string
}

// newCaller returns nil if there are no calls.
func newCaller(calls []Onward, address func(mock string) string) *caller {
	if len(calls) == 0 {
		return nil
	}
	return &caller{calls: calls, address: address, client: fasthttp.Client{
		NoDefaultUserAgentHeader: true, MaxConnsPerHost: 1 << 20,
		MaxIdemponentCallAttempts: 1, // a broken call has failed, and is not made again
	}}
}

// instead is the answer of a mock one of whose calls was not answered well.
type instead struct {
	status      int
	contentType string
	body        []byte
}

// call makes all calls, and returns nil if all were answered well. A caller that is nil makes none.
func (c *caller) call() *instead {
	if c == nil {
		return nil
	}
	for _, onward := range c.calls {
		if answer := c.one(onward); answer != nil {
			return answer
		}
	}
	return nil
}

func (c *caller) one(onward Onward) *instead {
	request, response := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(request)
	defer fasthttp.ReleaseResponse(response)
	request.SetRequestURI("http://" + c.address(onward.Mock) + onward.Path)
	request.Header.SetMethod(onward.Method)
	err := c.client.DoTimeout(request, response, onward.Timeout)
	switch got := response.StatusCode(); {
	case err != nil:
		return failedCall(onward.Mock, err)
	case got < 400:
		return nil
	case got < 500 && got != fasthttp.StatusTooManyRequests:
		return &instead{got, string(response.Header.ContentType()), bytes.Clone(response.Body())}
	default:
		return failedCall(onward.Mock, fmt.Errorf("status %d", got))
	}
}

func failedCall(mock string, err error) *instead {
	return &instead{status: fasthttp.StatusServiceUnavailable, body: fmt.Appendf(nil, "the call of %s failed: %v", mock, err)}
}

// write sends the answer over HTTP.
func (i *instead) write(ctx *fasthttp.RequestCtx) {
	if i.status == fasthttp.StatusServiceUnavailable {
		fail(ctx, i.status, string(i.body))
		return
	}
	ctx.SetStatusCode(i.status)
	ctx.SetContentType(i.contentType)
	ctx.SetBody(i.body)
}

// err returns the answer over gRPC.
func (i *instead) err() error {
	if i.status == fasthttp.StatusServiceUnavailable {
		return status.Error(codes.Unavailable, string(i.body))
	}
	return status.Error(codes.FailedPrecondition, fmt.Sprintf("status %d: %s", i.status, i.body))
}
