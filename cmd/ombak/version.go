package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"runtime"
	"runtime/debug"

	"github.com/urfave/cli/v2"

	"github.com/ombak-sim/ombak/report"
)

// version is set by the linker when a release is built.
var version string

// development is the version of a build that is no release.
const development = "0.1.0-dev"

// release matches the version of a module that was installed by its tag, not that of a commit or of changed files.
var release = regexp.MustCompile(`^v(\d+\.\d+\.\d+(?:-[a-z]+(?:\.\d+)?)?)$`)

// versionOf returns the version of a build: that of a release, that of the installed module, or that of development.
func versionOf(linked, module string) string {
	if linked == "" {
		if tag := release.FindStringSubmatch(module); tag != nil {
			return tag[1]
		}
	}
	return cmp.Or(linked, development)
}

// build describes this binary.
func build() report.Build {
	built := report.Build{Version: versionOf(version, ""), Go: runtime.Version()}
	if info, ok := debug.ReadBuildInfo(); ok {
		built.Version = versionOf(version, info.Main.Version)
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
