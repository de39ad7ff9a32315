package main

import (
	"bufio"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// settingsFlag returns the flag that names a file of flags.
func settingsFlag() cli.Flag {
	return &cli.StringFlag{Name: "config", Usage: "read flags from `FILE`, one NAME: VALUE a line; the command line and the environment take precedence", EnvVars: envVar("config")}
}

// readSettings sets the flags that the file of --config names. The command line and the environment take
// precedence over the file, and the file over the default. A flag that may be repeated may have several
// lines.
func readSettings(c *cli.Context) error {
	path := c.String("config")
	if path == "" {
		return nil
	}
	file, err := os.Open(path)
	if err != nil {
		return usageError{err}
	}
	defer file.Close()
	given := slices.DeleteFunc(c.FlagNames(), func(name string) bool { return !c.IsSet(name) })
	lines, seen := bufio.NewScanner(file), map[string]int{}
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, value, found := strings.Cut(line, ":")
		name, value = strings.TrimSpace(name), strings.Trim(strings.TrimSpace(value), `"'`)
		if !found || value == "" {
			return usageError{fmt.Errorf("%s:%d: %q is not a setting; write NAME: VALUE, as in store: "+
				"sqlite:ombak.db", path, n, line)}
		}
		flag := slices.IndexFunc(c.Command.Flags, func(flag cli.Flag) bool { return flag.Names()[0] == name })
		if flag < 0 || name == "config" {
			return usageError{fmt.Errorf("%s:%d: unknown flag --%s; %s --help lists them", path, n, name, c.Command.HelpName)}
		}
		if _, several := c.Command.Flags[flag].(*cli.StringSliceFlag); seen[name] > 0 && !several {
			return usageError{fmt.Errorf("%s:%d: %s is already set in line %d and takes one value; remove "+
				"one of them", path, n, name, seen[name])}
		}
		seen[name] = n
		if slices.Contains(given, name) {
			continue
		}
		if err := c.Set(name, value); err != nil {
			return usageError{fmt.Errorf("%s:%d: %w", path, n, err)}
		}
	}
	return lines.Err()
}
