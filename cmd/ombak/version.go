package main

import (
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
		Action: noArguments(func() error {
			b := build()
			_, err := fmt.Fprintf(s.out, "ombak %s %s %s/%s\n", b.Version, b.Go, runtime.GOOS, runtime.GOARCH)
			return err
		}),
	}
}
