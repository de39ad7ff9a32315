package main

import (
	"io"
	"slices"
	"strings"
	"testing"
)

// TestCandidates types command lines up to their last word.
func TestCandidates(t *testing.T) {
	app := newApp(streams{out: io.Discard, err: io.Discard})
	for _, row := range []struct {
		why, typed string
		has        []string // in this order, among others
		hasNot     string
	}{
		{"a command", "dr", []string{"drill"}, "load"},
		{"any command", "", []string{"drill", "simulate", "version"}, "part"},
		{"a command of a command", "scenario ", []string{"list", "check"}, "drill"},
		{"a flag", "drill --sc", []string{"--scale", "--scale-system"}, "--seed"},
		{"a bundled scenario", "simulate sm", []string{"smoke"}, "shop"},
		{"a second scenario to check", "scenario check smoke st", []string{"staffing"}, "smoke"},
		{"a plan of the scenario named", "simulate staffing --plan ", []string{"bare"}, ""},
		{"a plan of the default scenario", "drill --plan as", []string{"as-"}, ""},
		{"a plan behind an equals sign", "drill --plan=as", []string{"--plan=as-"}, ""},
		{"a step for a threshold", "drill smoke --threshold sign-up.pa", []string{"sign-up.passed"}, "landing.passed"},
		{"nothing for a file", "plot ", nil, "smoke"},
		{"nothing for a number", "drill --seed ", nil, "smoke"},
		{"a formula", "calc mm", []string{"mm1", "mmc"}, "usl"},
		{"a flag of a formula", "calc mm1 --arr", []string{"--arrival-rate"}, ""},
		{"a kind of recording", "scenario init --from h", []string{"har"}, "k6"},
		{"a shell", "completion ", shells(), ""},
		{"a plan of a file that is not there", "simulate none.yaml --plan ", nil, "as-was"},
	} {
		got := candidates(app, strings.Split(row.typed, " "))
		at := 0
		for _, want := range row.has {
			place := slices.IndexFunc(got[at:], func(candidate string) bool { return strings.HasPrefix(candidate, want) })
			if place < 0 {
				t.Errorf("%s: %q gives %q, without %s", row.why, row.typed, got, want)
				break
			}
			at += place
		}
		if row.has == nil && len(got) > 0 || row.hasNot != "" && slices.Contains(got, row.hasNot) {
			t.Errorf("%s: %q gives %q", row.why, row.typed, got)
		}
	}
}
