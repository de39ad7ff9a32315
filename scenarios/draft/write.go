package draft

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/ombak-sim/ombak/scenarios"
)

// maxName is the length of the longest name that a draft gives to a step.
const maxName = 40

// longName is the length beyond which tables cut a name.
const longName = 16

var notSlug = regexp.MustCompile(`[^a-z0-9]+`)

// slug turns a text into a valid name of a scenario or a step.
func slug(text string) string {
	text = strings.Trim(notSlug.ReplaceAllString(strings.ToLower(text), "-"), "-")
	if text == "" {
		return "start"
	}
	return strings.TrimRight(text[:min(len(text), maxName)], "-")
}

// word turns a text into a name of a value or variable.
func word(text string) string {
	return strings.ReplaceAll(slug(text), "-", "_")
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
	for slices.ContainsFunc(d.targets, func(t target) bool { return t.name == name }) || name == "backend" || name == "mail" || name == "sms" {
		name += "-2"
	}
	d.targets = append(d.targets, target{name, base})
	return name
}

// unknownService is the address of a service that the source does not name.
func unknownService() *url.URL { return &url.URL{Scheme: "http", Host: "127.0.0.1:8080"} }

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

// page collects the lines of the file.
type page struct{ strings.Builder }

func (p *page) line(format string, words ...any) { fmt.Fprintf(p, format+"\n", words...) }

// write returns the text of the file.
func (d *draft) write() []byte {
	var out page
	out.line("# yaml-language-server: $schema=%s", scenarios.SchemaURL)
	out.line("# Made from %s. ombak scenario explain KEY says what a key means", d.source)
	for _, note := range d.noteLines() {
		out.line("# - %s", note)
	}
	out.line("schema: %s\nname: %s\ntitle: %s", scenarios.SchemaName, quote(d.name), quote("Made from "+d.source))
	out.line("opens: %s   # time zero of the scenario\nseed: 1\ndrain: 10s", time.Date(2030, 1, 1, 9, 0, 0, 0, time.UTC).Format(time.RFC3339))
	out.line("\narrivals:\n  step: %s\n  noun: people", quote(d.steps[0].name))
	if len(d.arrivals) == 0 {
		d.arrivals = steadyArrivals()
	}
	for _, text := range d.arrivals {
		out.line("  %s", text)
	}
	if d.sendsContacts() {
		out.line("\npopulation:   # a service remembers addresses, so each run has people of its own; seed means the same people each time\n  identity: fresh")
	}
	out.line("\ntargets:")
	for _, target := range d.targets {
		out.line("  %s: {url: %s}", quote(target.name), quote(target.url))
	}
	d.writeHosts(&out)
	d.writeValues(&out)
	if d.cookies {
		out.line("\ncookies: true")
	}
	d.writeSteps(&out)
	d.writeThresholds(&out)
	for _, condition := range d.thresholds {
		out.line("  - {expr: %s}", quote(condition))
	}
	return []byte(out.String())
}

// sendsContacts reports whether a request sends what a service knows a person by.
func (d *draft) sendsContacts() bool {
	return slices.ContainsFunc(d.steps, func(step *step) bool {
		return slices.ContainsFunc(step.leaves(), func(leaf *leaf) bool {
			return strings.Contains(leaf.template, "${person.email}") || strings.Contains(leaf.template, "${person.phone}")
		})
	})
}

// mostJudged is how many steps get a threshold on their response time.
const mostJudged = 12

// writeThresholds writes what a run must hold: it asks that people come through, and that most wait for no step longer than a second. The arrivals of a draft
// are enough to know the quantile.
func (d *draft) writeThresholds(out *page) {
	out.line("\nthresholds:\n  - {expr: \"%s.passed >= 99%% of scheduled\"}", d.steps[0].name)
	judged := d.steps[:min(mostJudged, len(d.steps))]
	if len(d.journeys) > 0 { // few people may come to a step
		judged = d.steps[:1]
	}
	for _, step := range judged {
		out.line("  - {expr: \"%s.response_time_passed.p95 < 1s\"}", step.name)
	}
	if more := len(d.steps) - len(judged); more > 0 {
		out.line("  # %d more steps have no threshold on their response time", more)
	}
}

func steadyArrivals() []string {
	return []string{"people:   # people per second; raise it", "  - {for: 10s, from: 0/s, to: 10/s}", "  - {for: 60s, rate: 10/s}"}
}

// writeValues writes variables and feeders.
func (d *draft) writeValues(out *page) {
	if len(d.secrets)+len(d.defaults) > 0 {
		out.line("\nvars:   # give each that has no default with --var NAME=VALUE; secrets are masked in all output")
	}
	for _, name := range d.secrets {
		out.line("  %s: {secret: true}", quote(name))
	}
	for _, name := range sorted(d.defaults) {
		if d.defaults[name] == "" {
			out.line("  %s: {}", quote(name))
			continue
		}
		out.line("  %s: {default: %s}", quote(name), quote(d.defaults[name]))
	}
	if len(d.feeders) > 0 {
		out.line("\nfeeders:")
	}
	for _, name := range d.feeders {
		out.line("  %s: {file: %s}", quote(name), quote(d.feederFile(name)))
	}
}

// feederFile returns the name of a feeder's file.
func (d *draft) feederFile(feeder string) string { return d.name + "-" + slug(feeder) + ".csv" }

// writeHosts allows the hosts of the targets and this machine, and no others.
func (d *draft) writeHosts(out *page) {
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
	out.line("\nhosts: [%s]   # requests go to no other host", strings.Join(quoted, ", "))
}

// writeSteps writes the steps as one journey, or as a graph if there are several ways through them.
func (d *draft) writeSteps(out *page) {
	if len(d.journeys) == 0 {
		out.line("\njourney:")
		for _, step := range d.steps {
			d.writeStep(out, step)
		}
		return
	}
	out.line("\nsteps:")
	for _, step := range d.steps {
		d.writeStep(out, step)
		d.writeNext(out, step)
	}
	out.line("\njourneys:")
	for _, journey := range d.journeys {
		out.line("  - {name: %s, share: %s, steps: [%s]}", quote(journey.name), percent(journey.share), strings.Join(journey.steps, ", "))
	}
}

func percent(share float64) string { return fmt.Sprintf("%.8g%%", 100*share) }

func (d *draft) writeNext(out *page, step *step) {
	if len(step.next) == 0 {
		return
	}
	words := make([]string, len(step.next))
	for i, next := range step.next {
		to := next.to
		if to == "" {
			to = "end"
		}
		words[i] = fmt.Sprintf("{to: %s, share: %s}", to, percent(next.share))
		if next.share == 0 {
			words[i] = fmt.Sprintf("{to: %s}", to)
		}
	}
	out.line("    next: [%s]", strings.Join(words, ", "))
}

func (d *draft) writeStep(out *page, s *step) {
	out.line("  - name: %s", quote(s.name))
	if s.comment != "" {
		out.line("    # %s", oneLine(d.mask(s.comment)))
	}
	if s.think != "" {
		out.line("    think: %s", s.think)
	}
	out.line("    request:\n      target: %s\n      method: %s\n      path: %s", quote(s.target), s.method, quote(s.pathText()))
	if len(s.headers) > 0 {
		out.line("      headers:")
	}
	for _, header := range s.headers {
		out.line("        %s: %s", quote(header.key), quote(header.text()))
	}
	writeBody(out, s.body)
	if len(s.extract) > 0 {
		out.line("      extract:")
	}
	for _, extract := range s.extract {
		out.line("        %s: {%s}", quote(extract.name), extract.text())
	}
	var expect []string
	if len(s.completed) > 0 {
		expect = append(expect, "completed: "+statuses(s.completed))
	}
	if len(s.declined) > 0 {
		expect = append(expect, "declined: "+statuses(s.declined))
	}
	if len(expect) > 0 {
		out.line("    expect: {%s}", strings.Join(expect, ", "))
	}
	if s.goOn > 0 {
		out.line("    continue: %s", percent(s.goOn))
	}
}

func writeBody(out *page, b body) {
	switch {
	case b.json != nil && b.json.asYAML():
		out.line("      json: %s", b.json.text())
	case b.json != nil: // the key json would change its numbers
		out.line("      text: %s", quote(b.json.text()))
	case len(b.form) > 0:
		out.line("      text: %s", quote(pairs(b.form)))
	case len(b.parts) > 0:
		out.line("      multipart:")
		for _, part := range b.parts {
			out.line("        %s: %s", quote(part.key), quote(part.text()))
		}
	case b.text != nil:
		out.line("      text: %s", quote(b.text.text()))
	}
}

// text returns the extraction as it is written.
func (e extraction) text() string {
	var words []string
	for _, part := range [][2]string{{"json", e.json}, {"header", e.header}, {"regexp", e.regexp}} {
		if part[1] != "" {
			words = append(words, part[0]+": "+quote(part[1]))
		}
	}
	return strings.Join(words, ", ")
}

func statuses(codes []int) string {
	text, _ := json.Marshal(codes) // numbers can always be written
	return strings.ReplaceAll(string(text), ",", ", ")
}

func sorted[T any](m map[string]T) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
