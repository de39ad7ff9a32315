package scenarios

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/ombak-sim/ombak/journey/expression"
)

// nameable is the form of a step's name that a threshold can write.
var nameable = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// validateStepName reports a name that nothing else can refer to.
func (s *Scenario) validateStepName(name, path string) {
	switch {
	case name == "": // reported already
	case !nameable.MatchString(name):
		s.source.faultAt(path+".name", "use letters, digits, hyphens and underscores, as in sign-up", "no threshold could name the step %q", name)
	case slices.Contains([]string{"avg", "med", "schedule_lag"}, name):
		s.source.faultAt(path+".name", "choose another name", "the name %q has a meaning of its own in thresholds", name)
	case (name == end || name == "start") && s.forks():
		s.source.faultAt(path+".name", "choose another name", "the name %s stands for the %s of a journey", name, name)
	}
}

// forks reports whether people may take the steps in more than one way.
func (s *Scenario) forks() bool {
	return s.listed() || slices.ContainsFunc(s.Journey, func(step Step) bool { return step.forks() })
}

func (s Step) forks() bool {
	return len(s.Next) > 0 || s.Loop != nil || s.Once != "" || s.Optional != nil
}

// validateForks reports mistakes in the ways from step to step.
func (s *Scenario) validateForks() {
	if !s.forks() {
		return
	}
	ways := s.Ways()
	for i := range s.Journey {
		step, path := &s.Journey[i], s.StepPath(i)
		if step.Once != "" && step.Once != perPerson {
			s.source.faultAt(path+".once", "write once: person", "the value %q of once is unknown", step.Once)
		}
		s.validateNext(step, path, ways)
		s.validateLoop(step, path, ways)
	}
	for _, way := range ways {
		s.validateStart(way)
	}
	for _, way := range ways {
		if !s.validateEnd(way) {
			return
		}
	}
}

func (s *Scenario) validateNext(step *Step, path string, ways []Way) {
	s.bound(path+".next", len(step.Next), mostBranches)
	total, all := 0.0, false
	for k, branch := range step.Next {
		at := fmt.Sprintf("%s.next[%d]", path, k)
		s.validateTarget(branch.To, at+".to", step.Name, ways)
		program := s.condition(branch.When, at+".when")
		if all {
			s.source.faultAt(at, "put it before the branch without share and when", "nobody takes this branch, because an earlier one takes all")
		}
		all = all || branch.Share == nil && branch.When == ""
		if branch.Share != nil && !readsGot(program) {
			total += float64(*branch.Share)
		}
	}
	if total > 1+1e-9 {
		s.source.faultAt(path+".next", "lower them; those whom no branch takes go to the next step of their journey", "the shares add up to %.4g%%", total*100)
	}
}

// readsGot reports whether a condition depends on an answer.
func readsGot(program *expression.Program) bool {
	return program != nil && program.ReadsAny(expression.Got)
}

// validateTarget reports a step that does not exist, or that a journey with the step from which it is reached does not
// have.
func (s *Scenario) validateTarget(to, at, from string, ways []Way) {
	if to == end {
		return
	}
	if s.step(to) < 0 {
		s.source.faultAt(at, hintWord(to, append(s.stepNames(), end)), "no step is called %q", to)
		return
	}
	for _, way := range ways {
		if slices.Contains(way.Steps, from) && !slices.Contains(way.Steps, to) {
			s.source.faultAt(at, "add the step to that journey", "the journey %q has the step %q but not %q", way.Name, from, to)
			return
		}
	}
}

func (s *Scenario) validateLoop(step *Step, path string, ways []Way) {
	loop := step.Loop
	if loop == nil {
		return
	}
	at := path + ".loop"
	if loop.BackTo == end || loop.BackTo == "" {
		s.source.faultAt(at, "add back_to: STEP", "it is not said with which step a round begins")
	} else {
		s.validateTarget(loop.BackTo, at+".back_to", step.Name, ways)
	}
	for _, way := range ways {
		if here, back := slices.Index(way.Steps, step.Name), slices.Index(way.Steps, loop.BackTo); back > here && here >= 0 {
			s.source.faultAt(at+".back_to", "use next to go forward", "the step %q comes after %q", loop.BackTo, step.Name)
			break
		}
	}
	s.condition(loop.While, at+".while")
	switch timed := loop.Times != (Times{}); {
	case timed == (loop.While != ""):
		s.source.faultAt(at, "write times: 3..5, or while: CONDITION with most: 10", "a loop needs either times or while")
	case timed && loop.Most != 0:
		s.source.faultAt(at+".most", "remove it, or write while instead of times", "most belongs to while")
	case loop.While != "" && (loop.Most < 1 || loop.Most > mostRounds):
		s.source.faultAt(at, fmt.Sprintf("add most: 10, up to %d", mostRounds), "a loop with while needs most, the largest number of rounds")
	}
	if loop.Share != nil && loop.While == "" {
		s.source.faultAt(at+".share", "remove it", "share belongs to a while that reads got")
	}
}

// condition compiles a condition and reports why it cannot be. It returns nil for none.
func (s *Scenario) condition(source, at string) *expression.Program {
	if source == "" {
		return nil
	}
	program, err := expression.Condition(source, s.readable())
	if err != nil {
		s.source.faultAt(at, "see docs/reference/scenario.md#conditions", "%v", err)
	}
	return program
}

// readable returns what conditions may read. Package setup checks what they read about people.
func (s *Scenario) readable() expression.Names {
	names := expression.Names{Feeders: map[string][]string{}, Steps: s.stepNames()}
	for name := range s.Feeders {
		names.Feeders[name] = s.tables[name].Columns
	}
	for _, step := range s.Journey {
		if step.Request != nil {
			names.Got = append(names.Got, keys(step.Request.Extract)...)
		}
	}
	slices.Sort(names.Got)
	names.Got = slices.Compact(names.Got)
	return names
}

// Condition is a condition of the scenario with its place in the file.
type Condition struct {
	Path, Step string
	Source     string
	Share      *Share // beside it
	Program    *expression.Program
}

// Conditions returns all conditions of the steps.
func (s *Scenario) Conditions() []Condition {
	var all []Condition
	add := func(i int, place, source string, share *Share) {
		if source == "" {
			return
		}
		if program, err := expression.Condition(source, s.readable()); err == nil {
			all = append(all, Condition{s.StepPath(i) + place, s.Journey[i].Name, source, share, program})
		}
	}
	for i, step := range s.Journey {
		for k, branch := range step.Next {
			add(i, fmt.Sprintf(".next[%d].when", k), branch.When, branch.Share)
		}
		if step.Loop != nil {
			add(i, ".loop.while", step.Loop.While, step.Loop.Share)
		}
	}
	return all
}

// Unshared returns the steps with a condition that a simulation cannot decide: it reads got and has no share beside it.
func (s *Scenario) Unshared() []string {
	var names []string
	for _, condition := range s.Conditions() {
		if readsGot(condition.Program) && condition.Share == nil && !slices.Contains(names, condition.Step) {
			names = append(names, condition.Step)
		}
	}
	return names
}

// validateStart reports forks before the step at which arrivals are scheduled.
func (s *Scenario) validateStart(way Way) {
	start := max(0, slices.Index(way.Steps, s.Arrivals.Step))
	for k, name := range way.Steps {
		i := s.step(name)
		if k > start || i < 0 {
			continue
		}
		step, path := &s.Journey[i], s.StepPath(i)
		given := []struct {
			key string
			is  bool
		}{{"optional", step.Optional != nil}, {"once", step.Once != ""}, {"next", len(step.Next) > 0 && k < start}, {"loop", step.Loop != nil && k < start}}
		for _, fork := range given {
			if fork.is {
				s.source.faultAt(path+"."+fork.key, fmt.Sprintf("remove it, or name an earlier step in arrivals.step, which is %q", s.Arrivals.Step),
					"the journey %smust be a straight line up to the step at which people arrive, %q", named(way.Name), way.Steps[start])
			}
		}
	}
}

// named puts a name in front of a word, if there is one.
func named(name string) string {
	if name == "" {
		return ""
	}
	return fmt.Sprintf("%q ", name)
}

// validateEnd reports a step from which a person never comes to the end of the journey, and returns false if there is one.
func (s *Scenario) validateEnd(way Way) bool {
	ends := map[string]bool{end: true}
	for more := true; more; {
		more = false
		for k, name := range way.Steps {
			if ends[name] || s.step(name) < 0 {
				continue
			}
			for _, to := range s.followers(way, k) {
				if ends[to] {
					ends[name], more = true, true
				}
			}
		}
	}
	for _, name := range way.Steps {
		if i := s.step(name); i >= 0 && !ends[name] && len(s.Journey[i].Next) > 0 {
			s.source.faultAt(s.StepPath(i)+".next", "add a branch to end, or lower a share", "nobody who comes to the step %q ever comes to the end of the journey", name)
			return false
		}
	}
	return true
}

// followers returns the steps that may come after a place of a journey, apart from the rounds of a loop, which end.
func (s *Scenario) followers(way Way, place int) []string {
	step := s.Journey[s.step(way.Steps[place])]
	if step.GoesOn() < 1 {
		return []string{end}
	}
	var after []string
	left := 1.0
	for _, branch := range step.Next {
		if branch.Share == nil || *branch.Share > 0 {
			after = append(after, branch.To)
		}
		switch {
		case branch.When != "":
		case branch.Share == nil:
			return after
		default:
			left -= float64(*branch.Share)
		}
	}
	if left > 1e-9 && place+1 < len(way.Steps) {
		return append(after, way.Steps[place+1])
	}
	if left > 1e-9 {
		return append(after, end)
	}
	return after
}
