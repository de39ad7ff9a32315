package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/setup"
)

// The names of the files by which a run on which somebody acted is repeated.
const (
	interventionsFile = "interventions.yaml"
	replayFile        = "replay.yaml"
)

// replay is what repeats a run, if anybody acted. It is made before the report, which names it, and written after it.
type replay struct {
	folder string
	names  []string          // of what the page links to
	texts  map[string][]byte // by name, with slashes: also the files that the scenario names
}

// makeReplay makes interventions.yaml and replay.yaml, with the files that the scenario names, if anybody acted. It says why
// there is no replay.yaml.
func makeReplay(c *cli.Context, run *setup.Planned, actions []funnel.Action, folder string) (replay, error) {
	r := replay{folder: folder}
	if len(actions) == len(run.Scenario.Interventions) {
		return r, nil
	}
	r.names, r.texts = []string{interventionsFile}, map[string][]byte{interventionsFile: scenarios.WriteInterventions(actions)}
	text, err := run.Scenario.WriteReplay(actions, playOf(c, run))
	if err != nil {
		fmt.Fprintf(c.App.ErrWriter, "replay.yaml is not written: %v\n", err)
		return r, nil
	}
	beside, err := run.Scenario.Beside()
	if err != nil {
		return r, err
	}
	for _, name := range slices.Sorted(maps.Keys(beside)) {
		taken, err := r.taken(name, beside[name])
		if err != nil {
			return r, err
		}
		if taken {
			fmt.Fprintf(c.App.ErrWriter, "replay.yaml is not written: the scenario names a file %s, and %s has another file of that name; rename the scenario's\n", name, folder)
			return r, nil
		}
	}
	maps.Copy(r.texts, beside)
	r.names, r.texts[replayFile] = append(r.names, replayFile), text
	return r, nil
}

// taken reports whether a file of the scenario has the name of one that the run writes, or of another in the folder.
func (r replay) taken(name string, text []byte) (bool, error) {
	clean := path.Clean(name)
	if top, _, _ := strings.Cut(clean, "/"); top == "plots" || slices.Contains(reportFiles(), clean) {
		return true, nil
	}
	there, err := os.ReadFile(filepath.Join(r.folder, filepath.FromSlash(name)))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil && !bytes.Equal(there, text), err
}

// reportFiles returns the names of the files that a run writes, apart from figures.
func reportFiles() []string {
	return []string{"report.json", "series.csv", "latency.hlog", "summary.md", "junit.xml", "report.html", "trace.csv", interventionsFile, replayFile}
}

// write writes the files.
func (r replay) write() error {
	for _, name := range slices.Sorted(maps.Keys(r.texts)) {
		file := filepath.Join(r.folder, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := writeText(file, r.texts[name]); err != nil {
			return err
		}
	}
	return nil
}

// command returns the command that repeats the run with what was done, or "" if nobody acted or it cannot be repeated.
func (r replay) command(c *cli.Context, arguments []string) string {
	if r.texts[replayFile] == nil {
		return ""
	}
	words := []string{c.Command.Name, filepath.ToSlash(filepath.Join(r.folder, replayFile))}
	return commandLine(append(words, r.kept(c, arguments)...))
}

// kept returns the flags of a command line that the replay does not hold: not what its play has, nor what is about the page.
func (r replay) kept(c *cli.Context, arguments []string) (kept []string) {
	for i := 0; i < len(arguments); i++ {
		name, _, _ := strings.Cut(strings.TrimLeft(arguments[i], "-"), "=")
		if !strings.HasPrefix(arguments[i], "-") {
			continue // the command and the scenario
		}
		words := arguments[i : i+1]
		if takesValue(c.Command.Flags, arguments[i]) && i+1 < len(arguments) {
			words = arguments[i : i+2]
			i++
		}
		if !slices.Contains(playedFlags(), name) {
			kept = append(kept, words...)
		}
	}
	return kept
}

// playedFlags returns the flags that a replay holds in its play, and those that are about the page.
func playedFlags() []string {
	return []string{
		"plan", "seed", "scale", "scale-system", "speed", "max-rate", "max-work", "window", "threshold", "gate-url", "mocks-url",
		"live", "live-wait", "live-cert", "live-key", "no-twin", "pace",
	}
}
