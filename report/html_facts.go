package report

import (
	"fmt"
	"strconv"
	"time"
)

// reproduction is everything that a repetition needs to know.
func reproduction(report Report) [][2]string {
	s := report.Scenario
	facts := [][2]string{
		{"Command", report.Command},
		{"Scenario", s.Name},
		{"Scenario's SHA-256", s.SHA256},
		{"Seed", strconv.FormatUint(s.Seed, 10)},
		{"Plan", orNone(report.Plan)},
		{"Engine", fmt.Sprintf("%s, speed ×%s, %s", report.Engine, trim(report.Speed), replications(report.Replications))},
		{"ombak", joined(report.Ombak.Version, report.Ombak.Commit, report.Ombak.Go)},
	}
	if !s.Opens.IsZero() {
		facts = append(facts, [2]string{"Time zero of the scenario", s.Opens.Format(time.RFC3339)})
	}
	if report.Started != nil {
		facts = append(facts, [2]string{"Started", report.Started.Format(time.RFC3339)})
	}
	if m := report.Machine; m != nil {
		facts = append(facts, [2]string{"Machine", fmt.Sprintf("%d CPUs, %s of memory, %s", m.CPUs, bytesText(m.MemoryBytes), m.OS)})
	}
	if m := report.Store; m != nil {
		facts = append(facts, [2]string{"Store", joined(m.Engine, m.Durability, m.Filesystem)})
	}
	known := facts[:0]
	for _, fact := range facts {
		if fact[1] != "" {
			known = append(known, fact)
		}
	}
	return known
}

func replications(n int) string {
	if n > 1 {
		return fmt.Sprintf("means of %d replications", n)
	}
	return "one run"
}

// joined lists what is known of some texts.
func joined(texts ...string) (line string) {
	for _, text := range texts {
		if text != "" && line != "" {
			line += ", "
		}
		line += text
	}
	return line
}

// width is a length for a style sheet, in percent.
func width(value float64) string { return strconv.FormatFloat(value, 'f', 2, 64) }
