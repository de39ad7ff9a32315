package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/ombak-sim/ombak/plots"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/render"
)

// makeFolder makes the output folder and returns its path. Without a name it is ombak-out/SCENARIO-TIME, with a number if
// another run has that one.
func makeFolder(name, scenario string, now time.Time) (string, error) {
	var err error
	if name == "" {
		name, err = newFolder(filepath.Join("ombak-out", scenario+"-"+now.Format("20060102-150405")))
	} else {
		err = os.MkdirAll(name, 0o755)
	}
	if err != nil {
		return "", fmt.Errorf("cannot make the output folder: %w; name another with --out", err)
	}
	if err := lockFolder(name); errors.Is(err, errInUse) {
		return "", usageError{fmt.Errorf("another run is writing to the folder %s; name another with --out", name)}
	}
	probe := filepath.Join(name, ".ombak-probe")
	if err := os.WriteFile(probe, []byte("ombak"), 0o600); err != nil {
		return "", fmt.Errorf("cannot write to the output folder: %w; name another with --out", err)
	}
	return name, os.Remove(probe)
}

// errInUse is the error of a folder to which another process writes.
var errInUse = errors.New("in use")

// newFolder makes a folder that did not exist. It adds -2, -3 and so on to a name that is taken.
func newFolder(name string) (string, error) {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return "", err
	}
	for number := 1; ; number++ {
		free := name
		if number > 1 {
			free = fmt.Sprintf("%s-%d", name, number)
		}
		if err := os.Mkdir(free, 0o755); !errors.Is(err, os.ErrExist) {
			return free, err
		}
	}
}

// writeFiles writes every file of the report that it can, report.json first, and returns the errors.
func writeFiles(folder string, r report.Report) error {
	if err := writeFile(filepath.Join(folder, "report.json"), func(w io.Writer) error { return report.Write(w, r) }); err != nil {
		return fmt.Errorf("cannot write the report: %w", err)
	}
	var failures []error
	figures, err := plots.All(r)
	if err != nil {
		failures = append(failures, err)
	}
	for _, file := range []struct {
		name  string
		write func(io.Writer, report.Report) error
	}{
		{"series.csv", render.CSV},
		{"latency.hlog", render.HistogramLog},
		{"summary.md", render.Markdown},
		{"junit.xml", render.JUnit},
		{"report.html", page(figures)},
	} {
		if err := writeFile(filepath.Join(folder, file.name), func(w io.Writer) error { return file.write(w, r) }); err != nil {
			failures = append(failures, err)
		}
	}
	if err := writeFigures(filepath.Join(folder, "plots"), figures); err != nil {
		failures = append(failures, err)
	}
	if len(failures) > 0 {
		return fmt.Errorf("report.json is whole, but other files of the report are missing: %w", errors.Join(failures...))
	}
	return nil
}

// writeFile writes a temporary file and renames it, so that a full disk leaves no partial file.
func writeFile(name string, write func(io.Writer) error) (err error) {
	file, err := os.CreateTemp(filepath.Dir(name), ".ombak-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("%s: %w", filepath.Base(name), err), os.Remove(file.Name()))
		}
	}()
	if err = errors.Join(write(file), file.Chmod(0o644), file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), name)
}
