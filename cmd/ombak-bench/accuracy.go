//go:build linux

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	accuracyBegins = "<!-- make accuracy writes what follows -->"
	accuracyEnds   = "<!-- until here: accuracy -->"
)

// accuracy fits a model of each service at light loads, predicts what the fit has not seen, and measures it.
type accuracy struct {
	bench
	length       time.Duration // for which each rate is offered, after the ramp
	runs         int           // of each load
	replications int
	foreign      string // folder of services of others
	apart        bool   // the service has a core, and the generator another
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
	services := flags.String("services", "backend-sqlite,backend-postgres,pocketbase,postgraphile", "the `SERVICES` to measure, with commas; none makes the tables from accuracy.json alone")
	flags.StringVar(&a.foreign, "foreign", ".tools/foreign", "the `FOLDER` in which make accuracy installs services of others")
	flags.DurationVar(&a.length, "for", 6*time.Second, "how long each rate is offered, after a ramp of 3 s")
	flags.IntVar(&a.runs, "runs", 6, "runs of each load, at least 2")
	flags.BoolVar(&a.apart, "apart", false, "give the first core to the service and the second to the generator, to see how much of the error comes from sharing them; write such figures to another -data")
	flags.IntVar(&a.replications, "replications", 1, "simulations that a prediction is the mean of; the first has the people of the runs, and further ones have others")
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
	var failed error // one service that fails does not cost the figures of the others
	for _, s := range chosen {
		if err := a.add(ctx, &board, s, data); err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", s.about().name, err))
		}
	}
	if into == "" {
		_, err = io.WriteString(out, board.markdown())
	} else {
		err = replaceBetween(into, board.markdown(), accuracyBegins, accuracyEnds)
	}
	return errors.Join(failed, err)
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
