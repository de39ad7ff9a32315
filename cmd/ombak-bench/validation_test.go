//go:build linux

package main

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestValidationGoals: each figure outside its bound counts as a miss in its own row.
func TestValidationGoals(t *testing.T) {
	var light, beyond unseen
	for text, load := range map[string]*unseen{
		`{"runs":3,"figures":[{"figure":"join.p50","near":true},{"figure":"join.p99","near":false},{"figure":"web.utilization","unit":"share","predicted":0.5,"near":true}]}`: &light,
		`{"runs":3,"figures":[{"figure":"plateau.throughput","near":true},{"figure":"join.p50","near":false}]}`:                                                               &beyond,
	} {
		if err := json.Unmarshal([]byte(text), &load.findings); err != nil {
			t.Fatal(err)
		}
	}
	light.title, light.light, beyond.beyond = "light", true, true
	v := validation{runs: 3, knee: 100, broke: 120, found: []unseen{light, beyond}, played: []string{"ombak calibrate"}, model: "stations:\n"}
	folder := t.TempDir()
	if err := v.writeData(folder); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{figuresFile: "light,web.utilization,share,0.5,0,0,0,0,0,true", modelFile: "#   ombak calibrate\nstations:\n"} {
		if text, err := os.ReadFile(filepath.Join(folder, name)); err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s lacks %q (%v):\n%s", name, want, err, text)
		}
	}
	text := v.markdown()
	for _, want := range []string{
		"| saturation throughput | 10 % | 1 of 1 figures | reached |",
		"| utilization | 5 points | 1 of 1 figures | reached |",
		"| p50 below 85 % of the limit | 20 % | 1 of 1 figures | reached |",
		"| p99 below 85 % of the limit | 35 % | 0 of 1 figures | **not reached** |",
		"| all figures of all loads | as in the data | 3 of 5 figures | **not reached** |",
		"| throughput of each step | 10 % | 0 of 0 figures | not measured |",
		"| light | 2 of 3 |", validationBegins, validationEnds,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
}

// TestValidationGoesOn: a run whose report exists is reused; any other is played.
func TestValidationGoesOn(t *testing.T) {
	v := validation{bench: bench{ombak: "/nonexistent/ombak", folder: t.TempDir(), log: io.Discard}, length: time.Second}
	if _, err := v.level(t.Context(), 100, "fit-10-1"); err == nil {
		t.Error("a missing program played a run")
	}
	if err := os.MkdirAll(filepath.Join(v.folder, "fit-10-1"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(v.folder, "fit-10-1", "report.json"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if path, err := v.level(t.Context(), 100, "fit-10-1"); err != nil || path != filepath.Join("fit-10-1", "level-01", "report.json") {
		t.Errorf("the reused run is %s, %v", path, err)
	}
	if text := shellCommand([]string{"redline", "--threshold", "mail.passed >= 95% of entered"}); text != "ombak redline --threshold 'mail.passed >= 95% of entered'" {
		t.Error(text)
	}
}
