package gate_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/gate"
	"github.com/ombak-sim/ombak/resilience"
)

const token = "the token of the operators"

// order sends an operator's request and returns status and answer.
func order(t *testing.T, method, url, body string, header ...string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
		if header[i] == "Host" {
			request.Host = header[i+1]
		}
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

// put changes a policy by the admin listener.
func put(t *testing.T, g *gate.Gate, to gate.Standing) {
	t.Helper()
	body, err := json.Marshal(to)
	if err != nil {
		t.Fatal(err)
	}
	status, text := order(t, "PUT", "http://"+g.AdminAddress()+"/v1/policies", string(body), "Authorization", "Bearer "+token, "Content-Type", "application/json")
	if status != http.StatusOK {
		t.Fatalf("%s: %d %s", body, status, text)
	}
}

// Operators raise the limit of a queue while somebody waits at it, who is then let in and keeps the place until then; switched
// off, the queue lets everybody pass. Whoever is in service counts when it is on again.
func TestALimitIsRaisedWhileSomebodyWaits(t *testing.T) {
	limit := policy("bounded-fifo", resilience.Settings{Limit: 1, Queue: 9}).WithDefaults()
	release := make(chan struct{})
	var inside sync.WaitGroup
	g, at := start(t, gate.Config{Admin: gate.Admin{Listen: ":0", Token: token}, Doors: []gate.Door{{At: "entry", Policy: limit}}},
		http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer inside.Wait()
	defer close(release)
	if !strings.HasPrefix(g.AdminAddress(), "127.0.0.1:") {
		t.Errorf("without a host, operators are listened to at %s", g.AdminAddress())
	}
	reach := func(inUse, queued int) {
		t.Helper()
		for counts := g.Counts()[0]; counts.InUse != inUse || counts.Queued != queued; counts = g.Counts()[0] {
			if t.Context().Err() != nil {
				t.Fatalf("%+v, not %d in use and %d queued", counts, inUse, queued)
			}
			time.Sleep(time.Millisecond)
		}
	}
	send := func() { inside.Go(func() { ask(t, "GET", at) }) }
	send()
	reach(1, 0)
	send()
	send()
	reach(1, 2)
	two := limit
	two.Limit = 2
	put(t, g, gate.Standing{At: "entry", Policy: two})
	reach(2, 1)
	if standing := g.Standings()[0]; standing.Policy.Limit != 2 || standing.Off || g.Counts()[0].Limit != 2 {
		t.Errorf("the gate stands as %+v", standing)
	}
	put(t, g, gate.Standing{At: "entry", Policy: two, Off: true})
	reach(3, 0)
	send()
	reach(4, 0)
	put(t, g, gate.Standing{At: "entry", Policy: limit})
	send()
	reach(4, 1)
}

// Buckets and waiting rooms change in place: tokens and places stay.
func TestBucketsAndRoomsChangeInPlace(t *testing.T) {
	bucket := policy("shared-token-bucket", resilience.Settings{Rate: 1e-4, Burst: 2}).WithDefaults()
	room := policy("waiting-room", resilience.Settings{Rate: 1e-4, Order: "fifo"}).WithDefaults()
	g, at := start(t, gate.Config{Person: gate.Identity{Header: "Authorization"}, Admin: gate.Admin{Listen: "127.0.0.1:0", Token: token}, Doors: []gate.Door{
		{At: "step:pay", Routes: []gate.Route{{"GET", "/pay"}}, Policy: bucket},
		{At: "step:see", Routes: []gate.Route{{"GET", "/see"}}, Policy: room},
	}}, hello)
	passes := func(path, who string) bool {
		t.Helper()
		status, _, _ := ask(t, "GET", at+path, "Authorization", who)
		return status == http.StatusOK
	}
	passed := func(path string, times int) (count int) {
		t.Helper()
		for range times {
			if passes(path, "a") {
				count++
			}
		}
		return count
	}
	if passed("/pay", 3) != 2 {
		t.Error("the bucket does not hold two tokens")
	}
	deep := bucket
	deep.Burst = 9
	put(t, g, gate.Standing{At: "step:pay", Policy: deep})
	if passes("/pay", "a") {
		t.Error("a deeper bucket has tokens that nobody saved")
	}
	put(t, g, gate.Standing{At: "step:pay", Policy: deep, Off: true})
	if passed("/pay", 2) != 2 {
		t.Error("a bucket that is off turns away")
	}
	if !passes("/see", "first") || passes("/see", "second") || passes("/see", "third") {
		t.Error("the room does not let one person pass alone")
	}
	fast := room
	fast.Rate = 1e6
	put(t, g, gate.Standing{At: "step:see", Policy: fast})
	for !passes("/see", "third") || !passes("/see", "second") { // their turns come within microseconds
		time.Sleep(time.Millisecond)
	}
}

// Only operators are answered, and only what can change is changed.
func TestOrdersThatAreRefused(t *testing.T) {
	bucket := policy("shared-token-bucket", resilience.Settings{Rate: 5, Burst: 2}).WithDefaults()
	room := policy("waiting-room", resilience.Settings{Rate: 5, Order: "serving-number", Grace: time.Minute}).WithDefaults()
	g, _ := start(t, gate.Config{Admin: gate.Admin{Listen: "localhost:0", Token: token}, Doors: []gate.Door{{At: "entry", Policy: bucket}, {At: "entry", Policy: room}}}, hello)
	at := "http://" + g.AdminAddress() + "/v1/policies"
	bearer, kind := []string{"Authorization", "Bearer " + token}, []string{"Content-Type", "application/json"}
	operator := append(append([]string{}, bearer...), kind...)
	later := room
	later.Grace += time.Minute
	another, err := json.Marshal(gate.Standing{At: "entry", Policy: later})
	if err != nil {
		t.Fatal(err)
	}
	good := `{"at":"entry","policy":{"name":"shared-token-bucket","rate":7,"burst":2}}`
	for _, row := range []struct {
		why, method, body string
		header            []string
		status            int
		says              string
	}{
		{"nobody without the token", "GET", "", nil, 401, "the token is missing or wrong"},
		{"nor with another", "GET", "", []string{"Authorization", "Bearer x"}, 401, "the token"},
		{"no web page", "PUT", good, append([]string{"Origin", "http://evil.example"}, operator...), 403, "web pages"},
		{"no form", "PUT", good, append([]string{"Content-Type", "text/plain"}, bearer...), 415, "send JSON"},
		{"no name that resolves to this machine", "GET", "", append([]string{"Host", "evil.example"}, operator...), 403, "the address of this machine"},
		{"another method", "DELETE", "", operator, 404, "use GET or PUT /v1/policies"},
		{"no JSON", "PUT", "x", operator, 400, "as GET /v1/policies shows them"},
		{"two orders", "PUT", good + good, operator, 400, "as GET /v1/policies shows them"},
		{"an unknown key", "PUT", `{"at":"entry","limit":3}`, operator, 400, "as GET /v1/policies shows them"},
		{"a policy elsewhere", "PUT", strings.Replace(good, "entry", "step:pay", 1), operator, 422, "no such policy stands in this gate"},
		{"a policy that is none", "PUT", strings.Replace(good, "shared-token-bucket", "magic", 1), operator, 422, "no such policy"},
		{"a setting that is wrong", "PUT", strings.Replace(good, "7", "-7", 1), operator, 422, "shared-token-bucket at entry: "},
		{"how long a turn holds", "PUT", string(another), operator, 422, "grace cannot change: "},
		{"what can change", "PUT", good, operator, 200, `"rate":7`},
	} {
		if status, text := order(t, row.method, at, row.body, row.header...); status != row.status || !strings.Contains(text, row.says) {
			t.Errorf("%s: %d %s", row.why, status, text)
		}
	}
	if standing := g.Standings(); standing[0].Policy.Rate != 7 || standing[1].Policy.Grace != time.Minute {
		t.Errorf("the gate stands as %+v", standing)
	}
}
