package journey

import (
	"slices"

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
	seed    workload.Seed
	purpose workload.Purpose
}

// Named returns the feeder with the stream of its name.
func (f Feeder) Named(name string, seed workload.Seed) Fed {
	return Fed{f, seed, workload.NewPurpose("feeder/" + name)}
}

// Cell returns a person's value in a column.
func (f *Fed) Cell(person uint64, column int) string {
	row := person % uint64(len(f.Rows))
	if f.Random {
		stream := f.seed.Stream(f.purpose, person, 0, 0)
		row = uint64(stream.IntN(len(f.Rows)))
	}
	return f.Rows[row][column]
}

// NewFact returns a Fact that reads feeders, and asks trait about everything else.
func NewFact(seed workload.Seed, feeders map[string]Feeder, trait func(person uint64, name string) any) Fact {
	fed := make(map[string]Fed, len(feeders))
	for name, feeder := range feeders {
		fed[name] = feeder.Named(name, seed)
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
