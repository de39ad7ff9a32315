package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/urfave/cli/v2"

	"github.com/ombak-sim/ombak/report"
)

// version is set when a release is built.
const version = "0.1.0-dev"

// build describes this binary.
func build() report.Build {
	built := report.Build{Version: version, Go: runtime.Version()}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, setting := range info.Settings {
			if setting.Key == "vcs.revision" {
				built.Commit = setting.Value
			}
		}
	}
	return built
}

func versionCommand(s streams) *cli.Command {
	return &cli.Command{
		Name:  "version",
		Usage: "print the version",
		Flags: []cli.Flag{&cli.BoolFlag{Name: "json", Usage: "print the build as JSON", EnvVars: envVar("json")}},
		Action: func(c *cli.Context) error {
			return noArguments(func() error { return showVersion(s, c.Bool("json")) })(c)
		},
	}
}

func showVersion(s streams, asJSON bool) error {
	b := build()
	if asJSON {
		return json.NewEncoder(s.out).Encode(struct {
			report.Build
			OS   string `json:"os"`
			Arch string `json:"arch"`
		}{b, runtime.GOOS, runtime.GOARCH})
	}
	_, err := fmt.Fprintf(s.out, "ombak %s %s %s/%s\n", b.Version, b.Go, runtime.GOOS, runtime.GOARCH)
	return err
}
