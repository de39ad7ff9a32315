package mocks_test

import (
	"strings"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/mocks"
	"github.com/ombak-sim/ombak/workload"
)

func TestGenericAnswersByItsRoutes(t *testing.T) {
	described := config()
	described.Generics = []mocks.Generic{{Name: "bank", Service: workload.Service{Servers: 1}, Routes: []mocks.Route{
		{Method: "GET", Path: "/accounts/{id}/rate", Body: `["rate of ${path.id}"]`},
		{Method: "GET", Path: "/accounts/{id}", Query: "full=1", Body: `["all of ${path.id}"]`},
		{Method: "GET", Path: "/accounts/{id}", Body: `["${path.id}","${query.as}","${path.other}","${"]`},
		{Method: "POST", Path: "/echo", Status: 201, Body: `${body}`},
		{Path: "/static/*", Body: `["any"]`},
		{Path: "/now", Body: `["${now}"]`},
	}}}
	running := start(t, described)
	running.Begin(time.Now(), workload.NewClock(time.Hour, 1))
	for _, row := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"GET", "/accounts/7/rate", "", 200, "rate of 7"},
		{"GET", "/accounts/7?full=1", "", 200, "all of 7"},
		{"GET", "/accounts/7?as=x", "", 200, "7 x ${path.other} ${"},
		{"GET", "/accounts/7?as=%22x%5c%0a", "", 200, "7 \"x\\\n ${path.other} ${"},
		{"GET", "/accounts/x%22y/rate", "", 200, "rate of x\"y"},
		{"POST", "/echo", `["hi"]`, 201, "hi"},
		{"PUT", "/static/a/b", "", 200, "any"},
		{"GET", "/now", "", 200, "2020-04-11T13:00:0"},
	} {
		var got []string
		if status := call(t, row.method, "http://"+running.Addresses()["bank"]+row.path, row.body, &got); status != row.status || !strings.HasPrefix(strings.Join(got, " "), row.want) {
			t.Errorf("%s %s: status %d, %q; want %d, %q", row.method, row.path, status, got, row.status, row.want)
		}
	}
	for _, path := range []string{"/accounts/", "/accounts", "/", "/accounts/7/rate/x"} {
		if status := call(t, "GET", "http://"+running.Addresses()["bank"]+path, "", nil); status != 404 {
			t.Errorf("%s: status %d, want 404", path, status)
		}
	}
	if reading := reading(running, "bank"); reading.Completions != 8 {
		t.Errorf("%+v", reading)
	}
}

func TestRoutesAreValidated(t *testing.T) {
	for _, wrong := range []mocks.Route{{Path: "x"}, {Path: "/a/*/b"}, {Path: "/a/{id"}, {Path: "/{}"}, {Path: "/", Status: 99}} {
		if wrong.Validate() == nil {
			t.Errorf("%+v was accepted", wrong)
		}
		described := config()
		described.Generics = []mocks.Generic{{Name: "bank", Routes: []mocks.Route{wrong}}}
		if _, err := mocks.Start(t.Context(), described); err == nil || !strings.Contains(err.Error(), "bank: routes[0]") {
			t.Errorf("%+v: %v", wrong, err)
		}
	}
}
