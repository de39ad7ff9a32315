package main

import (
	"testing"

	"github.com/ombak-sim/ombak/fleet"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
)

// What others must reach listens at the address of this machine that is given, and nothing else does.
func TestWhatListensForAFleet(t *testing.T) {
	t.Parallel()
	scenario, err := scenarios.Load("smoke")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		why            string
		places         []fleet.Place
		mail, registry string
	}{
		{"people come to the mailboxes, and only the backend asks registries", nil, "10.0.0.1:0", ""},
		{"a backend elsewhere asks them from there", []fleet.Place{{Role: fleet.BackendRole}}, "10.0.0.1:0", "10.0.0.1:0"},
	} {
		run, err := setup.NewLive(scenario, setup.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := reachable("10.0.0.1", run, test.places); err != nil {
			t.Fatal(err)
		}
		m := run.Service.Mocks
		for name, listen := range map[string][2]string{
			"mail": {m.Mail.Listen, test.mail}, "sms": {m.SMS.Listen, test.mail}, "mail-smtp": {m.Mail.ListenSMTP, test.registry},
			"dukcapil": {m.Dukcapil.Listen, test.registry}, "dtks": {m.Registries["dtks"].Listen, test.registry}, "admin": {m.Admin.Listen, ""},
			"backend": {run.Service.Backend.Listen, test.mail},
		} {
			if listen[0] != listen[1] {
				t.Errorf("%s: %s listens at %q, want %q", test.why, name, listen[0], listen[1])
			}
		}
	}
}

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
