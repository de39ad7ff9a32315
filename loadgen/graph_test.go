package loadgen_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/ombak-sim/ombak/journey"
	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/loadgen"
	"github.com/ombak-sim/ombak/population"
	"github.com/ombak-sim/ombak/workload"
)

// shop is a small service: a list of items in three pages for each person, items, and payments that are signed.
type shop struct {
	mu    sync.Mutex
	pages map[string]int      // pages of the list that a person saw
	seen  map[string][]string // items that a person saw
	paid  map[string]int
	wrong []string
}

const secret = "s3cret"

func (s *shop) answer(ctx *fasthttp.RequestCtx, _ int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	person := string(ctx.Request.Header.Peek("X-Person"))
	switch path := string(ctx.Path()); {
	case path == "/list":
		s.pages[person]++
		page := s.pages[person]
		fmt.Fprintf(ctx, `{"more": %v, "items": [{"id": "%d-a"}, {"id": "%d-b"}, {"id": "%d-c"}]}`, page < 3, page, page, page)
	case strings.HasPrefix(path, "/items/"):
		s.seen[person] = append(s.seen[person], strings.TrimPrefix(path, "/items/"))
	case path == "/pay":
		s.pay(person, ctx)
	}
}

// pay checks the signature of the body, and what is in it.
func (s *shop) pay(person string, ctx *fasthttp.RequestCtx) {
	s.paid[person]++
	sign := hmac.New(sha256.New, []byte(secret))
	sign.Write([]byte(person + ":last"))
	var body struct{ Items, Nonce, Quoted, Age string }
	err := json.Unmarshal(ctx.PostBody(), &body)
	if want := hex.EncodeToString(sign.Sum(nil)); string(ctx.Request.Header.Peek("X-Signature")) != want || err != nil || body.Items != "2" || body.Quoted != `a "quoted" }` || len(body.Nonce) != 8 {
		s.wrong = append(s.wrong, fmt.Sprintf("%s sent %s with %s, %v", person, ctx.PostBody(), ctx.Request.Header.Peek("X-Signature"), err))
	}
}

// shopping has people who browse, and people who look through all pages of the list and pay.
func shopping(url string) loadgen.Config {
	return config(url, func(c *loadgen.Config) {
		c.Vars = map[string]string{"key": secret}
		c.Journey.Arrival = -1
		c.Visitors.Bins.Counts = []int{3, 0}
		person := map[string]string{"X-Person": "${person.email}"}
		step := func(name string, request loadgen.Request) {
			c.Journey.Steps = append(c.Journey.Steps, journey.Step{Name: name, Kind: funnel.Request, Continue: 1, Timeout: time.Minute})
			request.Target, request.Completed, request.Headers = "web", []int{200}, maps.Clone(person)
			c.Requests = append(c.Requests, request)
		}
		c.Journey.Steps, c.Requests = nil, nil
		step("home", loadgen.Request{Method: "GET", Path: "/"})
		step("list", loadgen.Request{Method: "GET", Path: "/list", Extract: map[string]loadgen.Extract{
			"id": {JSON: "items.#.id", Pick: "random"}, "more": {JSON: "more"}, "last": {JSON: "items.#.id", Pick: "last"},
		}})
		step("item", loadgen.Request{Method: "GET", Path: "/items/${got.id}"})
		step("pay", loadgen.Request{Method: "POST", Path: "/pay"})
		c.Requests[3].JSON = `{"items": "${= round + attempt + 1}", "nonce": "${= random_text(8)}", "quoted": "${= \"a \\\"quoted\\\" }\"}", "age": "${= person.age}"}`
		c.Requests[3].Headers["X-Signature"] = `${= hmac_sha256(var.key, person.email + ":" + (hasSuffix(got.last, "-c") ? "last" : got.last))}`
		c.Journey.Steps[2].Loop = &journey.Loop{BackTo: 1, While: "got.more == 'true'", Most: 10}
		third := 1.0 / 3
		c.Journey.Steps[0].Next = []journey.Branch{{To: journey.End, Share: &third}}
		c.Journey.Journeys = []journey.Path{{Name: "browse", Share: 0.5, Steps: []int{0, 1, 2}}, {Name: "buy", Share: 0.5, Steps: []int{0, 1, 2, 3}}}
	})
}

// TestPeopleShop plays a mix with a branch, a loop that depends on answers, picks and signatures against a real server.
// The people must go where the state machine sends them, and a second run must be the same.
func TestPeopleShop(t *testing.T) {
	play := func(measured bool) (*shop, *recorder) {
		s := &shop{pages: map[string]int{}, seen: map[string][]string{}, paid: map[string]int{}}
		c := shopping(serve(t, s.answer).url)
		r := newRecorder()
		metrics := loadgen.NewMetrics(c.Journey.Funnel(), func() int { return 0 })
		g, err := loadgen.New(c, func(int) funnel.Observer {
			if measured {
				return metrics.Beside(shardRecorder{r})
			}
			return shardRecorder{r}
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := g.Run(t.Context(), time.Now()); err != nil {
			t.Fatal(err)
		}
		s.mu.Lock() // every answer was sent after its handler let go of it
		defer s.mu.Unlock()
		return s, r
	}
	s, r := play(false)
	if len(s.wrong) > 0 {
		t.Errorf("%d of the payments are wrong: %v", len(s.wrong), s.wrong[0])
	}
	shoppers, payers := expected(shopping("http://127.0.0.1:1"))
	if len(s.pages) != shoppers || len(s.paid) != payers || payers == 0 || payers == shoppers || shoppers == 50 {
		t.Errorf("%d people looked at the list and %d paid, want %d and %d", len(s.pages), len(s.paid), shoppers, payers)
	}
	picked := map[string]bool{}
	for person, pages := range s.pages {
		if pages != 3 || len(s.seen[person]) != 3 {
			t.Errorf("%s saw %d pages and the items %v, want 3 of each", person, pages, s.seen[person])
		}
		for _, item := range s.seen[person] {
			picked[item] = true
		}
	}
	if len(picked) != 9 {
		t.Errorf("the people picked %v, want all 9 items", picked)
	}
	for way, want := range map[[2]int]int{{-1, 0}: 53, {0, 1}: shoppers, {1, 2}: shoppers, {2, 1}: shoppers, {2, 3}: payers, {3, -1}: payers, {2, -1}: shoppers - payers, {0, -1}: 53 - shoppers} {
		if r.ways[way] != want {
			t.Errorf("%d people went from %d to %d, want %d", r.ways[way], way[0], way[1], want)
		}
	}
	if r.again[1] != 2*shoppers || r.again[2] != 2*shoppers || r.entered[1] != shoppers {
		t.Errorf("%d entered the list, and %d further rounds of it; want %d and %d", r.entered[1], r.again[1], shoppers, 2*shoppers)
	}
	again, measured := play(true)
	if fmt.Sprint(s.seen) != fmt.Sprint(again.seen) {
		t.Error("a second run picked other items")
	}
	if fmt.Sprint(measured.ways, measured.again) != fmt.Sprint(r.ways, r.again) {
		t.Errorf("with metrics, people went %v, want %v", measured.ways, r.ways)
	}
}

// expected counts the people whom the state machine sends to the list, and to the payment.
func expected(c loadgen.Config) (shoppers, payers int) {
	people := population.New(c.Seed, c.Opens, c.Shares)
	j := journey.New(c.Journey, nil, journey.NewFact(c.Seed, c.People, nil, people.Fact))
	tracks := j.NewTracks()
	for caller := range c.Callers() {
		if caller.Visitor {
			continue
		}
		track := tracks.Of(0)
		walk, action := j.Begin(caller.Person, caller.At, track)
		track.Got = nothing{}
		for !action.Done {
			if walk.Round == 0 && walk.Step == 1 {
				shoppers++
			}
			if walk.Step == 3 {
				payers++
			}
			_, action = j.Next(&walk, track, journey.Answer{Outcome: funnel.Completed}, action.At)
		}
	}
	return shoppers, payers
}

// nothing holds no extracted value.
type nothing struct{}

func (nothing) Value(string) string { return "" }

// TestAnExpressionThatFails makes the attempts fail, and sends nothing.
func TestAnExpressionThatFails(t *testing.T) {
	for _, pooled := range []bool{false, true} {
		s := serve(t, nil)
		r := play(t, config(s.url, func(c *loadgen.Config) {
			c.Requests[0].Path = `/${= int(person.name)}`
			c.Connections.PerPerson = pooled
		}))
		if len(s.served()) != 0 || r.outcomes()[funnel.Failed] != 50 || r.samples[0].Reason != funnel.ReasonBody {
			t.Errorf("outcomes %v, and %d requests served; want 50 failed", r.outcomes(), len(s.served()))
		}
	}
}

func TestFaultsOfExpressions(t *testing.T) {
	for source, want := range map[string]string{
		"${= 1 + }":          "column 3: unexpected token EOF",
		"${= 1":              "is not closed; end it with a brace",
		"${= got.nothing}":   "there is no got.nothing; no step extracts a value",
		"${= person.height}": "there is no person.height; there are woman, minor",
		"${= var.key}":       "there is no var.key; give --var NAME=VALUE",
		"${= map(1..2, 1)}":  "it goes through a list",
	} {
		c := config("http://127.0.0.1:1", func(c *loadgen.Config) { c.Requests[0].Path = "/" + source })
		if err := c.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s gives %v, want %s", source, err, want)
		}
	}
}

// TestThinkFromData lets people think as long as their row of a feeder says.
func TestThinkFromData(t *testing.T) {
	c := config("http://127.0.0.1:1", func(c *loadgen.Config) {
		c.Feeders = map[string]loadgen.Feeder{"users": {Columns: []string{"pause"}, Rows: [][]string{{"2s"}, {"1500ms"}, {"1h"}}}}
		c.Journey.Clock = workload.NewClock(0, 1)
		c.Journey.Steps = append(c.Journey.Steps, c.Journey.Steps[0])
		c.Journey.Steps[1].Name, c.Journey.Steps[1].ThinkFrom = "then", &journey.Cell{Feeder: "users", Column: "pause", Longest: time.Hour}
	})
	j := journey.New(c.Journey, nil, journey.NewFact(c.Seed, c.People, c.Feeders, nil))
	drawn := journey.Crowd{Seed: c.Seed, People: c.People}.Permutation()
	for ordinal, want := range []time.Duration{2 * time.Second, 1500 * time.Millisecond, time.Hour, 2 * time.Second} {
		person := drawn.At(uint64(ordinal))
		walk, _ := j.Begin(person, 0, nil)
		if _, action := j.Next(&walk, nil, journey.Answer{Outcome: funnel.Completed}, 0); action.At != want {
			t.Errorf("person %d thinks for %v, want %v", person, action.At, want)
		}
	}
	c.Journey.Arrival = 1
	if lead := journey.New(c.Journey, nil, nil).Lead(); lead != time.Hour {
		t.Errorf("the first step lies %v ahead at most, want an hour", lead)
	}
}
