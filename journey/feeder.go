package journey

import (
	"slices"
	"time"

	"github.com/ombak-sim/ombak/journey/expression"
	"github.com/ombak-sim/ombak/workload"
)

// Feeder is a table of data about people. Each person gets one row and keeps it.
type Feeder struct {
	Columns []string   `json:"columns"`
	Rows    [][]string `json:"rows"`             // at least one, each as long as columns
	Random  bool       `json:"random,omitempty"` // rows are drawn; otherwise person n gets row n modulo their number
}

// Column returns the place of a column, or -1.
func (f Feeder) Column(name string) int { return slices.Index(f.Columns, name) }

// Fed is a Feeder with the stream that draws its rows.
type Fed struct {
	Feeder
	Name    string
	seed    workload.Seed
	purpose workload.Purpose
	people  workload.Permutation
}

// Named returns the feeder with the stream of its name, for people of a population of this size.
func (f Feeder) Named(name string, seed workload.Seed, people uint64) Fed {
	return Fed{f, name, seed, workload.NewPurpose("feeder/" + name), Crowd{Seed: seed, People: max(1, people)}.Permutation()}
}

// Cell returns a person's value in a column. By person, the rows go round in the order in which people were drawn: no two of
// the first people share a row while there are enough, whatever part of a run they belong to.
func (f *Fed) Cell(person uint64, column int) string {
	row := f.people.Position(person) % uint64(len(f.Rows))
	if f.Random {
		stream := f.seed.Stream(f.purpose, person, 0, 0)
		row = uint64(stream.IntN(len(f.Rows)))
	}
	return f.Rows[row][column]
}

// fed returns the duration in a person's row. It is 0 if the cell holds none, which the scenario has checked.
func (j *Journey) fed(person uint64, cell *Cell) time.Duration {
	if j.fact == nil {
		return 0
	}
	text, _ := j.fact(person, expression.Reading{Root: expression.Feeder, Name: cell.Feeder, Column: cell.Column}).(string)
	duration, err := time.ParseDuration(text)
	if err != nil {
		return 0
	}
	return max(0, duration)
}

// NewFact returns a Fact that reads feeders, and asks trait about everything else.
func NewFact(seed workload.Seed, people uint64, feeders map[string]Feeder, trait func(person uint64, name string) any) Fact {
	fed := make(map[string]Fed, len(feeders))
	for name, feeder := range feeders {
		fed[name] = feeder.Named(name, seed, people)
	}
	return func(person uint64, of expression.Reading) any {
		if of.Root != expression.Feeder {
			return trait(person, of.Name)
		}
		feeder := fed[of.Name]
		if column := feeder.Column(of.Column); column >= 0 {
			return feeder.Cell(person, column)
		}
		return ""
	}
}
