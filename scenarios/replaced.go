package scenarios

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"

	"github.com/ombak-sim/ombak/workload"
)

// WithArrivals returns a copy of the scenario in which people come as a file of counts says, instead of as the scenario
// says. The step of the arrivals stays.
func (s *Scenario) WithArrivals(file string) (*Scenario, error) {
	if info, err := os.Stat(file); err == nil && (info.IsDir() || info.Size() > maxFile) {
		return nil, fmt.Errorf("the arrivals %s are a folder or larger than %d MiB; give a CSV file of counts", file, maxFile>>20)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("cannot read the arrivals: %w", err)
	}
	return s.withArrivals(file, text)
}

// withArrivals is WithArrivals with the content of the file.
func (s *Scenario) withArrivals(file string, text []byte) (*Scenario, error) {
	signups, lookers, err := workload.ReadCounts(bytes.NewReader(withoutMark(text)))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if signups.Total()+lookers.Total() == 0 {
		return nil, fmt.Errorf("%s: nobody arrives; raise a count", file)
	}
	same, src := *s, *s.source
	hash := sha256.Sum256(append([]byte(s.SHA256()), text...))
	src.sha256, src.replaced = hex.EncodeToString(hash[:]), &replacedArrivals{file, signups, lookers}
	src.alter(Alteration{Kind: alteredArrivals, File: file, Text: text})
	same.source = &src
	same.replaceArrivals()
	return &same, same.CheckPeople()
}

// Replaced reports whether the arrivals are those of [Scenario.WithArrivals].
func (s *Scenario) Replaced() bool { return s.source.replaced != nil }

// replacedArrivals are the counts that stand in for a scenario's arrivals.
type replacedArrivals struct {
	file              string
	signups, visitors workload.Bins
}

// replaceArrivals puts the replaced arrivals in place of those of the file. The file's scale was for its own arrivals.
func (s *Scenario) replaceArrivals() {
	from := s.source.replaced
	if from == nil {
		return
	}
	a := &s.Arrivals
	*a = Arrivals{Step: a.Step, Noun: a.Noun, Mode: a.Mode, Counts: from.file, Totals: "exact"}
	a.fileSignups, a.fileVisitors = from.signups, from.visitors
}
