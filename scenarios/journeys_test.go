package scenarios_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/ombak-sim/ombak/scenarios"
)

// shop is a scenario with two journeys. Rows of the tests replace parts of it.
const shop = `schema: ombak.scenario/v1
name: shop
opens: 2026-01-05T08:00:00+07:00
seed: 7
arrivals: {step: login, signups: [{for: 10s, rate: 5/s}]}
targets: {shop: {}}
feeders: {users: {file: users.csv}}
steps:
  - name: home
    request: {target: shop, path: /}
  - name: login
    request: {target: shop, path: /login, extract: {token: {json: token}}}
  - name: list
    request: {target: shop, path: /list}
  - name: item
    request: {target: shop, path: /item}
    loop: {back_to: list, times: 2..4}
  - name: pay
    request: {target: shop, path: /pay}
journeys:
  - {name: browse, share: 70%, steps: [home, list, item]}
  - {name: buy, share: 30%, steps: [home, login, list, item, pay]}
`

func parseShop(changes ...string) (*scenarios.Scenario, error) {
	text := shop
	for i := 0; i+1 < len(changes); i += 2 {
		if !strings.Contains(text, changes[i]) {
			panic("the shop does not hold " + changes[i])
		}
		text = strings.Replace(text, changes[i], changes[i+1], 1)
	}
	return scenarios.Parse("shop.yaml", []byte(text), fstest.MapFS{"users.csv": {Data: []byte("name,plan\nada,gold\n")}})
}

// item replaces the loop of the step item.
const item = "    loop: {back_to: list, times: 2..4}\n"

func TestFaultsOfJourneys(t *testing.T) {
	for _, row := range []struct {
		why, from, to, want string
	}{
		{"two ways to give the steps", "steps:\n", "journey: [{name: a}]\nsteps:\n", `shop.yaml:8:10: journey: journey and steps exclude each other; keep journey for one journey, or steps with journeys for several`},
		{"steps without journeys", shop[strings.Index(shop, "journeys:"):], "", `shop.yaml:9:3: steps: there are steps but no journeys; add journeys:`},
		{"journeys without steps", shop[strings.Index(shop, "steps:\n"):strings.Index(shop, "journeys:")], "", `journeys: there are journeys but no steps; list the steps under steps: [...] at the top level`},
		{"too much", "70%", "80%", `journeys: the shares add up to 110%; make the shares add up to 100%`},
		{"too little, and no journey to take the rest", "70%", "60%", `journeys: the shares add up to 90%; make the shares add up to 100%, or leave one out`},
		{"a misspelt step", "[home, list, item]", "[home, lst, item]", `shop.yaml:21:46: journeys[0].steps[1]: no step is called "lst"; did you mean "list"?`},
		{"a step twice", "[home, list, item]", "[home, list, item, list]", `journeys[0].steps[3]: the journey "browse" has the step "list" twice; name it once; next or loop of a step lead back to it`},
		{"a step of nobody", "item, pay]", "item]", `steps[4]: no journey has the step "pay"`},
		{"two journeys of one name", "name: buy", "name: browse", `journeys[1]: the name "browse" is empty or occurs twice`},
		{"a name that no threshold can write", "name: pay", `name: "pay now!"`, `steps[4].name: no threshold could name the step "pay now!"; use letters, digits, hyphens and underscores`},
		{"a name with a meaning in thresholds", "name: pay", "name: avg", `steps[4].name: the name "avg" has a meaning of its own in thresholds`},
		{"the name of the end", "name: pay", "name: end", `steps[4].name: the name end stands for the end of a journey`},
		{"a branch to nowhere", item, "    next: [{to: lost}]\n", `steps[3].next[0].to: no step is called "lost"`},
		{"a branch out of a journey", item, "    next: [{to: login, share: 10%}]\n", `steps[3].next[0].to: the journey "browse" has the step "item" but not "login"`},
		{"too many go on", item, "    next: [{to: list, share: 60%}, {to: end, share: 60%}]\n", `steps[3].next: the shares add up to 120%`},
		{"a branch that nobody takes", item, "    next: [{to: end}, {to: list, share: 10%}]\n", `steps[3].next[1]: nobody takes this branch, because an earlier one takes all`},
		{"nobody leaves", item, "    next: [{to: list}]\n", `nobody who comes to the step "item" ever comes to the end of the journey`},
		{"neither times nor while", "times: 2..4", "every: 1s", `steps[3].loop: a loop needs either times or while`},
		{"a while for ever", "times: 2..4", `while: "round < 3"`, `steps[3].loop: a loop with while needs most`},
		{"rounds backwards", "2..4", "4..2", `"4..2" is not a number of rounds; write 3 or 3..5, up to 1000`},
		{"a loop forward", "back_to: list", "back_to: pay", `the journey "browse" has the step "item" but not "pay"`},
		{"once what", item, "    once: round\n", `steps[3].once: the value "round" of once is unknown; write once: person`},
		{"a fork before the arrival", "name: home\n", "name: home\n    optional: 50%\n", `steps[0].optional: the journey "browse" must be a straight line up to the step at which people arrive, "home"`},
		{"arrivals at an optional step", "name: login\n", "name: login\n    optional: 50%\n", `steps[1].optional: the journey "buy" must be a straight line up to the step at which people arrive, "login"; remove it, or name an earlier step in arrivals.step, which is "login"`},
		{"a syntax error", item, `    next: [{to: end, when: "round <"}]` + "\n", `steps[3].next[0].when: the expression "round <", column 7: unexpected token EOF`},
		{"a column that is not there", item, `    next: [{to: end, when: "feeder.users.age == '3'"}]` + "\n", `there is no feeder.users.age; there are name, plan`},
		{"a value that no step extracts", item, `    next: [{to: end, when: "got.tokn != ''"}]` + "\n", `there is no got.tokn; there are token`},
		{"a loop inside a condition", item, `    next: [{to: end, when: "all(1..9, # > 0)"}]` + "\n", `it goes through a list, which takes too long`},
		{"share beside times", "times: 2..4", "times: 2..4, share: 10%", `steps[3].loop.share: share belongs to a while that reads got`},
	} {
		_, err := parseShop(row.from, row.to)
		if err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s:\n got %v\nwant %s", row.why, err, row.want)
		}
	}
}

func TestSharesOfJourneys(t *testing.T) {
	for _, row := range []struct {
		why    string
		change []string
		want   []float64
	}{
		{"as given", nil, []float64{0.7, 0.3}},
		{"one takes the rest", []string{", share: 30%", ""}, []float64{0.7, 0.3}},
		{"all take the same", []string{", share: 70%", "", ", share: 30%", ""}, []float64{0.5, 0.5}},
		{"rounded shares are made to add up", []string{"70%", "66.7%", "30%", "33%"}, []float64{0.667 / 0.997, 0.33 / 0.997}},
		{"nobody, for the time being", []string{"70%", "100%", "30%", "0%"}, []float64{1, 0}},
	} {
		scenario, err := parseShop(row.change...)
		if err != nil {
			t.Errorf("%s: %v", row.why, err)
			continue
		}
		for i, way := range scenario.Ways() {
			if math.Abs(way.Share-row.want[i]) > 1e-12 {
				t.Errorf("%s: journey %s has the share %v, want %v", row.why, way.Name, way.Share, row.want[i])
			}
		}
	}
}

// TestPatchesNameStepsOfJourneys changes a step of both journeys, and puts one off in both.
func TestPatchesNameStepsOfJourneys(t *testing.T) {
	scenario, err := parseShop("journeys:\n", `plans:
  - name: patient
    set: {journey: {item: {think: 9s, loop: {back_to: list, times: 7}}}}
  - name: typo
    set: {journey: {itm: {think: 9s}}}
journeys:
`)
	if err == nil || !strings.Contains(err.Error(), `no step is called "itm"; did you mean "item"?`) {
		t.Errorf("a misspelt step in a patch gives %v", err)
	}
	planned, err := scenario.WithPlan("patient")
	if err != nil {
		t.Fatal(err)
	}
	step := planned.Journey[3]
	if step.Loop.Times != (scenarios.Times{Least: 7, Most: 7}) || step.Think.Mean() != 9 {
		t.Errorf("the patched step is %+v", step)
	}
	if scenario.Journey[3].Loop.Times.Most != 4 {
		t.Error("the patch changed the scenario itself")
	}
}

// TestSettingsNameStepsOfJourneys sets a value as a search or an uncertain input does.
func TestSettingsNameStepsOfJourneys(t *testing.T) {
	scenario, err := parseShop()
	if err != nil {
		t.Fatal(err)
	}
	changed, err := scenario.With(scenarios.Setting{Path: "journey.item.think", Value: "5s"}, scenarios.Setting{Path: "journey.item.loop.times", Value: "6"}).WithPlan("")
	if err != nil {
		t.Fatal(err)
	}
	if step := changed.Journey[3]; step.Think.Mean() != 5 || step.Loop.Times.Most != 6 {
		t.Errorf("the step became %+v", step)
	}
}

// TestThinkTimesFromData takes the think time from a column, whose cells must be durations.
func TestThinkTimesFromData(t *testing.T) {
	scenario, err := parseShop(item, "    think: ${feeder.users.name}\n")
	if err == nil || !strings.Contains(err.Error(), `steps[3].think: row 1 of the feeder "users" has "ada" in the column "name", which is not a duration`) {
		t.Errorf("a name as a duration gives %v, %v", scenario, err)
	}
	for column, want := range map[string]string{"feeder.users.age": `the feeder "users" has no column "age"`, "feeder.user.name": `there is no feeder "user"; did you mean "users"?`} {
		if _, err := parseShop(item, "    think: ${"+column+"}\n"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s gives %v, want %s", column, err, want)
		}
	}
	text := strings.Replace(shop, item, "    think: ${feeder.users.pause}\n", 1)
	scenario, err = scenarios.Parse("shop.yaml", []byte(text), fstest.MapFS{"users.csv": {Data: []byte("pause\n2s\n1m\n")}})
	if err != nil {
		t.Fatal(err)
	}
	if longest := scenario.Longest(scenario.Journey[3].Think); longest != time.Minute {
		t.Errorf("the longest think time is %v", longest)
	}
}

func TestTimesInText(t *testing.T) {
	for text, want := range map[string]scenarios.Times{"3": {Least: 3, Most: 3}, "3..5": {Least: 3, Most: 5}, "1 .. 1000": {Least: 1, Most: 1000}} {
		var times scenarios.Times
		if err := json.Unmarshal([]byte(`"`+text+`"`), &times); err != nil || times != want {
			t.Errorf("%s reads as %v, %v", text, times, err)
		}
	}
	for _, text := range []string{"", "0", "-1", "5..3", "1..1001", "3...5", "a"} {
		if new(scenarios.Times).UnmarshalText([]byte(text)) == nil {
			t.Errorf("%q is a number of rounds", text)
		}
	}
}

// TestAStepIsPutOffInEachJourney moves a step to the end of the journeys that have it, and of no other.
func TestAStepIsPutOffInEachJourney(t *testing.T) {
	scenario, err := parseShop(item, "", "journeys:\n", "plans:\n  - name: later\n    policies: [{policy: deferred-photo, at: step:list}]\njourneys:\n")
	if err != nil {
		t.Fatal(err)
	}
	planned, err := scenario.WithPlan("later")
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"home item list", "home login item pay list"} {
		if got := strings.Join(planned.Ways()[i].Steps, " "); got != want {
			t.Errorf("the journey %s is %s, want %s", planned.Ways()[i].Name, got, want)
		}
	}
	if got := strings.Join(scenario.Ways()[0].Steps, " "); got != "home list item" {
		t.Errorf("the plan changed the scenario itself to %s", got)
	}
}
