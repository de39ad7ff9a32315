package gate_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"

	"github.com/ombak-sim/ombak/gate"
	"github.com/ombak-sim/ombak/resilience"
)

// A gate lets two requests pass and turns the third away.
func Example() {
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") }))
	defer service.Close()
	target, _ := url.Parse(service.URL) // of a server that runs, so it can be read
	bucket := resilience.Policy{Name: "shared-token-bucket", Settings: resilience.Settings{Rate: 1e-3, Burst: 2}}
	g, err := gate.New(gate.Config{Target: target, Doors: []gate.Door{{At: "entry", Policy: bucket}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error)
	go func() { served <- g.Serve(ctx) }()
	address, _ := g.Address()
	for range 3 {
		response, err := http.Get("http://" + address)
		if err != nil {
			fmt.Println(err)
			break
		}
		_ = response.Body.Close() // nothing is read from it
		fmt.Println(response.StatusCode)
	}
	stop()
	fmt.Println(<-served, g.Counts()[0].Passed)
	// Output:
	// 200
	// 200
	// 429
	// <nil> 2
}
