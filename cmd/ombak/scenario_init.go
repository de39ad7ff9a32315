package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ombak-sim/ombak/scenarios"
	"github.com/ombak-sim/ombak/scenarios/draft"
)

func initFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "from", Usage: "derive it from the file SOURCE of this `KIND`: " + strings.Join(draft.Kinds(), ", "), EnvVars: envVar("from")},
		&cli.StringFlag{Name: "format", Usage: "access-log: the `FORMAT` of the lines, a log_format of nginx, a LogFormat of Apache, or one of " + strings.Join(draft.LogFormats(), ", ") + "; recognised if omitted", EnvVars: envVar("format")},
		&cli.DurationFlag{Name: "session", Usage: "access-log: a client that pauses for longer than `TIME` comes back as another person", Value: draft.DefaultSession, EnvVars: envVar("session")},
	}
}

func initScenario(s streams, c *cli.Context) error {
	if c.String("from") == "" {
		name, err := oneArgument(c, "file to write")
		if err != nil {
			return err
		}
		return writeScenario(s, name, scenarios.Template())
	}
	if c.NArg() < 1 || c.NArg() > 2 {
		return usageError{errors.New("name the file to read and the scenario file to write (printed if " +
			"omitted): ombak scenario init --from har browser.har mine.yaml")}
	}
	if c.Duration("session") <= 0 {
		return usageError{fmt.Errorf("--session %v: give the pause after which a client is another person, as in 30m", c.Duration("session"))}
	}
	text, err := os.ReadFile(c.Args().First())
	if err != nil {
		return err
	}
	name := c.Args().Get(1)
	base := filepath.Base(cmp.Or(name, c.Args().First()))
	folder, err := os.OpenRoot(filepath.Dir(c.Args().First()))
	if err != nil {
		return err
	}
	defer folder.Close()
	made, err := draft.From(text, draft.Options{
		Kind: c.String("from"), Name: strings.TrimSuffix(base, filepath.Ext(base)), Format: c.String("format"),
		Session: c.Duration("session"), Files: name != "", Beside: folder.FS(),
	})
	if err != nil {
		return usageError{err}
	}
	for _, note := range made.Notes {
		fmt.Fprintln(s.err, note)
	}
	if name == "" {
		_, err = s.out.Write(made.Scenario)
		return err
	}
	return writeDraft(s, name, made)
}

// writeDraft writes a scenario and the tables beside it. If one of the files exists, it writes none.
func writeDraft(s streams, name string, made draft.Result) error {
	for table := range made.Files {
		if _, err := os.Stat(filepath.Join(filepath.Dir(name), table)); err == nil {
			return usageError{fmt.Errorf("%s already exists; remove it or name another scenario file", filepath.Join(filepath.Dir(name), table))}
		}
	}
	if err := writeScenario(s, name, made.Scenario); err != nil {
		return err
	}
	for table, content := range made.Files {
		if err := os.WriteFile(filepath.Join(filepath.Dir(name), table), content, 0o644); err != nil {
			return errors.Join(err, os.Remove(name))
		}
	}
	return nil
}

// writeScenario writes a new file.
func writeScenario(s streams, name string, text []byte) error {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, os.ErrExist) {
		return usageError{fmt.Errorf("%s already exists; name a new file", name)}
	}
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	if err = errors.Join(err, file.Close()); err != nil {
		return errors.Join(err, os.Remove(name))
	}
	_, err = fmt.Fprintf(s.out, "wrote %s; check it with ombak scenario check %s\n", name, name)
	return err
}
