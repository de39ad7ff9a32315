package render

import (
	"fmt"
	"strconv"
	"time"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/units"
)

// reproduction returns everything a repetition needs to know.
func reproduction(r report.Report) [][2]string {
	s := r.Scenario
	command, played := r.Command, ""
	if r.Replay != "" { // the command that was given does not know what people did
		command, played = r.Replay, r.Command+", on whose page people acted"
	}
	facts := [][2]string{
		{"Command", command},
		{"Played by", played},
		{"Scenario", s.Name},
		{"Scenario's SHA-256", s.SHA256},
		{"Seed", strconv.FormatUint(s.Seed, 10)},
		{"Plan", orNone(r.Plan)},
		{"Engine", fmt.Sprintf("%s, speed ×%s, %s", r.Engine, units.Number(r.Speed), replications(r.Replications))},
		{"ombak", joined(r.Ombak.Version, r.Ombak.Commit, r.Ombak.Go)},
	}
	if !s.Opens.IsZero() {
		facts = append(facts, [2]string{"Time zero of the scenario", s.Opens.Format(time.RFC3339)})
	}
	if r.Started != nil {
		facts = append(facts, [2]string{"Started", r.Started.Format(time.RFC3339)})
	}
	if m := r.Machine; m != nil {
		facts = append(facts, [2]string{"Machine", fmt.Sprintf("%d CPUs, %s of memory, %s", m.CPUs, units.Bytes(m.MemoryBytes), m.OS)}, [2]string{"What of it was short", shortage(r)})
	}
	if m := r.Store; m != nil {
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

// joined joins the texts that are not empty.
func joined(texts ...string) (line string) {
	for _, text := range texts {
		if text != "" && line != "" {
			line += ", "
		}
		line += text
	}
	return line
}

// width writes a length for a style sheet, in percent.
func width(value float64) string { return strconv.FormatFloat(value, 'f', 2, 64) }
