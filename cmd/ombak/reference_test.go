package main

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

var update = flag.Bool("update", false, "rewrite the generated pages of docs/reference")

// TestReferencePages compares the generated pages with the code. After changing commands, flags or exit
// codes, run: go test ./cmd/ombak -run TestReferencePages -update
func TestReferencePages(t *testing.T) {
	for name, page := range map[string]string{
		"commands.md":   commandsPage(),
		"exit-codes.md": exitCodesPage(t),
	} {
		path := "../../docs/reference/" + name
		if *update {
			if err := os.WriteFile(path, []byte(page), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		stored, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(stored, []byte(page)) {
			t.Errorf("%s is out of date (%v); run: go test ./cmd/ombak -run TestReferencePages -update", path, err)
		}
	}
}

func commandsPage() string {
	var b strings.Builder
	b.WriteString("# Commands\n\nThis page is generated from the program. Flags may stand before or after the arguments. " +
		"Every flag can also be set by the environment variable in the last column; the command line takes precedence.\n\n" +
		"| command | what it does |\n|---|---|\n")
	app := newApp(streams{})
	visible := slices.DeleteFunc(app.Commands, func(c *cli.Command) bool { return c.Hidden })
	for _, command := range visible {
		fmt.Fprintf(&b, "| [%[1]s](#ombak-%[1]s) | %s |\n", command.Name, cell(command.Usage))
	}
	for _, command := range visible {
		describe(&b, "##", "ombak "+command.Name, command)
	}
	b.WriteString("\nSee also: [exit codes](exit-codes.md).\n")
	return b.String()
}

func describe(b *strings.Builder, heading, path string, command *cli.Command) {
	fmt.Fprintf(b, "\n%s %s\n\n%s.\n", heading, path, upperFirst(command.Usage))
	if command.Description != "" {
		fmt.Fprintf(b, "\n%s\n", command.Description)
	}
	if len(command.Subcommands) == 0 {
		synopsis := strings.TrimSpace(path + " [flags] " + command.ArgsUsage)
		if len(command.Flags) == 0 {
			synopsis = strings.TrimSpace(path + " " + command.ArgsUsage)
		}
		fmt.Fprintf(b, "\n```\n%s\n```\n", synopsis)
	}
	flagTable(b, command.Flags)
	for _, sub := range command.Subcommands {
		if !sub.Hidden {
			describe(b, heading+"#", path+" "+sub.Name, sub)
		}
	}
}

func flagTable(b *strings.Builder, flags []cli.Flag) {
	if len(flags) == 0 {
		return
	}
	b.WriteString("\n| flag | meaning | default | environment |\n|---|---|---|---|\n")
	for _, each := range flags {
		documented, ok := each.(cli.DocGenerationFlag)
		if shown, may := each.(cli.VisibleFlag); !ok || may && !shown.IsVisible() {
			continue
		}
		placeholder, meaning := unquoteUsage(documented.GetUsage())
		names := make([]string, len(each.Names()))
		for i, name := range each.Names() {
			names[i] = "--" + name
			if len(name) == 1 {
				names[i] = "-" + name
			}
		}
		spelled := strings.Join(names, ", ")
		if documented.TakesValue() {
			spelled += " " + placeholder
		}
		if _, many := each.(*cli.StringSliceFlag); many {
			meaning += "; may be repeated"
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | `%s` |\n", strings.ReplaceAll(spelled, "|", `\|`), cell(meaning), cell(defaultOf(documented)), strings.Join(documented.GetEnvVars(), "`, `"))
	}
}

// unquoteUsage splits the usage of a flag into placeholder and meaning, as the program's own help does.
func unquoteUsage(usage string) (placeholder, meaning string) {
	before, rest, found := strings.Cut(usage, "`")
	if !found {
		return "VALUE", usage
	}
	placeholder, after, _ := strings.Cut(rest, "`")
	return placeholder, before + placeholder + after
}

func defaultOf(documented cli.DocGenerationFlag) string {
	switch text := strings.Trim(documented.GetDefaultText(), `"`); text {
	case "", "0", "0s", "false":
		return ""
	default:
		return text
	}
}

// cell escapes the character that would end a table cell.
func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

func upperFirst(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

// exitCodesPage lists the constants of exit.go with their comments.
func exitCodesPage(t *testing.T) string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "exit.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("# Exit codes\n\nThis page is generated from the program.\n\n| code | meaning |\n|---|---|\n")
	for _, declaration := range file.Decls {
		constants, ok := declaration.(*ast.GenDecl)
		if !ok || constants.Tok != token.CONST {
			continue
		}
		for _, spec := range constants.Specs {
			constant, ok := spec.(*ast.ValueSpec)
			if !ok {
				continue
			}
			value, ok := constant.Values[0].(*ast.BasicLit)
			if !ok {
				continue
			}
			fmt.Fprintf(&b, "| %s | %s |\n", value.Value, strings.TrimSpace(constant.Comment.Text()))
		}
	}
	b.WriteString("\nIf several apply, the first of 104, 105, 1, 4, 99, 3, 0 is returned.\n\n" +
		"Code 4 means that the run says nothing about your service. [My run is invalid](../how-to/fix-an-invalid-run.md) lists the causes and their cures.\n")
	return b.String()
}
