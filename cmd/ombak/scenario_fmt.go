package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/ombak-sim/ombak/scenarios"
)

func formatCommand(s streams) *cli.Command {
	return &cli.Command{
		Name: "fmt", Usage: "rewrite scenario files with their keys in the order of the reference; comments stay", ArgsUsage: "FILE…",
		Flags: []cli.Flag{&cli.BoolFlag{Name: "check", Usage: "write nothing, and fail if a file would change", EnvVars: envVar("check")}},
		Action: func(c *cli.Context) error {
			if c.NArg() == 0 {
				return usageError{errors.New("name at least one scenario file; ombak scenario init writes one")}
			}
			var faults, changed []error
			for _, name := range c.Args().Slice() {
				switch different, err := format(name, !c.Bool("check")); {
				case err != nil:
					faults = append(faults, err)
				case different && c.Bool("check"):
					changed = append(changed, fmt.Errorf("%s is not formatted; run ombak scenario fmt %s", name, name))
				case different:
					fmt.Fprintln(s.out, name)
				}
			}
			if len(faults) > 0 {
				return usageError{errors.Join(append(faults, changed...)...)}
			}
			return errors.Join(changed...)
		},
	}
}

// format formats a file, and writes it if it changes. The file is the old or the new one at any moment.
func format(name string, write bool) (different bool, err error) {
	info, err := os.Stat(name)
	if err != nil {
		return false, fmt.Errorf("%w; give a file of yours, because the bundled scenarios are inside the program", err)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return false, err
	}
	formatted, err := scenarios.Format(name, text)
	if err != nil || bytes.Equal(text, formatted) || !write {
		return err == nil && !bytes.Equal(text, formatted), err
	}
	file, err := os.CreateTemp(filepath.Dir(name), ".ombak-fmt-*")
	if err != nil {
		return false, err
	}
	defer os.Remove(file.Name()) // by then it has its name
	_, err = file.Write(formatted)
	err = errors.Join(err, file.Chmod(info.Mode().Perm()), file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), name)
	}
	return true, err
}
