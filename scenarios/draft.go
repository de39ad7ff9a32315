package scenarios

import (
	"embed"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
)

// Draft makes a scenario to start from. Its source is a description or a recording of a service: kind is
// openapi, har or access-log. The result passes Load, and is written for a person to edit.
func Draft(kind, name string, text []byte) ([]byte, error) {
	d := draft{name: slug(name)}
	var err error
	switch kind {
	case "openapi":
		err = d.readOpenAPI(text)
	case "har":
		err = d.readHAR(text)
	case "access-log":
		err = d.readLog(text)
	default:
		return nil, fmt.Errorf("scenarios cannot be made from %q; use openapi, har or access-log", kind)
	}
	if err != nil {
		return nil, fmt.Errorf("no scenario can be made from this %s file: %w", kind, err)
	}
	written := d.write()
	if _, err := Parse(name, written, embed.FS{}); err != nil { // names or values may exceed what a scenario can hold
		return nil, fmt.Errorf("the content of the %s file cannot be written as a scenario: %w", kind, err)
	}
	return written, nil
}

// draft is a scenario under construction.
type draft struct {
	name     string
	source   string // what it is made from, for the title
	targets  []draftTarget
	secrets  []string // names of variables
	cookies  bool
	arrivals []string // lines
	steps    []draftStep
}

type draftTarget struct{ name, url string }

type draftStep struct {
	name, comment        string
	target, method, path string
	headers              [][2]string
	json                 any
	text                 string
	completed, declined  []int
	think                string
	goOn                 float64 // share of those who passed the step who go on; 0 means all
}

// maxSteps bounds a draft. Nobody walks a longer journey.
const maxSteps = 60

var notSlug = regexp.MustCompile(`[^a-z0-9]+`)

// slug turns a text into a valid name of a scenario or a step.
func slug(text string) string {
	text = strings.Trim(notSlug.ReplaceAllString(strings.ToLower(text), "-"), "-")
	if text == "" {
		return "start"
	}
	return text[:min(len(text), 40)]
}

// target returns the name of the target with the URL's scheme and host. It adds the target if there is none.
func (d *draft) target(address *url.URL) string {
	base := address.Scheme + "://" + address.Host
	for _, known := range d.targets {
		if known.url == base {
			return known.name
		}
	}
	name := "service"
	if len(d.targets) > 0 {
		name = slug(address.Hostname())
	}
	for slices.ContainsFunc(d.targets, func(t draftTarget) bool { return t.name == name }) {
		name += "-2"
	}
	d.targets = append(d.targets, draftTarget{name, base})
	return name
}

// secret adds a variable for a value that must not be in a file, and returns its reference.
func (d *draft) secret(name string) string {
	name = strings.ReplaceAll(slug(name), "-", "_")
	if !slices.Contains(d.secrets, name) {
		d.secrets = append(d.secrets, name)
	}
	return "${var." + name + "}"
}

// add appends a step under a unique name. It returns false if there are enough steps.
func (d *draft) add(step draftStep) bool {
	if len(d.steps) == maxSteps {
		return false
	}
	name := step.name
	for n := 2; slices.ContainsFunc(d.steps, func(s draftStep) bool { return s.name == step.name }); n++ {
		step.name = fmt.Sprintf("%s-%d", name, n)
	}
	d.steps = append(d.steps, step)
	return true
}

// plain escapes a recorded text for use in a template.
func plain(text string) string { return strings.ReplaceAll(text, "${", "$${") }

// oneLine makes a text fit for a comment.
func oneLine(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, text)
	return strings.Join(strings.Fields(text), " ")
}

// quote writes a text as a JSON string, which is also YAML.
func quote(text string) string {
	var out strings.Builder
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(text) // a string can always be written
	return strings.TrimSpace(out.String())
}

// write returns the text of the file.
func (d *draft) write() []byte {
	var out strings.Builder
	line := func(format string, words ...any) { fmt.Fprintf(&out, format+"\n", words...) }
	line("# Made from %s. Every key is explained by: ombak scenario schema", d.source)
	line("schema: %s\nname: %s\ntitle: %s", SchemaName, quote(d.name), quote("Made from "+d.source))
	line("opens: %s   # time zero of the scenario\nseed: 1\ndrain: 10s", time.Date(2030, 1, 1, 9, 0, 0, 0, time.UTC).Format(time.RFC3339))
	line("\narrivals:\n  step: %s", quote(d.steps[0].name))
	for _, text := range d.arrivals {
		line("  %s", text)
	}
	line("\ntargets:")
	for _, target := range d.targets {
		line("  %s: {url: %s}", quote(target.name), quote(target.url))
	}
	d.writeHosts(line)
	if len(d.secrets) > 0 {
		line("\nvars:   # give each with --var NAME=VALUE; masked in all output")
	}
	for _, name := range d.secrets {
		line("  %s: {secret: true}", quote(name))
	}
	if d.cookies {
		line("\ncookies: true")
	}
	line("\njourney:")
	for _, step := range d.steps {
		step.write(line)
	}
	line("\nthresholds:\n  - {expr: \"%s.passed >= 99%% of scheduled\"}\n  - {expr: \"%s.response_time_passed.p99 < 1s\"}", d.steps[0].name, d.steps[0].name)
	return []byte(out.String())
}

// writeHosts allows the hosts of the targets and this machine, and no others.
func (d *draft) writeHosts(line func(string, ...any)) {
	hosts := []string{"127.0.0.1", "localhost"}
	for _, target := range d.targets {
		if address, err := url.Parse(target.url); err == nil && !slices.Contains(hosts, address.Hostname()) {
			hosts = append(hosts, address.Hostname())
		}
	}
	quoted := make([]string, len(hosts))
	for i, host := range hosts {
		quoted[i] = quote(host)
	}
	line("\nhosts: [%s]   # requests go to no other host", strings.Join(quoted, ", "))
}

func (s draftStep) write(line func(string, ...any)) {
	line("  - name: %s", quote(s.name))
	if s.comment != "" {
		line("    # %s", oneLine(s.comment))
	}
	if s.think != "" {
		line("    think: %s", s.think)
	}
	line("    request:\n      target: %s\n      method: %s\n      path: %s", quote(s.target), s.method, quote(plain(s.path)))
	if len(s.headers) > 0 {
		line("      headers:")
	}
	for _, header := range s.headers {
		line("        %s: %s", quote(header[0]), quote(header[1]))
	}
	switch {
	case s.json != nil:
		text, err := plainJSON(s.json)
		if err == nil {
			line("      json: %s", plain(text))
		}
	case s.text != "":
		line("      text: %s", quote(plain(s.text)))
	}
	expect := []string{}
	if len(s.completed) > 0 {
		expect = append(expect, "completed: "+statuses(s.completed))
	}
	if len(s.declined) > 0 {
		expect = append(expect, "declined: "+statuses(s.declined))
	}
	if len(expect) > 0 {
		line("    expect: {%s}", strings.Join(expect, ", "))
	}
	if s.goOn > 0 {
		line("    continue: %.4g%%", 100*s.goOn)
	}
}

// plainJSON writes a value as JSON without the escapes meant for HTML.
func plainJSON(value any) (string, error) {
	var out strings.Builder
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return strings.TrimSpace(out.String()), err
}

func statuses(codes []int) string {
	text, _ := json.Marshal(codes) // numbers can always be written
	return strings.ReplaceAll(string(text), ",", ", ")
}
