//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/study/calibration"
)

// shortestFit is the least time for which a load of the fit is offered. In less there are too few stretches of time to tell
// steps apart.
const shortestFit = 10 * time.Second

// searches is how often the knee is looked for.
const searches = 3

// played is a service under measurement.
type played struct {
	*accuracy
	subject subject
	service accuracyService
	folder  string
	knee    float64
	model   string
}

// measure finds the knee, fits a model, and predicts and measures every case.
func (p *played) measure(ctx context.Context) ([]accuracyRow, error) {
	if err := os.MkdirAll(p.folder, 0o755); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(p.folder, "scenario.yaml"), []byte(p.subject.about().scenario), 0o644); err != nil {
		return nil, err
	}
	for _, step := range []func(context.Context) error{p.findKnee, p.fit} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	var rows []accuracyRow
	found := map[string]calibration.Validation{}
	for _, c := range casesOf(p.subject) {
		if p.apart && c.heldOut == heldCore {
			continue // it has one core in every case
		}
		validation, err := p.predict(ctx, c)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.name, err)
		}
		found[c.name] = validation
		rows = append(rows, rowsOf(p.service, c, validation)...)
		if c.heldOut == heldGate {
			rows = append(rows, effectRows(p.service, c, found["load-150"], validation)...)
		}
	}
	return rows, nil
}

// findKnee looks for the knee several times, each time at a fresh service, and later times near what the first found.
func (p *played) findKnee(ctx context.Context) error {
	from, factor := p.subject.about().from, "1.6"
	for search := 1; search <= searches; search++ {
		folder := fmt.Sprintf("knee-%d", search)
		arguments := []string{"redline", "scenario.yaml", "--from", from, "--factor", factor, "--precision", "0.1", "--most", "12", "--for", max(2*time.Second, p.length*2/3).String(), "--quiet"}
		if err := p.playEach(ctx, "", "", []string{folder}, arguments); err != nil {
			return err
		}
		whole, err := p.read(filepath.Join(folder, "report.json"))
		if err != nil {
			return err
		}
		if whole.Redline == nil {
			return fmt.Errorf("the report of %s is not that of a redline", folder)
		}
		held, broke := whole.Redline.HeldPerS, whole.Redline.BrokePerS
		if held == 0 || broke == 0 {
			return fmt.Errorf("search %d did not find the knee: %.0f visits per second held and %.0f broke", search, held, broke)
		}
		p.service.KneePerS = append(p.service.KneePerS, held)
		from, factor = fmt.Sprintf("%.4g/s", 0.9*p.service.KneePerS[0]), "1.2"
	}
	p.knee, _ = kneeOf(p.service.KneePerS)
	p.note("ombak redline scenario.yaml --precision 0.1    # %d times: the knee", searches)
	return nil
}

// note keeps a command for the reader.
func (p *played) note(format string, values ...any) {
	p.service.Commands = append(p.service.Commands, fmt.Sprintf(format, values...))
}

// playEach starts a fresh service and runs one command after another into folders, except those whose reports exist. The
// service stands behind the gate of a plan if one is named.
func (p *played) playEach(ctx context.Context, cores, plan string, folders []string, commands ...[]string) (err error) {
	missing := slices.ContainsFunc(folders, func(folder string) bool { return !p.has(folder) })
	if !missing {
		return nil
	}
	place, err := os.MkdirTemp("", "ombak-service-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(place)) }()
	program, before := p.ombak, []string(nil)
	if p.apart {
		cores = "0"
		program, before = onCores("1", p.ombak, nil)
	}
	service, err := p.subject.start(ctx, place, cores)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, service.stop()) }()
	if err := service.warm(ctx, p.subject.about().page, p.subject.about().body); err != nil {
		return err
	}
	target := service.target
	if p.subject.about().compiles {
		if _, _, err := p.playAs(ctx, program, p.folder, append(slices.Clone(before), p.uncounted(target, place)...)...); err != nil {
			return err
		}
	}
	if plan != "" {
		gate, failed := p.startGate(ctx, place, plan, target)
		if failed != nil {
			return failed
		}
		defer func() { err = errors.Join(err, gate.stop()) }()
		target = gate.target
	}
	for i, folder := range folders {
		if p.has(folder) {
			continue
		}
		if err := os.RemoveAll(filepath.Join(p.folder, folder)); err != nil { // what an interrupted run left
			return err
		}
		arguments := append(slices.Clone(commands[i%len(commands)]), "--target", target, "--out", folder)
		for _, watched := range service.watch {
			arguments = append(arguments, "--watch", watched)
		}
		if _, _, err := p.playAs(ctx, program, p.folder, append(slices.Clone(before), arguments...)...); err != nil {
			return err
		}
	}
	return nil
}

// uncounted returns the command of a run that warms all steps of a service, and whose report nobody reads.
func (p *played) uncounted(target, place string) []string {
	return []string{"redline", "scenario.yaml", "--from", p.subject.about().from, "--most", "1", "--repeats", "0", "--for", shortestFit.String(), "--quiet", "--target", target, "--out", filepath.Join(place, "uncounted")}
}

func (p *played) has(folder string) bool {
	_, err := os.Stat(filepath.Join(p.folder, folder, "report.json"))
	return err == nil
}

func (p *played) read(path string) (r report.Report, err error) {
	text, err := os.ReadFile(filepath.Join(p.folder, path))
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return r, fmt.Errorf("cannot read %s: %w", path, err)
	}
	return r, nil
}

func (p *played) startGate(ctx context.Context, place, plan, target string) (*running, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	gate, err := p.launch(ctx, place, "", p.ombak, "serve", "gate", "--scenario", filepath.Join(p.folder, "scenario.yaml"), "--plan", plan, "--target", target, "--listen", "gate="+address)
	if err != nil {
		return nil, err
	}
	gate.target = "http://" + address
	return gate, gate.await(ctx, p.subject.about().page)
}

// level returns the command that offers a share of the knee for some time.
func (p *played) level(share float64, mix, plan string, length time.Duration) []string {
	arguments := []string{"redline", "scenario.yaml", "--from", fmt.Sprintf("%.4g/s", share*p.knee), "--most", "1", "--repeats", "0", "--for", length.String(), "--quiet"}
	if mix != "" {
		arguments = append(arguments, "--mix", mix)
	}
	if plan != "" {
		arguments = append(arguments, "--plan", plan)
	}
	return arguments
}

// fit measures light loads, each once and for longer than a case, and fits a model to them.
func (p *played) fit(ctx context.Context) error {
	var folders []string
	var commands [][]string
	arguments := []string{"calibrate"}
	for i, load := range fitLoadsOf(p.subject) {
		folder := fmt.Sprintf("fit-%d", i+1)
		folders, commands = append(folders, folder), append(commands, p.level(load.share, load.mix, "", max(shortestFit, 2*p.length)))
		arguments = append(arguments, filepath.Join(folder, "level-01", "report.json"))
		p.note("%s", shellCommand(commands[i]))
	}
	if err := p.playEach(ctx, "", "", folders, commands...); err != nil {
		return err
	}
	rest := []string{"--scenario", "scenario.yaml"}
	if !p.apart {
		rest = append(rest, "--shared")
	}
	for _, name := range p.subject.about().watched {
		rest = append(rest, "--watch-name", name)
	}
	if servers := p.subject.about().servers; servers != "" {
		rest = append(rest, "--servers", servers)
	}
	_, said, err := p.playIn(ctx, p.folder, slices.Concat(arguments, rest, []string{"-o", "model.yaml"})...)
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(said)) {
		if warning, is := strings.CutPrefix(strings.TrimSpace(line), "warning: "); is {
			p.service.Warnings = append(p.service.Warnings, warning)
		}
	}
	p.note("ombak calibrate fit-*/level-01/report.json %s", strings.Join(rest, " "))
	text, err := os.ReadFile(filepath.Join(p.folder, "model.yaml"))
	p.model = string(text)
	return err
}

// predict measures a case and compares it with what the model says.
func (p *played) predict(ctx context.Context, c accuracyCase) (found calibration.Validation, err error) {
	cores, plan, model := "", "", "model.yaml"
	switch c.heldOut {
	case heldGate:
		plan = "gated"
	case heldCore:
		cores, model = "0", "model-one-core.yaml"
		if err := os.WriteFile(filepath.Join(p.folder, model), []byte(onOneCore(p.model)), 0o644); err != nil {
			return found, err
		}
	}
	var folders, reports []string
	for run := 1; run <= p.runs; run++ {
		folder := c.name + "-" + strconv.Itoa(run)
		folders, reports = append(folders, folder), append(reports, filepath.Join(folder, "level-01", "report.json"))
	}
	command := p.level(c.share, c.mix, plan, p.length)
	if err := p.playEach(ctx, cores, plan, folders, command); err != nil {
		return found, err
	}
	var runs []report.Report
	for _, path := range reports {
		r, err := p.read(path)
		if err != nil {
			return found, err
		}
		runs = append(runs, r)
	}
	p.service.Conditions = append(p.service.Conditions, conditionOf(c.name, runs))
	return p.compare(ctx, command, c, reports, "--model", model, "--replications", strconv.Itoa(p.replications))
}

// compare holds the model against the runs of a case.
func (p *played) compare(ctx context.Context, command []string, c accuracyCase, reports []string, options ...string) (found calibration.Validation, err error) {
	output, _, err := p.playIn(ctx, p.folder, slices.Concat([]string{"validate", "scenario.yaml"}, reports, options, []string{"--json"})...)
	if err != nil {
		return found, err
	}
	p.note("%s    # %d times, and then ombak validate scenario.yaml %s-*/level-01/report.json %s", shellCommand(command), p.runs, c.name, strings.Join(options, " "))
	if err := json.Unmarshal(output, &found); err != nil {
		return found, fmt.Errorf("cannot read the findings (%w): %.200s", err, output)
	}
	return found, nil
}

var (
	serversInModel = regexp.MustCompile(`servers: [0-9]+`)
	besideInModel  = regexp.MustCompile(`, beside: [^,}]+`)
)

// onOneCore returns a model whose stations have one server each, and leave the other cores to other programs.
func onOneCore(model string) string {
	return besideInModel.ReplaceAllString(serversInModel.ReplaceAllString(model, "servers: 1"), "")
}
