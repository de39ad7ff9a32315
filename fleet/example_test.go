package fleet_test

import (
	"context"
	"fmt"

	"github.com/ombak-sim/ombak/fleet"
)

// The server of a fleet, and a look at who has joined.
func Example() {
	server, err := fleet.Serve(context.Background(), fleet.ServerConfig{Listen: "127.0.0.1:0", Token: "a-token-of-a-fleet"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	agents, err := fleet.List(context.Background(), fleet.Login{URL: fmt.Sprintf("nats://a-token-of-a-fleet@%s", server.Addr())})
	fmt.Println(len(agents), err)
	// Output: 0 <nil>
}
