package main

import (
	"context"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
)

// scheduledSmoke is smoke with a plan that sets servers, a limit and a queue while it plays.
func scheduledSmoke(t *testing.T) *scenarios.Scenario {
	t.Helper()
	smoke, err := scenarios.Load("smoke")
	if err != nil {
		t.Fatal(err)
	}
	before, _, _ := strings.Cut(string(smoke.Source()), "\nplans:")
	scenario, err := scenarios.Parse("scheduled.yaml", []byte(before+`
plans:
  - name: later
    policies: [{policy: bulkhead, at: "call:dukcapil", limit: 50}]
    schedule:
      - {at: 4s, set: {dependencies: {dukcapil: {servers: 20}}}}
      - {at: 6s, set: {dependencies: {dukcapil: {servers: 30}}, policies: [{policy: bulkhead, at: "call:dukcapil", limit: 60}]}}
`), fstest.MapFS{})
	if err != nil {
		t.Fatal(err)
	}
	return scenario
}

// present returns the present value of a setting by what is offered.
func present(h *hall, title, setting, on string) string {
	for _, offer := range h.Offers() {
		if offer.Title != title {
			continue
		}
		for _, s := range offer.With {
			if s.Name == setting {
				return s.Now[on]
			}
		}
	}
	return ""
}

// The present values are those after the schedule and after what people did, in the order in which it took effect, however
// late the rows tell of the schedule. A live run tells of each intervention that it has done.
func TestPresentValues(t *testing.T) {
	model, err := setup.NewModel(scheduledSmoke(t), setup.Options{})
	if err != nil {
		t.Fatal(err)
	}
	renewals := 0
	at := time.Duration(0)
	h := &hall{offering: offeringOf(model), began: model.Scenario, coming: model.Settings(), renewed: func() { renewals++ }}
	h.act = func(context.Context, funnel.Action) (time.Duration, error) { return at, nil }
	act := func(when time.Duration, on string, with map[string]string) {
		t.Helper()
		at = when
		if _, err := h.Act(t.Context(), funnel.Action{Do: funnel.SetService, On: on, With: with}); err != nil {
			t.Fatal(err)
		}
	}
	servers := func() string { return present(h, "Change a part", "servers", "dukcapil") }
	limit := func() string { return present(h, policyTitle, "limit", "call:dukcapil") }
	was := servers()
	h.reached(3900 * time.Millisecond)
	if servers() != was || limit() != "50" || renewals != 0 {
		t.Errorf("before the schedule: %s servers, limit %s, %d renewals", servers(), limit(), renewals)
	}
	act(4500*time.Millisecond, "dukcapil", map[string]string{"servers": "7"}) // before a row tells of the fourth second
	if servers() != "7" {
		t.Errorf("what was done after the schedule leaves %s servers", servers())
	}
	h.reached(5 * time.Second)
	if servers() != "7" {
		t.Errorf("a row that tells of the schedule late leaves %s servers", servers())
	}
	h.reached(6 * time.Second)
	if servers() != "30" || limit() != "60" || renewals != 1 {
		t.Errorf("after the schedule: %s servers, limit %s, %d renewals", servers(), limit(), renewals)
	}
	act(7*time.Second, "call:dukcapil", map[string]string{"policy": "bulkhead", "enabled": "false"})
	if got := present(h, policyTitle, "enabled", "call:dukcapil"); got != "off" || limit() != "60" {
		t.Errorf("the policy is %q with the limit %s", got, limit())
	}
	if h.touched() == "" {
		t.Error("nobody has acted")
	}

	live, err := setup.NewLive(scheduledSmoke(t), setup.Options{})
	if err != nil {
		t.Fatal(err)
	}
	h = hallOf(live)
	h.scheduled(live.Schedule[0])
	if servers() != "20" || h.touched() != "" {
		t.Errorf("after the first of a live run's schedule: %s servers; somebody acted: %q", servers(), h.touched())
	}
}

// A setting that is other than before the run says what it was; one that was set back says nothing.
func TestFormerValues(t *testing.T) {
	model, err := setup.NewModel(scheduledSmoke(t), setup.Options{})
	if err != nil {
		t.Fatal(err)
	}
	h := &hall{offering: offeringOf(model), began: model.Scenario, act: func(context.Context, funnel.Action) (time.Duration, error) { return time.Second, nil }}
	was := func() (found []string) {
		for _, offer := range h.Offers() {
			for _, s := range offer.With {
				for part, value := range s.Was {
					found = append(found, part+" "+s.Name+" "+value+" → "+s.Now[part])
				}
			}
		}
		return found
	}
	if found := was(); found != nil {
		t.Errorf("before anybody acted: %q", found)
	}
	first := present(h, "Change a part", "servers", "dukcapil")
	for _, row := range []struct{ servers, want string }{{"17", "dukcapil servers " + first + " → 17"}, {first, ""}} {
		if _, err := h.Act(t.Context(), funnel.Action{Do: funnel.SetService, On: "dukcapil", With: map[string]string{"servers": row.servers}}); err != nil {
			t.Fatal(err)
		}
		if found := strings.Join(was(), "; "); found != row.want {
			t.Errorf("with %s servers: %q, want %q", row.servers, found, row.want)
		}
	}
}

// A policy that only another plan has is named, with the reason why it cannot be added.
func TestAbsentPolicies(t *testing.T) {
	model, err := setup.NewModel(scheduledSmoke(t), setup.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if absent := offeringOf(model).absent(nil); len(absent) != 1 || absent[0].Title != "Add bulkhead at call:dukcapil" || !strings.Contains(absent[0].WhyNot, "play it with --plan later") {
		t.Errorf("a plan without the policy: %+v", absent)
	}
	_, policies := model.Scenario.Effective(model.Scenario.Plan())
	if absent := offeringOf(model).absent(policies); len(absent) > 0 {
		t.Errorf("the plan has it: %+v", absent)
	}
}
