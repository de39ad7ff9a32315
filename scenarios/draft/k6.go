package draft

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/grafana/sobek"
	"github.com/grafana/sobek/ast"
	"github.com/grafana/sobek/file"
	"github.com/grafana/sobek/parser"
)

// k6File is the name of the script's own text.
const k6File = "script"

// readK6 makes steps of the requests of a k6 script. The script runs once, with tools that note requests
// instead of sending them, so that constants, functions and loops mean what they mean in k6.
func (d *draft) readK6(text []byte) error {
	d.source, d.notes.unit, d.notes.units = "a k6 script", "line", "lines"
	program, err := parser.ParseFile(nil, k6File, string(text), 0, parser.IsModule, parser.WithDisableSourceMaps)
	if err != nil {
		return fmt.Errorf("it is no JavaScript that can be read (%s); compile TypeScript first", firstLine(err))
	}
	s, exported, err := d.runK6(string(text), program, .5, false)
	if err != nil {
		return err
	}
	low, high := d.pausesK6(string(text), program, 0), d.pausesK6(string(text), program, 1-1e-9)
	s.settle(low, high)
	d.tellUnreached(string(text), s)
	d.optionsOfK6(exported)
	d.tally = func() string {
		return "the script was run once, as one person: " + count(len(d.steps), "request") + " became steps"
	}
	return nil
}

// pausesK6 runs the script again with another chance, and returns its pauses.
func (d *draft) pausesK6(text string, program *ast.Program, chance float64) []float64 {
	other := &draft{secretValues: map[string]string{}, defaults: map[string]string{}, shell: map[string]string{}}
	s, _, err := other.runK6(text, program, chance, true)
	if err != nil {
		return nil
	}
	return s.sleeps
}

// runK6 evaluates the script, and calls the functions that people run.
func (d *draft) runK6(text string, program *ast.Program, chance float64, quiet bool) (*script, *sobek.Object, error) {
	s, err := newScript(d, k6File, text, chance)
	if err != nil {
		return nil, nil, err
	}
	s.quiet = quiet
	wanted := importsOf(program)
	known := map[string]sobek.ModuleRecord{}
	var resolve sobek.HostResolveImportedModuleFunc
	resolve = func(_ any, specifier string) (sobek.ModuleRecord, error) {
		if known[specifier] == nil {
			made, err := sobek.ParseModule(specifier, toolsModule(specifier, wanted[specifier]), resolve, parser.WithDisableSourceMaps)
			if err != nil {
				return nil, err
			}
			known[specifier] = made
		}
		return known[specifier], nil
	}
	module, err := sobek.ParseModule(k6File, text, resolve, parser.WithDisableSourceMaps)
	if err == nil {
		err = s.guard(module.Link)
	}
	if err == nil {
		err = s.guard(func() error {
			promise := s.vm.CyclicModuleRecordEvaluate(module, resolve)
			if promise.State() == sobek.PromiseStateRejected {
				return fmt.Errorf("%v", promise.Result())
			}
			return nil
		})
	}
	if err != nil {
		return nil, nil, fmt.Errorf("its top level cannot be run: %s", firstLine(err))
	}
	exported := s.vm.NamespaceObjectFor(module)
	return s, exported, s.runFunctions(exported)
}

// runFunctions calls the functions that the script's scenarios name, or the default one.
func (s *script) runFunctions(exported *sobek.Object) error {
	names := execsOf(exported)
	if len(names) > 1 && !s.quiet {
		s.notes.say("its scenarios run %d functions (%s); they became one way, one after the other", len(names), strings.Join(names, ", "))
	}
	if _, is := sobek.AssertFunction(exported.Get("setup")); is && !s.quiet {
		s.notes.say("setup runs once for a whole test, so its requests are left out; what it returns is a variable")
	}
	if _, is := sobek.AssertFunction(exported.Get("teardown")); is && !s.quiet {
		s.notes.say("teardown runs once for a whole test; left out")
	}
	given, err := s.vm.RunString(`__data("setup")`)
	if err != nil {
		return err
	}
	called := false
	for _, name := range names {
		run, is := sobek.AssertFunction(exported.Get(name))
		if !is {
			s.notes.say("the function %s does not exist; left out", name)
			continue
		}
		called = true
		err := s.guard(func() error {
			result, err := run(sobek.Undefined(), given)
			if promise, is := exportOf(result).(*sobek.Promise); is && err == nil && promise.State() == sobek.PromiseStateRejected {
				err = fmt.Errorf("%v", promise.Result())
			}
			return err
		})
		if err != nil && !s.quiet {
			s.notes.say("the function %s ends early: %s", name, firstLine(err))
		}
	}
	if !called {
		return errors.New("it exports no function that people run")
	}
	return nil
}

func exportOf(value sobek.Value) any {
	if value == nil {
		return nil
	}
	return value.Export()
}

// importsOf returns the names that a script imports, by module.
func importsOf(program *ast.Program) map[string][]string {
	names := map[string][]string{}
	for _, statement := range program.Body {
		declared, is := statement.(*ast.ImportDeclaration)
		if !is {
			continue
		}
		specifier := declared.ModuleSpecifier.String()
		if declared.FromClause != nil {
			specifier = declared.FromClause.ModuleSpecifier.String()
		}
		names[specifier] = append(names[specifier], "*")
		if clause := declared.ImportClause; clause != nil {
			if clause.ImportedDefaultBinding != nil {
				names[specifier] = append(names[specifier], "default")
			}
			if clause.NamedImports != nil {
				for _, one := range clause.NamedImports.ImportsList {
					names[specifier] = append(names[specifier], one.IdentifierName.String())
				}
			}
		}
	}
	return names
}

var identifier = regexp.MustCompile(`^[A-Za-z_$][A-Za-z0-9_$]*$`)

// toolsModule returns the text of a module that offers the tools under the names that are imported.
func toolsModule(specifier string, names []string) string {
	var out strings.Builder
	if specifier == "k6/http" { // for import * as http
		names = append(names, "get", "head", "post", "put", "patch", "del", "options", "request", "batch", "file", "url", "asyncRequest", "cookieJar", "expectedStatuses", "setResponseCallback")
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		switch {
		case name == "default":
			fmt.Fprintf(&out, "export default __module(%q, \"default\");\n", specifier)
		case identifier.MatchString(name):
			fmt.Fprintf(&out, "export const %s = __module(%q, %q);\n", name, specifier, name)
		}
	}
	return out.String()
}

var callSite = regexp.MustCompile(`\bhttp\s*\.\s*(get|post|put|patch|del|delete|head|options|request|batch|asyncRequest)\s*\(`)

// tellUnreached notes requests of the script that its one run did not make.
func (d *draft) tellUnreached(text string, s *script) {
	reached := map[int]bool{}
	for _, made := range s.calls {
		reached[made.line] = true
	}
	lines := file.NewFile(k6File, text, 1)
	for _, place := range callSite.FindAllStringIndex(text, -1) {
		line := lines.Position(place[0]).Line
		before := text[strings.LastIndexByte(text[:place[0]], '\n')+1 : place[0]]
		if !reached[line] && !strings.Contains(before, "//") && !strings.HasPrefix(strings.TrimSpace(before), "*") {
			d.notes.at(line, "the run did not come to this request (a condition, or a function that nobody calls); left out")
		}
	}
}
