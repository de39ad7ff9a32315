package setup

import (
	"strings"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/sim"
)

const connecting = `
schema: ombak.scenario/v1
name: shop
opens: 2026-01-05T09:00:00+07:00
seed: 5
targets: {api: {url: "$SCHEME://127.0.0.1:1"}}
connections: $CONNECTIONS
arrivals: {step: visit, signups: [{for: 20s, rate: 5/s}]}
stations:
  api: {servers: 2, service: 1ms, opening: {connection: 2ms, handshake: 5ms}, together: {within: 10ms, time: 3ms, saved: 20%}}
  db: {service: 1ms}
journey:
  - {name: visit, request: {target: api, path: /}, route: [{station: db}, {station: api}, {station: api}]}
  - {name: pay, request: {target: api, path: /pay}, route: [{station: api}]}
`

// TestConnectionsOfAModel: connections cost what the scenario's own connections say.
func TestConnectionsOfAModel(t *testing.T) {
	const connection, handshake = 2 * time.Millisecond, 5 * time.Millisecond
	for _, test := range []struct {
		why, scheme, connections string
		visit, pay               sim.Opening
	}{
		{"shared by everybody, and kept", "https", "{}", sim.Opening{Connection: connection, Handshake: handshake, Resume: true}, sim.Opening{Connection: connection, Handshake: handshake, Resume: true}},
		{"each person's own", "https", "{per: person}", sim.Opening{Connection: connection, Handshake: handshake, Own: true, First: true, Resume: true}, sim.Opening{Connection: connection, Handshake: handshake, Own: true, Resume: true}},
		{"cold, without resumption", "https", "{cold: 30%, resume: false}", sim.Opening{Connection: connection, Handshake: handshake, Cold: .3}, sim.Opening{Connection: connection, Handshake: handshake, Cold: .3}},
		{"cold, without TLS", "http", "{cold: 30%}", sim.Opening{Connection: connection, Cold: .3, Resume: true}, sim.Opening{Connection: connection, Cold: .3, Resume: true}},
	} {
		text := strings.NewReplacer("$SCHEME", test.scheme, "$CONNECTIONS", test.connections).Replace(connecting)
		scenario, err := scenarios.Parse("shop.yaml", []byte(text), nil)
		if err != nil {
			t.Fatal(err)
		}
		model, err := NewModel(scenario, Options{})
		if err != nil {
			t.Fatal(err)
		}
		routes := model.Config.Routes
		if first, again := routes[0][1].Opening, routes[0][2].Opening; first != test.visit || again != (sim.Opening{}) {
			t.Errorf("%s: a visit costs %+v at its first stop and %+v at its second, want %+v and nothing", test.why, first, again, test.visit)
		}
		if got := routes[1][0].Opening; got != test.pay || routes[0][0].Opening != (sim.Opening{}) {
			t.Errorf("%s: paying costs %+v, want %+v", test.why, got, test.pay)
		}
		if shared := model.Config.Stations[0].Together; shared != (sim.Together{Within: 10 * time.Millisecond, Work: 3 * time.Millisecond, Saved: .2}) {
			t.Errorf("%s: shared work %+v", test.why, shared)
		}
	}
}
