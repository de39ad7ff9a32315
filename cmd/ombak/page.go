package main

import (
	"io"
	"slices"
	"strings"

	"github.com/ombak-sim/ombak/fleet"
	"github.com/ombak-sim/ombak/plots"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/render"
)

// page returns a func that writes report.html with the figures.
func page(figures []plots.Figure) func(io.Writer, report.Report) error {
	return func(w io.Writer, r report.Report) error {
		drawings, err := plots.Inline(figures)
		if err != nil {
			return err
		}
		inline := make([]render.Figure, 0, len(figures))
		for i, figure := range figures {
			inline = append(inline, render.Figure{Name: figure.Name, Title: figure.Title, SVG: drawings[i], Alt: figure.Alt})
		}
		return render.HTML(w, r, inline)
	}
}

// commandLine returns the command of a run for its report. It omits flags that do not change the run and
// masks the values of variables, which may be secret.
func commandLine(arguments []string) string {
	words := []string{"ombak"}
	for i := 0; i < len(arguments); i++ {
		word := arguments[i]
		name, value, joined := strings.Cut(strings.TrimLeft(word, "-"), "=")
		isFlag := strings.HasPrefix(word, "-")
		switch {
		case isFlag && slices.Contains([]string{"json", "quiet", "trace"}, name):
		case isFlag && name == "out":
			if !joined {
				i++
			}
		case isFlag && slices.Contains([]string{"var", "target", "fleet", "remote-write", "otlp", "gate-token", "mocks-token"}, name):
			if !joined && i+1 < len(arguments) {
				i++
				value = arguments[i]
			}
			words = append(words, "--"+name, quoted(masked(name, value)))
		default:
			words = append(words, quoted(word))
		}
	}
	return strings.Join(words, " ")
}

// masked masks the secret parts of a flag: the value of a variable, a token, and the login of a target, of a receiver or of a fleet's servers.
func masked(flag, value string) string {
	switch flag {
	case "var":
		name, _, _ := strings.Cut(value, "=")
		return name + "=***"
	case "gate-token", "mocks-token":
		return "***"
	case "fleet":
		return fleet.Login{URL: value}.Redacted()
	}
	scheme, rest, found := strings.Cut(value, "://")
	authority, _, _ := strings.Cut(rest, "/")
	if at := strings.LastIndexByte(authority, '@'); found && at >= 0 {
		return scheme + "://***" + rest[at:]
	}
	return value
}

// quoted quotes a word for a shell.
func quoted(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:=@,+%*", r)
	}
	if word != "" && strings.IndexFunc(word, func(r rune) bool { return !plain(r) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
