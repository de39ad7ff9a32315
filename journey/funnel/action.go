package funnel

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Deed is what an [Action] does.
type Deed string

// The deeds.
const (
	StartFault Deed = "fault"     // a fault of a dependency, or a named set of faults, begins
	EndFault   Deed = "end-fault" // faults that were started by hand end
	Arrive     Deed = "arrivals"  // more or fewer people come from now on
	Hold       Deed = "hold"      // nobody new comes
	Resume     Deed = "resume"    // people come again
	SetService Deed = "set"       // a dependency or a station has other servers, times or limits, or a policy other settings
	Remark     Deed = "note"      // a note on the timeline
	Stop       Deed = "stop"      // the run ends, with a report
)

// Deeds returns all deeds in the order of their documentation.
func Deeds() []Deed {
	return []Deed{StartFault, EndFault, Arrive, Hold, Resume, SetService, Remark, Stop}
}

// Limits of an [Action].
const (
	DefaultFaultTime = time.Minute // ends a fault that nobody ends
	LongestFaultTime = time.Hour
	MostFactor       = 10 // on arrivals
	mostText         = 500
	mostName         = 64
)

// The settings of [SetService] that concern a policy.
const (
	PolicySetting  = "policy"  // name of the policy that is set; the action is then on its place
	EnabledSetting = "enabled" // whether the policy works: true or false
)

// Action is one change that somebody makes to a run while it plays.
type Action struct {
	At   time.Duration     `json:"at"`             // scenario time at which it takes effect
	For  time.Duration     `json:"for,omitempty"`  // scenario time after which it is undone; 0 means that it lasts
	Do   Deed              `json:"do"`             // what is done
	On   string            `json:"on,omitempty"`   // name of a dependency or station, or place of a policy
	With map[string]string `json:"with,omitempty"` // settings, by name
	By   string            `json:"by,omitempty"`   // who does it

	Planned bool `json:"planned,omitempty"` // the plan schedules it
}

// settings returns the names of the settings of a deed, and whether others are allowed too.
func (d Deed) settings() (names []string, more bool) {
	switch d {
	case StartFault:
		return []string{"fault"}, true // and those of the fault
	case EndFault:
		return []string{"fault"}, false
	case Arrive:
		return []string{"factor"}, false
	case SetService:
		return []string{"servers", "service", "queue", "deadline", "rate", "quota"}, false
	case Remark:
		return []string{"text"}, false
	}
	return nil, false
}

// Check returns the first mistake that can be seen without the scenario, worded for the author of the action.
func (a Action) Check() error {
	if !slices.Contains(Deeds(), a.Do) {
		return fmt.Errorf("%q is nothing that can be done; use %s", a.Do, deedNames())
	}
	if a.At < 0 || a.For < 0 {
		return fmt.Errorf("%s: at and for must be 0 or more", a.Do)
	}
	if err := a.checkWords(); err != nil {
		return fmt.Errorf("%s: %w", a.Do, err)
	}
	if err := a.checkParts(); err != nil {
		return fmt.Errorf("%s: %w", a.Do, err)
	}
	return nil
}

// checkParts compares what is given with what the deed needs.
func (a Action) checkParts() error {
	names, more := a.Do.settings()
	more = more || a.OnPolicy() // its settings are the policy's
	for _, name := range slices.Sorted(maps.Keys(a.With)) {
		if !more && !slices.Contains(names, name) {
			return fmt.Errorf("there is no setting %q; use %s", name, orNothing(names))
		}
	}
	takesPart := a.Do == StartFault || a.Do == EndFault || a.Do == SetService
	lasts := a.Do == StartFault || a.Do == Arrive || a.Do == Hold
	switch {
	case a.On != "" && !takesPart:
		return fmt.Errorf("it concerns the whole run; leave out on")
	case a.On == "" && a.Do == SetService:
		return fmt.Errorf("name a dependency or station with on, or the place of a policy")
	case a.For > 0 && !lasts:
		return fmt.Errorf("it has no end of its own; leave out for")
	case a.Do == StartFault && a.With["fault"] == "":
		return fmt.Errorf("name the fault, as in with: {fault: dukcapil-brownout}")
	case a.Do == StartFault && a.For > LongestFaultTime:
		return fmt.Errorf("a fault must end within %v", LongestFaultTime)
	case a.OnPolicy() && len(a.With) == 1:
		return fmt.Errorf("say what to set of the policy, as in with: {policy: %s, limit: 8}, or enabled: false", a.With[PolicySetting])
	case a.Do == SetService && len(a.With) == 0:
		return fmt.Errorf("say what to set, as in with: {servers: 8}")
	case a.Do == Remark && strings.TrimSpace(a.With["text"]) == "":
		return fmt.Errorf("write the note, as in with: {text: the mayor calls}")
	case a.Do == Arrive:
		_, err := a.Factor()
		return err
	}
	return nil
}

// checkWords refuses texts that no timeline can show.
func (a Action) checkWords() error {
	words := map[string]string{"on": a.On, "by": a.By}
	for name, value := range a.With {
		words["with."+name] = value
	}
	for _, name := range slices.Sorted(maps.Keys(words)) {
		most := mostText
		if name == "on" || name == "by" {
			most = mostName
		}
		if text := words[name]; len([]rune(text)) > most || strings.ContainsFunc(text, unicode.IsControl) {
			return fmt.Errorf("%s must be one line of at most %d characters", name, most)
		}
	}
	return nil
}

// OnPolicy reports whether the action sets a policy.
func (a Action) OnPolicy() bool { return a.Do == SetService && a.With[PolicySetting] != "" }

// Factor returns the factor on arrivals that an action sets.
func (a Action) Factor() (float64, error) {
	factor, err := strconv.ParseFloat(a.With["factor"], 64)
	if err != nil || !(factor >= 0 && factor <= MostFactor) {
		return 0, fmt.Errorf("the factor is %q; give a number from 0 to %d, as in with: {factor: 1.5}", a.With["factor"], MostFactor)
	}
	return factor, nil
}

// Text says what the action does, for the timeline, with its author.
func (a Action) Text() string {
	text := a.deed()
	if a.For > 0 {
		text += " for " + a.For.String()
	}
	if a.By != "" {
		text += ", by " + a.By
	}
	return text
}

// Mark returns the mark of the action on the timeline, without its time.
func (a Action) Mark() Mark {
	mark := Mark{Kind: NoteMark, Text: a.Text(), Do: a.Do, On: a.On, Planned: a.Planned}
	switch a.Do {
	case StartFault, EndFault:
		mark.Kind, mark.What = FaultMark, a.With["fault"]
	case SetService:
		mark.Kind, mark.What = PlanMark, a.With[PolicySetting]
	case Arrive:
		mark.What = a.With["factor"]
	}
	return mark
}

// MarksOf returns the marks of actions on the timeline. RealTime converts their scenario times to real time; afflicted
// returns the dependencies that have the fault which an action starts. The mark of a fault lasts until the fault ends.
func MarksOf(actions []Action, realTime func(scenario time.Duration) time.Duration, afflicted func(Action) string) []Mark {
	var marks []Mark
	for i, action := range actions {
		mark, until := action.Mark(), action.At+action.For
		if action.Do == StartFault {
			mark.On = afflicted(action)
			for _, later := range actions[i+1:] {
				if later.Ends(action, action.On) && later.At < until {
					until = later.At
				}
			}
		}
		mark.At = realTime(action.At)
		if action.For > 0 {
			mark.For = max(time.Millisecond, realTime(until)-mark.At) // 0 would mean that it has no end
		}
		marks = append(marks, mark)
	}
	return marks
}

// Ends reports whether the action ends a fault that an earlier one began at a part; the part may be empty for all.
func (a Action) Ends(start Action, part string) bool {
	return a.Do == EndFault && (a.On == "" || part == "" || a.On == part) && (a.With["fault"] == "" || a.With["fault"] == start.With["fault"])
}

func (a Action) deed() string {
	on := a.On
	if on == "" {
		on = "all that it applies to"
	}
	switch a.Do {
	case StartFault:
		return a.With["fault"] + " of " + on + a.others("fault")
	case EndFault:
		if fault := a.With["fault"]; fault != "" {
			return fault + " of " + on + " ends"
		}
		return "faults of " + on + " end"
	case Arrive:
		return "arrivals × " + a.With["factor"]
	case Hold:
		return "arrivals held"
	case Resume:
		return "arrivals resumed"
	case SetService:
		if a.OnPolicy() {
			return a.With[PolicySetting] + " at " + on + ":" + a.others(PolicySetting)
		}
		return on + ":" + a.others("")
	case Remark:
		return a.With["text"]
	}
	return "stopped"
}

// others lists the settings, apart from one.
func (a Action) others(apart string) string {
	text := ""
	for _, name := range slices.Sorted(maps.Keys(a.With)) {
		if name != apart {
			text += " " + name + " " + a.With[name]
		}
	}
	return text
}

func deedNames() string {
	names := make([]string, 0, len(Deeds()))
	for _, deed := range Deeds() {
		names = append(names, string(deed))
	}
	return strings.Join(names, ", ")
}

func orNothing(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}
