package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/urfave/cli/v2"

	"github.com/ombak-sim/ombak/fleet"
	"github.com/ombak-sim/ombak/study/simulation"
)

// placeFlags returns the flags that say where replications are played and kept.
func placeFlags() []cli.Flag {
	return append([]cli.Flag{
		&cli.StringFlag{Name: "fleet", Usage: "play the replications on the machines that have joined the fleet at `URL`; the result is the same", EnvVars: envVar("fleet")},
		&cli.IntFlag{Name: "generators", DefaultText: "all", Usage: "use at most `N` machines of the fleet", EnvVars: envVar("generators")},
		&cli.StringFlag{Name: "tolerate", DefaultText: "any, because others play their jobs", Usage: "end the study if more than `K/N` of its machines are lost", EnvVars: envVar("tolerate")},
		&cli.StringFlag{Name: "campaign", Usage: "keep the result of every replication in `DIR`, and play only those that are missing there", EnvVars: envVar("campaign")},
	}, loginFlags()...)
}

// checkPlace refuses flags that do not go with those of placeFlags.
func checkPlace(c *cli.Context) error {
	if c.String("fleet") == "" {
		for _, flag := range []string{"generators", "tolerate", "fleet-ca", "fleet-nkey"} {
			if c.IsSet(flag) {
				return usageError{fmt.Errorf("--%s is about a fleet; give --fleet URL too", flag)}
			}
		}
	}
	if c.IsSet("generators") && (c.Int("generators") < 1 || c.Int("generators") > fleet.MostGenerators) {
		return usageError{fmt.Errorf("--generators is %d; give a number from 1 to %d", c.Int("generators"), fleet.MostGenerators)}
	}
	if _, err := readTolerated(c.String("tolerate")); err != nil {
		return err
	}
	for _, place := range []string{"fleet", "campaign"} {
		if c.String(place) == "" {
			continue
		}
		for _, flag := range []string{"live", "pace", "trace", "steady"} {
			if c.IsSet(flag) && hasFlag(c, flag) {
				return usageError{fmt.Errorf("--%s plays a single run on this machine, and --%s is about replications; leave one out", flag, place)}
			}
		}
	}
	return nil
}

// withoutPlace returns the arguments of a command without the flags of placeFlags, which do not change its result.
func withoutPlace(arguments []string) (others []string) {
	for i := 0; i < len(arguments); i++ {
		name, _, joined := strings.Cut(strings.TrimLeft(arguments[i], "-"), "=")
		isFlag := strings.HasPrefix(arguments[i], "-")
		if isFlag && slices.ContainsFunc(placeFlags(), func(flag cli.Flag) bool { return flag.Names()[0] == name }) {
			if !joined {
				i++
			}
			continue
		}
		others = append(others, arguments[i])
	}
	return others
}

// studyPlace is where the replications of a command are played and kept.
type studyPlace struct {
	study  *fleet.Study // nil means this machine
	runner simulation.Runner
	folder string // of the campaign; empty if there is none
	found  atomic.Int64
	out    io.Writer
	quiet  bool
}

// openPlace reaches the fleet and names the campaign, if the flags say so.
func openPlace(c *cli.Context, s streams) (*studyPlace, error) {
	p := &studyPlace{folder: c.String("campaign"), out: s.err, quiet: c.Bool("quiet")}
	if err := checkPlace(c); err != nil {
		return nil, err
	}
	if url := c.String("fleet"); url != "" {
		var err error
		request := fleet.StudyRequest{Build: build(), Most: c.Int("generators"), Log: s.err}
		if c.IsSet("tolerate") {
			losses, _ := readTolerated(c.String("tolerate")) // it has been read before
			request.Losses = &losses
		}
		if p.study, err = fleet.OpenStudy(c.Context, readLogin(c, url), request); err != nil {
			return nil, err
		}
		p.runner = p.study
		p.say("study %s on %s: %d cores\n", p.study.Name, strings.Join(p.study.Agents(), ", "), p.study.Cores())
	}
	if p.folder != "" {
		program, err := programName()
		if err != nil {
			p.close()
			return nil, err
		}
		p.runner = simulation.Campaign{Folder: p.folder, Program: program, Next: p.runner, Found: func() { p.found.Add(1) }}
	}
	return p, nil
}

func (p *studyPlace) say(format string, arguments ...any) {
	if !p.quiet {
		fmt.Fprintf(p.out, format, arguments...)
	}
}

// settings returns the settings of a simulation at the place.
func (p *studyPlace) settings() simulation.Settings {
	how := simulation.Settings{Build: build(), Runner: p.runner}
	if p.study != nil {
		how.Workers = max(1, p.study.Cores())
	}
	return how
}

// close leaves the fleet and says what the campaign had kept.
func (p *studyPlace) close() {
	if p.study != nil {
		p.study.Close()
	}
	if p.folder == "" {
		return
	}
	if found := p.found.Load(); found > 0 {
		p.say("%d results were in %s and were not played again\n", found, p.folder)
	}
}

// programName names this program if its version does not: by its SHA-256, if it was built from something else than a commit.
func programName() (string, error) {
	revision, modified := "", false
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, setting := range info.Settings {
			switch setting.Key {
			case "vcs.revision":
				revision = setting.Value
			case "vcs.modified":
				modified = setting.Value == "true"
			}
		}
	}
	if revision != "" && !modified {
		return "", nil
	}
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("cannot find ombak's own program, by which the results of a campaign are named: %w", err)
	}
	file, err := os.Open(self)
	if err != nil {
		return "", fmt.Errorf("cannot read ombak's own program, by which the results of a campaign are named: %w", err)
	}
	defer file.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return "", fmt.Errorf("cannot read ombak's own program, by which the results of a campaign are named: %w", err)
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}
