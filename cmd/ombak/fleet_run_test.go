package main

import (
	"testing"

	"github.com/ombak-sim/ombak/fleet"
)

// The command that a hint names works when it is copied, but for the token.
func TestTheCommandThatCollects(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		why, want string
		login     fleet.Login
	}{
		{"a token is not shown", "ombak fleet collect r1 --fleet nats://***@one:4222", fleet.Login{URL: "nats://secret@one:4222"}},
		{
			"the authority and the key are needed again", "ombak fleet collect r1 --fleet nats://one:4222 --fleet-ca sha256:ab12 --fleet-nkey 'my key'",
			fleet.Login{URL: "nats://one:4222", CA: "sha256:ab12", NKey: "my key"},
		},
	} {
		if got := collecting("r1", test.login); got != test.want {
			t.Errorf("%s: %s, want %s", test.why, got, test.want)
		}
	}
}
