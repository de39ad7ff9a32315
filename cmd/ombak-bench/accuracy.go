//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
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

const (
	accuracyBegins = "<!-- make accuracy writes what follows -->"
	accuracyEnds   = "<!-- until here: accuracy -->"
)

// searches is how often the knee is looked for.
const searches = 3

// accuracy fits a model of each service at light loads, predicts what the fit has not seen, and measures it.
type accuracy struct {
	bench
	length       time.Duration // for which each rate is offered, after the ramp
	runs         int           // of each load
	replications int
	foreign      string // folder of services of others
	chosen       []string
}

// runAccuracy runs the program under the name accuracy and returns the exit code.
func runAccuracy(ctx context.Context, arguments []string, out, errOut io.Writer) int {
	flags := flag.NewFlagSet("ombak-bench accuracy", flag.ContinueOnError)
	flags.SetOutput(errOut)
	a := accuracy{bench: bench{log: errOut}}
	flags.StringVar(&a.ombak, "ombak", "", "the ombak `PROGRAM`")
	flags.StringVar(&a.folder, "out", "", "keep all reports in this `FOLDER`, and reuse those already there; by default a temporary one")
	into := flags.String("into", "", "write the tables into `FILE` instead of standard output")
	data := flags.String("data", "", "add the figures to accuracy.json in this `FOLDER`, in place of earlier ones of the same services, and write the models beside it")
	services := flags.String("services", "backend-sqlite,backend-postgres,pocketbase,json-server", "the `SERVICES` to measure, with commas; none makes the tables from accuracy.json alone")
	flags.StringVar(&a.foreign, "foreign", ".tools/foreign", "the `FOLDER` in which make accuracy installs services of others")
	flags.DurationVar(&a.length, "for", 7*time.Second, "how long each rate is offered, after a ramp of 3 s")
	flags.IntVar(&a.runs, "runs", 6, "runs of each load, at least 2")
	flags.IntVar(&a.replications, "replications", 4, "simulations that a prediction is the mean of")
	if err := flags.Parse(arguments); err != nil || a.ombak == "" || a.runs < 2 || a.length <= 0 {
		fmt.Fprintln(errOut, "ombak-bench accuracy: give the program with -ombak, at least 2 -runs, and -for above 0; or run make accuracy")
		return 2
	}
	a.chosen = strings.Split(*services, ",")
	if err := a.measureAll(ctx, *into, *data, out); err != nil {
		fmt.Fprintf(errOut, "ombak-bench accuracy: %v\n", err)
		return 1
	}
	return 0
}

func (a *accuracy) measureAll(ctx context.Context, into, data string, out io.Writer) (err error) {
	for _, path := range []*string{&a.ombak, &a.foreign} { // services run in folders of their own
		if *path, err = filepath.Abs(*path); err != nil {
			return err
		}
	}
	if a.folder == "" {
		if a.folder, err = os.MkdirTemp("", "ombak-accuracy-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(a.folder)) }()
	} else if a.folder, err = filepath.Abs(a.folder); err != nil {
		return err
	}
	chosen, err := choose(subjects(&a.bench, a.foreign), a.chosen)
	if err != nil {
		return err
	}
	var board accuracyBoard
	file := ""
	if data != "" {
		file = filepath.Join(data, boardFile)
	}
	if board, err = readBoard(file); err != nil {
		return err
	}
	for _, s := range chosen {
		if err := a.add(ctx, &board, s, data); err != nil {
			return fmt.Errorf("%s: %w", s.about().name, err)
		}
	}
	if into == "" {
		_, err = io.WriteString(out, board.markdown())
		return err
	}
	return replaceBetween(into, board.markdown(), accuracyBegins, accuracyEnds)
}

// choose returns the services with these names, in the order of the board.
func choose(all []subject, names []string) (chosen []subject, err error) {
	var known []string
	for _, s := range all {
		known = append(known, s.about().name)
		if slices.Contains(names, s.about().name) {
			chosen = append(chosen, s)
		}
	}
	for _, name := range names {
		if name != "none" && !slices.Contains(known, name) {
			return nil, fmt.Errorf("-services names %q; choose among %s, or none", name, strings.Join(known, ", "))
		}
	}
	return chosen, nil
}

// add measures a service and writes the board, so that a service measured is kept if the next one fails.
func (a *accuracy) add(ctx context.Context, board *accuracyBoard, s subject, data string) error {
	service := accuracyService{Name: s.about().name}
	version, err := s.version(ctx)
	if err != nil {
		service.Skipped = err.Error()
		fmt.Fprintf(a.log, "%s is not measured: %v\n", service.Name, err)
		board.put(service, nil)
		return nil
	}
	service.Version, service.Measured, service.Machine = version, time.Now().UTC().Format("2006-01-02"), machine()
	service.ForS, service.Runs = a.length.Seconds(), a.runs
	p := &played{accuracy: a, subject: s, service: service, folder: filepath.Join(a.folder, service.Name)}
	rows, err := p.measure(ctx)
	if err != nil {
		return err
	}
	board.put(p.service, rows)
	if data == "" {
		return nil
	}
	if err := os.MkdirAll(data, 0o755); err != nil {
		return err
	}
	return errors.Join(os.WriteFile(filepath.Join(data, "accuracy-"+service.Name+".yaml"), []byte(p.model), 0o644), board.write(filepath.Join(data, boardFile)))
}

// boardFile is the name of the file of all figures.
const boardFile = "accuracy.json"

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
		text, err := os.ReadFile(filepath.Join(p.folder, folder, "report.json"))
		if err != nil {
			return err
		}
		var whole report.Report
		if err := json.Unmarshal(text, &whole); err != nil || whole.Redline == nil {
			return fmt.Errorf("cannot read the report of %s (%v)", folder, err)
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
	service, err := p.subject.start(ctx, place, cores)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, service.stop()) }()
	if err := service.warm(ctx, p.subject.about().page); err != nil {
		return err
	}
	target := service.target
	if plan != "" {
		gate, err := p.startGate(ctx, place, plan, target)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, gate.stop()) }()
		target = gate.target
	}
	for i, folder := range folders {
		if p.has(folder) {
			continue
		}
		arguments := append(slices.Clone(commands[i%len(commands)]), "--target", target, "--out", folder)
		for _, watched := range service.watch {
			arguments = append(arguments, "--watch", watched)
		}
		if _, _, err := p.playIn(ctx, p.folder, arguments...); err != nil {
			return err
		}
	}
	return nil
}

func (p *played) has(folder string) bool {
	_, err := os.Stat(filepath.Join(p.folder, folder, "report.json"))
	return err == nil
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

// level returns the command that offers a share of the knee.
func (p *played) level(share float64, mix, plan string) []string {
	arguments := []string{"redline", "scenario.yaml", "--from", fmt.Sprintf("%.4g/s", share*p.knee), "--most", "1", "--repeats", "0", "--for", p.length.String(), "--quiet"}
	if mix != "" {
		arguments = append(arguments, "--mix", mix)
	}
	if plan != "" {
		arguments = append(arguments, "--plan", plan)
	}
	return arguments
}

// fit measures loads up to half the knee and fits a model to them.
func (p *played) fit(ctx context.Context) error {
	var folders []string
	var commands [][]string
	arguments := []string{"calibrate"}
	for i, load := range fitLoadsOf(p.subject) {
		folder := fmt.Sprintf("fit-%d", i+1)
		folders, commands = append(folders, folder), append(commands, p.level(load.share, load.mix, ""))
		arguments = append(arguments, filepath.Join(folder, "level-01", "report.json"))
		p.note("%s", shellCommand(commands[i]))
	}
	if err := p.playEach(ctx, "", "", folders, commands...); err != nil {
		return err
	}
	rest := []string{"--scenario", "scenario.yaml"}
	for _, name := range p.subject.about().watched {
		rest = append(rest, "--watch-name", name)
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
	command := p.level(c.share, c.mix, plan)
	if err := p.playEach(ctx, cores, plan, folders, command); err != nil {
		return found, err
	}
	options := []string{"--model", model, "--replications", strconv.Itoa(p.replications)}
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

var serversInModel = regexp.MustCompile(`servers: [0-9]+`)

// onOneCore returns a model whose stations have one server each.
func onOneCore(model string) string { return serversInModel.ReplaceAllString(model, "servers: 1") }
