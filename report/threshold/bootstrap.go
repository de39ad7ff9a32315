package threshold

import (
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/ombak-sim/ombak/report/recorder"
)

// What a judgement is based on.
const (
	oneRun     = "one run"
	resampled  = "one run, block bootstrap"
	unsteady   = "one run, not steady in the window"
	shortOfRun = "one run, too short a window for an interval"
)

// Settings of the bootstrap: the number of resamples, and the fewest blocks in a window.
const (
	resamples   = 400
	leastBlocks = 10
	steadyAlpha = 0.01 // probability of calling a steady window unsteady
)

// windowed is a quantile within a window, with an interval if one can be given.
type windowed struct {
	figure
	interval *[2]float64
	basis    string
}

// secondTimes holds the response times of one second: indexes in the histogram layout, and counts.
type secondTimes struct {
	index []int32
	count []uint64
}

// inWindow returns the response-time figure of a condition with a window, from the histograms of its seconds.
// The 95 % interval uses moving blocks of 2·n^(1/3) seconds, because answers in a queue are not independent
// (Künsch, "The Jackknife and the Bootstrap for General Stationary Observations", Annals of Statistics 17
// (1989)). There is no interval if the times of the blocks have a trend (Mann, "Nonparametric Tests Against
// Trend", Econometrica 13 (1945)) or if there are fewer than ten blocks. The same recording gives the same
// interval, which is left out unless interval is set.
func (c Condition) inWindow(recording *recorder.Recording, clock func(time.Duration) time.Duration, interval bool) (windowed, error) {
	response, known := recording.ResponseTimes(c.selector.step)
	if !known {
		return windowed{}, fmt.Errorf("never measured: the report has no %s", c.selector.name())
	}
	inside := c.window.seconds(response, clock)
	all := newTimes()
	for _, second := range inside {
		all.add(second)
	}
	if all.total == 0 {
		return windowed{}, fmt.Errorf("never measured: nothing was answered at %s in the window", c.selector.step)
	}
	w := windowed{figure: figure{value: all.quantile(c.selector), samples: float64(all.total)}, basis: oneRun}
	if !interval {
		return w, nil
	}
	length := int(math.Ceil(2 * math.Cbrt(float64(len(inside)))))
	switch blocks := len(inside) / length; {
	case blocks < leastBlocks:
		w.basis = shortOfRun
	case trending(inside, length):
		w.basis = unsteady
	default:
		w.basis, w.interval = resampled, c.resample(inside, length)
	}
	return w, nil
}

// seconds returns the response times of every second in the window, including empty ones.
func (w window) seconds(response iter.Seq2[int64, recorder.Sparse], clock func(time.Duration) time.Duration) (inside []secondTimes) {
	for at, sparse := range response {
		scenario := clock(time.Duration(at) * time.Second).Seconds()
		if scenario < w.from || w.to > 0 && scenario >= w.to {
			continue
		}
		var second secondTimes
		_ = sparse.Each(func(index int, count uint64) { // sparse was validated when it was read
			second.index, second.count = append(second.index, int32(index)), append(second.count, count)
		})
		inside = append(inside, second)
	}
	return inside
}

// resample returns the middle 95 % of the quantile over resampled windows.
func (c Condition) resample(seconds []secondTimes, length int) *[2]float64 {
	random := rand.New(rand.NewPCG(uint64(len(seconds)), uint64(length)))
	values := make([]float64, 0, resamples)
	sum := newTimes()
	for range resamples {
		sum.clear()
		for taken := 0; taken < len(seconds); taken += length {
			from := random.IntN(len(seconds) - length + 1)
			for _, second := range seconds[from : from+min(length, len(seconds)-taken)] {
				sum.add(second)
			}
		}
		if sum.total > 0 {
			values = append(values, sum.quantile(c.selector))
		}
	}
	slices.Sort(values)
	cut := len(values) / 40
	return &[2]float64{values[cut], values[len(values)-1-cut]}
}

// trending reports whether the mean response times of the blocks rise or fall over the window, by Mann's test
// with the normal approximation.
func trending(seconds []secondTimes, length int) bool {
	var means []float64
	for from := 0; from+length <= len(seconds); from += length {
		block := newTimes()
		for _, second := range seconds[from : from+length] {
			block.add(second)
		}
		if block.total > 0 {
			means = append(means, block.mean())
		}
	}
	score, n := 0.0, float64(len(means))
	for i := range means {
		for k := i + 1; k < len(means); k++ {
			switch {
			case means[k] > means[i]:
				score++
			case means[k] < means[i]:
				score--
			}
		}
	}
	deviation := math.Sqrt(n * (n - 1) * (2*n + 5) / 18)
	return math.Abs(score)-1 > deviation*distuv.UnitNormal.Quantile(1-steadyAlpha/2)
}

// times is a histogram to which seconds are added.
type times struct {
	counts [recorder.LayoutLength]uint64
	total  uint64
}

func newTimes() *times { return &times{} }

func (t *times) clear() { *t = times{} }

func (t *times) add(second secondTimes) {
	for i, index := range second.index {
		t.counts[index] += second.count[i]
		t.total += second.count[i]
	}
}

// quantile returns the selected quantile in seconds.
func (t *times) quantile(s selector) float64 {
	switch s.quantile {
	case "mean":
		return t.mean()
	case "max":
		for index := recorder.LayoutLength - 1; index >= 0; index-- {
			if t.counts[index] > 0 {
				return highest(index)
			}
		}
	}
	wanted, before := recorder.Rank(s.percent, t.total), uint64(0)
	for index, count := range t.counts {
		if before += count; before >= wanted && count > 0 {
			return highest(index)
		}
	}
	return 0
}

func (t *times) mean() float64 {
	sum := 0.0
	for index, count := range t.counts {
		if count > 0 {
			lowest, size := recorder.LayoutRange(index)
			sum += float64(count) * (float64(lowest) + float64(size-1)/2) / 1e6
		}
	}
	return sum / float64(t.total)
}

// highest returns the highest value counted at an index, in seconds.
func highest(index int) float64 {
	lowest, size := recorder.LayoutRange(index)
	return float64(lowest+size-1) / 1e6
}
