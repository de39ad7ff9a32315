//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/study/calibration"
)

const (
	validationBegins = "<!-- make validate writes what follows -->"
	validationEnds   = "<!-- until here: validate -->"
)

// fitted holds the loads that the model is fitted to, as shares of the knee.
var fitted = [...]float64{0.10, 0.22, 0.35, 0.47, 0.60}

// validation fits a model at some loads and compares its predictions of others with measurements.
type validation struct {
	bench
	scenario string
	length   time.Duration // of each load
	runs     int           // of each load
	from     string        // first rate of the search for the knee
	holds    []string      // conditions, besides the scenario's, that must hold below the knee
	peak     bool
	knee     float64 // highest rate that held, sign-ups per second
	broke    float64 // lowest rate that did not hold
	model    string
	played   []string // commands run, for the reader
	found    []unseen
}

// unseen is a load that the fit did not use, with its prediction.
type unseen struct {
	title    string
	light    bool // below 85 % of the limit
	beyond   bool // above the limit
	findings calibration.Validation
}

// runValidation runs the program under the name validation and returns the exit code.
func runValidation(ctx context.Context, arguments []string, out, errOut io.Writer) int {
	flags := flag.NewFlagSet("ombak-bench validation", flag.ContinueOnError)
	flags.SetOutput(errOut)
	v := validation{bench: bench{log: errOut}}
	flags.StringVar(&v.ombak, "ombak", "", "the ombak `PROGRAM`")
	flags.StringVar(&v.folder, "out", "", "keep all reports in this `FOLDER`, and reuse those already there; "+
		"by default a temporary one")
	file := flags.String("into", "", "write the summary into `FILE` instead of standard output")
	data := flags.String("data", "", "write every figure and the model into `FOLDER`")
	flags.StringVar(&v.scenario, "scenario", "smoke", "the bundled `SCENARIO` to play")
	flags.StringVar(&v.from, "from", "600/s", "the first `RATE` of the search for the knee")
	flags.Func("holds", "a `CONDITION`, besides the scenario's, that must hold below the knee; may be given "+
		"several times; by default that mail arrives while people wait for it, and that signing up takes "+
		"less than a tenth of a second", func(condition string) error {
		v.holds = append(v.holds, condition)
		return nil
	})
	flags.DurationVar(&v.length, "for", 16*time.Second, "length of each load; the search for the knee takes "+
		"half as long again")
	flags.IntVar(&v.runs, "runs", 3, "runs of each load")
	flags.BoolVar(&v.peak, "peak", true, "predict 20 s of prakerja-2020-peak too")
	if err := flags.Parse(arguments); err != nil || v.ombak == "" || v.runs < 1 {
		fmt.Fprintln(errOut, "ombak-bench validation: -ombak is missing; give the program, or run make validate")
		return 2
	}
	if v.holds == nil {
		v.holds = []string{"mail.passed >= 95% of entered", "sign-up.response_time_passed.p99 < 100ms"}
	}
	if err := v.measureAll(ctx, *file, *data, out); err != nil {
		fmt.Fprintf(errOut, "ombak-bench validation: %v\n", err)
		return 1
	}
	return 0
}

func (v *validation) measureAll(ctx context.Context, file, data string, out io.Writer) (err error) {
	if v.ombak, err = filepath.Abs(v.ombak); err != nil {
		return err
	}
	if v.folder == "" {
		if v.folder, err = os.MkdirTemp("", "ombak-validation-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(v.folder)) }()
	}
	for _, step := range []func(context.Context) error{v.findKnee, v.fit, v.predict, v.predictPeak} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	if data != "" {
		if err := v.writeData(data); err != nil {
			return err
		}
	}
	if file == "" {
		_, err = io.WriteString(out, v.markdown())
		return err
	}
	return replaceBetween(file, v.markdown(), validationBegins, validationEnds)
}

// play runs ombak in the folder and returns its output.
func (v *validation) play(ctx context.Context, arguments ...string) ([]byte, error) {
	output, _, err := v.playIn(ctx, v.folder, arguments...)
	return output, err
}

// playIn runs ombak in a folder and returns its output and what it said beside. Exit codes that are verdicts are not
// failures: the report exists.
func (b *bench) playIn(ctx context.Context, folder string, arguments ...string) (output, said []byte, err error) {
	return b.playAs(ctx, b.ombak, folder, arguments...)
}

// playAs does the same with a program that runs ombak.
func (b *bench) playAs(ctx context.Context, program, folder string, arguments ...string) (output, said []byte, err error) {
	const patience = 5 * time.Minute
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	fmt.Fprintf(b.log, "%s %s\n", filepath.Base(program), strings.Join(arguments, " "))
	command := exec.CommandContext(ctx, program, arguments...)
	var written, complaints bytes.Buffer
	command.Dir, command.Stdout, command.Stderr = folder, &written, &complaints
	var exit *exec.ExitError
	err = command.Run()
	if errors.As(err, &exit) && (exit.ExitCode() == 3 || exit.ExitCode() == 4 || exit.ExitCode() == 99) {
		err = nil
	}
	if err != nil {
		err = fmt.Errorf("%s %s: %w: %s", filepath.Base(program), arguments[0], err, strings.TrimSpace(complaints.String()))
	}
	return written.Bytes(), complaints.Bytes(), err
}

func rate(perSecond float64) string { return fmt.Sprintf("%.0f/s", perSecond) }

// findKnee offers each rate for longer than the loads. If a rate exceeds the limit by a tenth, the queue
// grows by one second in ten, and no threshold notices that in a short run.
func (v *validation) findKnee(ctx context.Context) error {
	arguments := []string{"redline", v.scenario, "--from", v.from, "--factor", "1.4", "--precision", "0.1", "--most", "12", "--for", (v.length * 3 / 2).String(), "--quiet"}
	for _, condition := range v.holds {
		arguments = append(arguments, "--threshold", condition)
	}
	path, err := v.measured(ctx, "knee", arguments...)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var whole report.Report
	if err := json.Unmarshal(text, &whole); err != nil || whole.Redline == nil {
		return fmt.Errorf("cannot read the redline's report (%v): %.200s", err, text)
	}
	if v.knee, v.broke = whole.Redline.HeldPerS, whole.Redline.BrokePerS; v.knee == 0 || v.broke == 0 {
		return fmt.Errorf("the knee was not found: %.0f sign-ups per second held and %.0f broke; "+
			"start elsewhere with -from", v.knee, v.broke)
	}
	v.played = append(v.played, shellCommand(arguments))
	return nil
}

// level plays one run at a rate and returns the path of its report.
func (v *validation) level(ctx context.Context, perSecond float64, folder string) (string, error) {
	_, err := v.measured(ctx, folder, "redline", v.scenario, "--from", rate(perSecond), "--most", "1", "--for", v.length.String(), "--quiet")
	return filepath.Join(folder, "level-01", "report.json"), err
}

// measured plays a run into its own folder, unless it was played before, and returns the path of its report.
func (v *validation) measured(ctx context.Context, folder string, arguments ...string) (string, error) {
	path := filepath.Join(v.folder, folder, "report.json")
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	_, err := v.play(ctx, append(arguments, "--out", folder)...)
	return path, err
}

// shellCommand writes a command for a shell.
func shellCommand(arguments []string) string {
	text := "ombak"
	for _, argument := range arguments {
		if strings.ContainsAny(argument, " <>%") {
			argument = "'" + argument + "'"
		}
		text += " " + argument
	}
	return text
}

// fit measures the loads in turn, so that slow changes of the machine affect all of them alike.
func (v *validation) fit(ctx context.Context) error {
	arguments := []string{"calibrate"}
	for run := 1; run <= v.runs; run++ {
		for _, share := range fitted {
			path, err := v.level(ctx, share*v.knee, fmt.Sprintf("fit-%.0f-%d", 100*share, run))
			if err != nil {
				return err
			}
			arguments = append(arguments, path)
		}
	}
	rest := []string{"--shared", "--scenario", v.scenario, "--rate", rate(fitted[0] * v.knee), "--for", v.length.String(), "-o", "model.yaml"}
	if _, err := v.play(ctx, append(arguments, rest...)...); err != nil {
		return err
	}
	v.played = append(v.played,
		fmt.Sprintf("ombak redline %s --from RATE --most 1 --for %v    # %d times at 10, 22, 35, 47 and 60 %% of the knee", v.scenario, v.length, v.runs),
		"ombak calibrate fit-*/level-01/report.json "+strings.Join(rest, " "))
	text, err := os.ReadFile(filepath.Join(v.folder, "model.yaml"))
	v.model = string(text)
	return err
}

// predict compares loads inside the fit, near the limit and above it with the model's predictions.
func (v *validation) predict(ctx context.Context) error {
	for _, load := range []struct {
		perSecond float64
		unseen
	}{
		{0.53 * v.knee, unseen{title: "53 % of the knee, between two loads of the fit", light: true}},
		{0.8 * v.knee, unseen{title: "80 % of the knee", light: true}},
		{v.knee, unseen{title: "The knee"}},
		{1.6 * v.knee, unseen{title: "Saturation: 1.6 times the knee", beyond: true}},
	} {
		var reports []string
		for run := 1; run <= v.runs; run++ {
			path, err := v.level(ctx, load.perSecond, fmt.Sprintf("unseen-%.0f-%d", load.perSecond, run))
			if err != nil {
				return err
			}
			reports = append(reports, path)
		}
		load.title += ", " + rate(load.perSecond)
		if err := v.hold(ctx, load.unseen, v.scenario, reports, "--rate", rate(load.perSecond), "--for", v.length.String()); err != nil {
			return err
		}
	}
	return nil
}

// predictPeak applies the model to another journey, that of the busiest minute.
func (v *validation) predictPeak(ctx context.Context) error {
	if !v.peak {
		return nil
	}
	const scenario, window = "prakerja-2020-peak", "10s..30s"
	var reports []string
	for run := 1; run <= v.runs; run++ {
		folder := fmt.Sprintf("peak-%d", run)
		if _, err := v.measured(ctx, folder, "drill", scenario, "--plan", "as-published", "--window", window, "--quiet"); err != nil {
			return err
		}
		reports = append(reports, filepath.Join(folder, "report.json"))
	}
	return v.hold(ctx, unseen{title: "The peak: 20 s of prakerja-2020-peak, as-published, 1,350/s", light: true}, scenario, reports, "--window", window)
}

// hold compares runs of one load with the model's prediction.
func (v *validation) hold(ctx context.Context, load unseen, scenario string, reports []string, which ...string) error {
	arguments := append(append([]string{"validate", scenario}, reports...), which...)
	options := []string{"--shared", "--model", "model.yaml", "--replications", "4"}
	output, err := v.play(ctx, append(append(arguments, options...), "--json")...)
	if err != nil {
		return err
	}
	v.played = append(v.played, fmt.Sprintf("ombak validate %s REPORT… %s", scenario, strings.Join(append(which, options...), " ")))
	if err := json.Unmarshal(output, &load.findings); err != nil {
		return fmt.Errorf("cannot read the findings (%w): %.200s", err, output)
	}
	v.found = append(v.found, load)
	return nil
}
