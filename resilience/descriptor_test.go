package resilience_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/resilience"
)

// A policy is sent as its name and settings, and is made from them where it runs.
func ExamplePolicy() {
	text, _ := json.Marshal(resilience.Policy{Name: "circuit-breaker", Settings: resilience.Settings{Calls: 2}}.WithDefaults())
	var policy resilience.Policy
	_ = json.Unmarshal(text, &policy)
	config, err := policy.Config()
	guard := config.(resilience.Guarding).Guard()
	for range 2 {
		epoch, _, _ := guard.Allow(0)
		guard.Done(0, epoch, false)
	}
	_, wait, ok := guard.Allow(time.Second)
	fmt.Println(err, ok, wait)
	// Output: <nil> false 4s
}

// enough holds settings from which every policy can be made.
var enough = resilience.Settings{
	Limit: 4, Queue: 40, Deadline: time.Second, Min: 2, Max: 8, Rate: 10, Burst: 3, Every: time.Hour, TTL: time.Minute, Workers: 6, PerServer: 0.5, HitRate: 0.5,
}

// kept returns the settings that a policy takes.
func kept(descriptor resilience.Descriptor, settings resilience.Settings) resilience.Policy {
	from, policy := reflect.ValueOf(settings), resilience.Policy{Name: descriptor.Name}
	to := reflect.ValueOf(&policy.Settings).Elem()
	for i := range from.NumField() {
		key, _, _ := strings.Cut(from.Type().Field(i).Tag.Get("yaml"), ",")
		if slices.Contains(descriptor.Keys(), key) {
			to.Field(i).Set(from.Field(i))
		}
	}
	return policy.WithDefaults()
}

// TestDescriptors: each descriptor is complete, and the kind of the policy works at each of its places.
func TestDescriptors(t *testing.T) {
	seen := map[string]bool{}
	for _, descriptor := range resilience.Policies() {
		name := descriptor.Name
		if name == "" || seen[name] || descriptor.Does == "" || descriptor.Source == "" || len(descriptor.Places) == 0 {
			t.Errorf("%q is empty, taken or incomplete", name)
		}
		seen[name] = true
		for _, scaled := range descriptor.Scales {
			if !slices.Contains(descriptor.Keys(), scaled) {
				t.Errorf("%s scales %s, which it does not take", name, scaled)
			}
		}
		config, err := kept(descriptor, enough).Config()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, site := range descriptor.Places {
			if !worksAt(config, site) {
				t.Errorf("%s is %T, which does nothing at %s", name, config, site)
			}
		}
		for _, site := range descriptor.Live {
			if !slices.Contains(descriptor.Places, site) {
				t.Errorf("%s runs live at %s, where it cannot be", name, site)
			}
		}
		if _, isFilter := config.(resilience.Filtering); isFilter && slices.Contains(descriptor.Live, resilience.AtStep) && descriptor.Code == "" {
			t.Errorf("the filter %s has no answer", name)
		}
	}
	if _, err := (resilience.Policy{Name: "magic"}).Config(); err == nil {
		t.Error("an unknown policy is made")
	}
}

func worksAt(config resilience.Config, site resilience.Site) (works bool) {
	switch config := config.(type) {
	case resilience.RoomConfig, resilience.PutOffConfig:
		return site == resilience.AtStep
	case resilience.CacheConfig, resilience.DeferConfig:
		return site == resilience.AtCall
	case resilience.Gated:
		return site != resilience.AtStation
	case resilience.Guarding:
		return site == resilience.AtCall
	case resilience.Steering, resilience.HitConfig:
		return site == resilience.AtStation
	case resilience.Filtering:
		_, repeats := config.(resilience.Repeating)
		return site == resilience.AtEntry || site == resilience.AtStep || repeats
	}
	return false
}

// TestScaledPolicies: the limits of a policy follow --scale-system, and a count stays at least 1.
func TestScaledPolicies(t *testing.T) {
	for _, row := range []struct {
		why, name    string
		factor       float64
		limit, queue int
		rate         resilience.Rate
	}{
		{"a gate", "bounded-fifo", 0.5, 2, 20, 0},
		{"one is left", "static-limit", 0.01, 1, 0, 0},
		{"the limit of each person is scaled", "token-bucket", 0.5, 0, 0, 10},
		{"what all people may have is", "waiting-room", 0.5, 0, 0, 5},
		{"and so is what they share", "shared-token-bucket", 0.5, 0, 0, 5},
		{"a calls' backlog", "async-verify", 2, 0, 80, 0},
	} {
		descriptor, _ := resilience.Named(row.name)
		got := kept(descriptor, enough).Scaled(row.factor)
		if got.Limit != row.limit || got.Queue != row.queue || got.Rate != row.rate {
			t.Errorf("%s: limit %d, queue %d, rate %v", row.why, got.Limit, got.Queue, got.Rate)
		}
	}
}
