package funnel

import "time"

// Tally counts events by the time since the start of a run. Its bins are seconds; in longer runs than a day they double, so that
// its length stays bounded.
type Tally struct {
	BinS   int       `json:"bin_s"` // seconds
	Counts []float64 `json:"counts"`
}

// mostBins is a day of seconds.
const mostBins = 86_400

// Add counts n events at an instant. Earlier ones than the start count in the first bin.
func (t *Tally) Add(at time.Duration, n int) {
	t.BinS = max(t.BinS, 1)
	second := max(0, int(at/time.Second))
	for second/t.BinS >= mostBins {
		*t = t.coarser(2 * t.BinS)
	}
	for len(t.Counts) <= second/t.BinS {
		t.Counts = append(t.Counts, 0)
	}
	t.Counts[second/t.BinS] += float64(n)
}

// Plus returns the counts of both, in the longer bins of the two.
func (t Tally) Plus(other Tally) Tally {
	bin := max(t.BinS, other.BinS, 1)
	sum, more := t.coarser(bin), other.coarser(bin)
	for i, n := range more.Counts {
		if i == len(sum.Counts) {
			sum.Counts = append(sum.Counts, 0)
		}
		sum.Counts[i] += n
	}
	return sum
}

// coarser returns the same counts in bins of so many seconds, a multiple of its own.
func (t Tally) coarser(bin int) Tally {
	made := Tally{BinS: bin}
	each := bin / max(t.BinS, 1)
	for i, n := range t.Counts {
		if i/each == len(made.Counts) {
			made.Counts = append(made.Counts, 0)
		}
		made.Counts[i/each] += n
	}
	return made
}

// Sum returns how many events there were, and how many in the fullest bin.
func (t Tally) Sum() (all, most float64) {
	for _, n := range t.Counts {
		all += n
		most = max(most, n)
	}
	return all, most
}
