package mocks

import (
	"fmt"
	"strings"
)

// Route is a generic mock's answer to one kind of request.
type Route struct {
	Method  string            `yaml:"method,omitempty" json:"method,omitempty"`   // empty means any
	Path    string            `yaml:"path" json:"path"`                           // may contain {name}, and end in * for any rest
	Query   string            `yaml:"query,omitempty" json:"query,omitempty"`     // as in the URL; empty means any
	Status  int               `yaml:"status,omitempty" json:"status,omitempty"`   // 0 means 200
	Headers map[string]string `yaml:"headers,omitempty" json:"headers,omitempty"` // of the answer
	Body    string            `yaml:"body,omitempty" json:"body,omitempty"`       // a template, see [Generic]
	Code    string            `yaml:"code,omitempty" json:"code,omitempty"`       // gRPC: name of the status code; empty means OK
	Stock   *Stock            `yaml:"stock,omitempty" json:"stock,omitempty"`     // what the answer uses up; nil means nothing
}

// Validate returns the first mistake in the route.
func (r Route) Validate() error {
	switch {
	case !strings.HasPrefix(r.Path, "/"):
		return fmt.Errorf("the path %q does not begin with a slash", r.Path)
	case r.Status != 0 && (r.Status < 200 || r.Status > 599):
		return fmt.Errorf("path %s: status is %d; use 200 to 599", r.Path, r.Status)
	case strings.Contains(strings.TrimSuffix(r.Path, "*"), "*"):
		return fmt.Errorf("path %s: a * may only end the path", r.Path)
	}
	if r.Code != "" {
		if _, err := codeOf(r.Code); err != nil {
			return fmt.Errorf("path %s: %w", r.Path, err)
		}
	}
	if err := r.Stock.validate(); err != nil {
		return fmt.Errorf("path %s: %w", r.Path, err)
	}
	for _, piece := range strings.Split(r.Path, "/") {
		if strings.HasPrefix(piece, "{") != strings.HasSuffix(piece, "}") || piece == "{}" {
			return fmt.Errorf("path %s: write a variable part of the path as {name}", r.Path)
		}
	}
	return nil
}

// match returns the values of the variable parts of a path, and false if the path does not match.
func (r Route) match(method, path, query string) (map[string]string, bool) {
	if r.Method != "" && !strings.EqualFold(r.Method, method) || r.Query != "" && r.Query != query {
		return nil, false
	}
	pattern, open := strings.CutSuffix(r.Path, "*")
	wanted, given := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(given) < len(wanted) || len(given) > len(wanted) && !open {
		return nil, false
	}
	var parts map[string]string
	for i, want := range wanted {
		last := open && i == len(wanted)-1
		switch {
		case strings.HasPrefix(want, "{") && given[i] != "":
			if parts == nil {
				parts = make(map[string]string)
			}
			parts[want[1:len(want)-1]] = given[i]
		case last && strings.HasPrefix(given[i], want), want == given[i]:
		default:
			return nil, false
		}
	}
	return parts, true
}
