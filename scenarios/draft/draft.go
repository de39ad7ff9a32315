package draft

import (
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/ombak-sim/ombak/scenarios"
)

// Options say what a source is.
type Options struct {
	Kind    string        // one of [Kinds]
	Name    string        // of the scenario
	Format  string        // access-log: a log_format of nginx, a LogFormat of Apache, or one of [LogFormats]; empty means that it is recognised
	Session time.Duration // access-log: a client that pauses for longer comes back as another person; 0 means 30 minutes
	Files   bool          // tables of data may be written beside the scenario
	Beside  fs.FS         // openapi: the folder of the source, to which its references into other files are relative; nil means that they are left out
}

// Result is a scenario to start from.
type Result struct {
	Scenario []byte            // passes [scenarios.Parse]
	Notes    []string          // what was left out, and what was rewritten, one sentence each
	Files    map[string][]byte // tables to be written beside the scenario, by name
}

// DefaultSession is the pause after which a client is another person.
const DefaultSession = 30 * time.Minute

// reader reads one kind of source.
type reader struct {
	kind string
	read func(*draft, []byte) error
}

func readers() []reader {
	return []reader{
		{"har", (*draft).readHAR},
		{"openapi", (*draft).readOpenAPI},
		{"access-log", (*draft).readLog},
		{"postman", (*draft).readPostman},
		{"k6", (*draft).readK6},
		{"curl", (*draft).readCurl},
	}
}

// Kinds returns the kinds of sources.
func Kinds() []string {
	var kinds []string
	for _, reader := range readers() {
		kinds = append(kinds, reader.kind)
	}
	return kinds
}

// From makes a scenario. No source is refused for one odd entry.
func From(source []byte, options Options) (Result, error) {
	kind := slices.IndexFunc(readers(), func(r reader) bool { return r.kind == options.Kind })
	if kind < 0 {
		return Result{}, fmt.Errorf("scenarios cannot be made from %q; use one of %s", options.Kind, strings.Join(Kinds(), ", "))
	}
	d := &draft{name: slug(options.Name), options: options, secretValues: map[string]string{}, files: map[string][]byte{}, defaults: map[string]string{}, shell: map[string]string{}}
	text, err := unpack(source)
	if err == nil {
		err = readers()[kind].read(d, text)
	}
	if err == nil {
		err = d.finish()
	}
	if err != nil {
		return Result{}, fmt.Errorf("no scenario can be made from this %s file: %s", options.Kind, d.mask(err.Error()))
	}
	return Result{Scenario: d.write(), Notes: d.noteLines(), Files: d.files}, nil
}

// draft is a scenario under construction.
type draft struct {
	name     string
	options  Options
	source   string // what it is made from, for the title
	notes    notes
	tally    func() string // how much of the source became steps
	targets  []target
	secrets  []string          // names of variables
	defaults map[string]string // values of the variables that are no secrets
	cookies  bool
	arrivals []string // lines
	steps    []*step
	journeys []journey // how people go from step to step; empty means one step after the other
	feeders  []string  // names; each has a file
	files    map[string][]byte

	thresholds   []string          // besides the usual ones
	shell        map[string]string // variables of a shell script
	usedInHost   []string          // variables whose value became part of a target
	carried      []*carried        // values that go from answers into requests
	secretValues map[string]string // reference by value: what must be written nowhere
	unreached    map[string]string // openapi: why a file that is referred to was not read
	bundled      map[string]string // openapi: file by its place in the bundled description
}

type target struct{ name, url string }

// step is a step of the draft.
type step struct {
	place                int // entry or line of the source
	name, comment        string
	target, method       string
	path, query, headers []*leaf
	body                 body
	extract              []extraction
	completed, declined  []int
	think                string
	goOn                 float64 // share of those who passed the step who go on; 0 means all
	next                 []next
	queries              [][]*leaf // of a log: the queries of the requests that have the same parameters
}

// journey is a way into the steps.
type journey struct {
	name  string
	share float64
	steps []string
}

// next is a step that people take after another; an empty name means that they leave.
type next struct {
	to    string
	share float64 // of those who passed; 0 means all who are left
}

// extraction is a value that a step takes from its answer.
type extraction struct{ name, json, header, regexp string }

// leaves returns everything in the request that may be rewritten.
func (s *step) leaves() []*leaf {
	return slices.Concat(s.path, s.query, s.headers, s.body.leaves())
}

// finish rewrites the leaves, names the steps, and drops the steps that cannot be written.
func (d *draft) finish() error {
	if len(d.steps) == 0 {
		return fmt.Errorf("it holds no request that can be replayed%s", d.because())
	}
	d.hide()
	d.personify()
	for _, step := range d.steps {
		d.hideInside(step)
	}
	d.feed()
	d.nameSteps()
	if len(d.steps) > 1 && !slices.ContainsFunc(d.steps, func(s *step) bool { return s.think != "" }) {
		d.notes.say("no pauses are known, so people go from step to step without one; add some, for example think: exponential(5s)")
	}
	d.tellCorrelation()
	d.settleVariables()
	return d.dropUnwritable()
}

var usedVariable = regexp.MustCompile(`\$\{var\.([a-z0-9_]+)\}`)

// settleVariables declares the variables that requests send, and no others.
func (d *draft) settleVariables() {
	used := map[string]bool{}
	for _, step := range d.steps {
		for _, leaf := range step.leaves() {
			for _, match := range usedVariable.FindAllStringSubmatch(leaf.template, -1) {
				used[match[1]] = true
			}
		}
	}
	d.secrets = slices.DeleteFunc(d.secrets, func(name string) bool { return !used[name] })
	maps.DeleteFunc(d.defaults, func(name, _ string) bool { return !used[name] })
	for _, name := range sorted(used) {
		if !slices.Contains(d.secrets, name) && !d.isDefault(name) {
			d.secrets = append(d.secrets, name)
		}
	}
}

// nameSteps gives every step a name of its own.
func (d *draft) nameSteps() {
	taken := map[string]bool{"end": true} // the end of a journey
	shared := d.sharedSegments()
	for _, step := range d.steps {
		if step.name == "" {
			words := step.routeWords()
			if len(words) > shared {
				words = words[shared:]
			}
			step.name = step.method + "-" + strings.Join(words, "/")
		}
		base := slug(d.mask(step.name))
		step.name = base
		for n := 2; taken[step.name]; n++ {
			suffix := fmt.Sprintf("-%d", n)
			step.name = base[:min(len(base), maxName-len(suffix))] + suffix
		}
		taken[step.name] = true
	}
}

// sharedSegments returns how many segments, such as those of /api/v1, begin every path that has more of them. They tell
// no step from another, so names leave them out if they are long.
func (d *draft) sharedSegments() int {
	var shared []string
	long, paths := false, 0
	for _, step := range d.steps {
		words := step.routeWords()
		if step.name != "" || len(words) < 2 {
			continue
		}
		long = long || len(step.method+"-"+step.route()) > longName
		head := words[:len(words)-1]
		if paths == 0 {
			shared = head
		}
		paths++
		same := 0
		for same < min(len(shared), len(head)) && shared[same] == head[same] {
			same++
		}
		shared = shared[:same]
	}
	if paths < 2 || !long {
		return 0
	}
	return len(shared)
}

// dropUnwritable leaves out the steps that the scenario reader refuses, with a note.
func (d *draft) dropUnwritable() error {
	_, err := scenarios.Parse(d.name, d.write(), memory(d.files))
	if err == nil {
		return nil
	}
	all := d.steps
	var kept, dropped []*step
	for _, one := range all {
		d.steps = []*step{one}
		if _, fault := scenarios.Parse(d.name, d.write(), memory(d.files)); fault != nil {
			d.notes.at(one.place, "it cannot be written as a step (%s); skipped", firstLine(fault))
			dropped = append(dropped, one)
			continue
		}
		kept = append(kept, one)
	}
	if d.steps = kept; len(kept) == 0 {
		return fmt.Errorf("its content cannot be written as a scenario: %w", err)
	}
	d.giveInstead(dropped)
	d.straighten()
	if _, err = scenarios.Parse(d.name, d.write(), memory(d.files)); err != nil {
		return fmt.Errorf("its content cannot be written as a scenario: %w", err)
	}
	return nil
}

// giveInstead makes variables of the values that dropped steps would have extracted.
func (d *draft) giveInstead(dropped []*step) {
	for _, lost := range dropped {
		for _, extract := range lost.extract {
			for _, step := range d.steps {
				for _, leaf := range step.leaves() {
					if leaf.template == "${got."+extract.name+"}" {
						leaf.template = d.secret(extract.name)
					}
				}
			}
		}
	}
}

// straighten removes the graph, whose steps are no longer complete.
func (d *draft) straighten() {
	d.journeys = nil
	for _, step := range d.steps {
		step.next = nil
	}
}

// firstLine returns the first mistake without the file's name.
func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	if _, after, found := strings.Cut(line, ": "); found {
		return after
	}
	return line
}
