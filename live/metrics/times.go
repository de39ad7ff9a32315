package metrics

import (
	"cmp"
	"math"
	"slices"
	"sort"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
)

// times are the response times of a run by step and outcome, as histograms of both kinds: with the buckets below, and a
// native one.
type times struct {
	desc *prometheus.Desc
	sums map[[2]string]*timeSum
}

// timeSum is one histogram.
type timeSum struct {
	count   uint64
	sum     float64
	classic []uint64       // by bound, not added up; the last one is of all beyond
	native  map[int]uint64 // by index: bucket i ends at 2^(i/2^schema)
}

// schema makes native buckets grow by 2 %.
const schema = 5

func newTimes() *times {
	return &times{
		desc: prometheus.NewDesc("ombak_run_response_time_seconds", "From the intended instant to the end of an attempt.", []string{"step", "outcome"}, nil),
		sums: map[[2]string]*timeSum{},
	}
}

// add counts the response times of a row.
func (t *times) add(all []report.SecondTimes) {
	for _, times := range all {
		key := [2]string{times.Step, times.Outcome}
		sum := t.sums[key]
		if sum == nil {
			sum = &timeSum{classic: make([]uint64, len(funnel.TimeBounds())+1), native: map[int]uint64{}}
			t.sums[key] = sum
		}
		bounds := funnel.TimeBounds()
		for _, bin := range times.Bins {
			sum.count += bin.Count
			sum.sum += bin.S * float64(bin.Count)
			sum.classic[sort.SearchFloat64s(bounds, bin.S)] += bin.Count
			sum.native[int(math.Ceil(math.Log2(bin.S)*(1<<schema)))] += bin.Count
		}
	}
}

// Describe implements prometheus.Collector.
func (t *times) Describe(out chan<- *prometheus.Desc) { out <- t.desc }

// Collect implements prometheus.Collector.
func (t *times) Collect(out chan<- prometheus.Metric) {
	for key, sum := range t.sums {
		out <- histogram{t.desc, key, sum.written()}
	}
}

// histogram is a histogram of both kinds.
type histogram struct {
	desc    *prometheus.Desc
	labels  [2]string
	written *dto.Histogram
}

// Desc implements prometheus.Metric.
func (h histogram) Desc() *prometheus.Desc { return h.desc }

// Write implements prometheus.Metric.
func (h histogram) Write(out *dto.Metric) error {
	names := [2]string{"step", "outcome"}
	for i := range names {
		out.Label = append(out.Label, &dto.LabelPair{Name: &names[i], Value: &h.labels[i]})
	}
	slices.SortFunc(out.Label, func(a, b *dto.LabelPair) int { return cmp.Compare(a.GetName(), b.GetName()) })
	out.Histogram = h.written
	return nil
}

// written returns the histogram as Prometheus reads it.
func (s *timeSum) written() *dto.Histogram {
	count, sum, scale, zero, none := s.count, s.sum, int32(schema), 1e-9, uint64(0)
	h := &dto.Histogram{SampleCount: &count, SampleSum: &sum, Schema: &scale, ZeroThreshold: &zero, ZeroCount: &none}
	below := uint64(0)
	for i, bound := range funnel.TimeBounds() {
		below += s.classic[i]
		cumulative := below
		h.Bucket = append(h.Bucket, &dto.Bucket{UpperBound: &bound, CumulativeCount: &cumulative})
	}
	indexes := make([]int, 0, len(s.native))
	for index := range s.native {
		indexes = append(indexes, index)
	}
	slices.Sort(indexes)
	before, last := int64(0), 0
	for i, index := range indexes {
		if i == 0 || index != last+1 {
			offset, length := int32(index-last-1), uint32(0)
			if i == 0 {
				offset = int32(index)
			}
			h.PositiveSpan = append(h.PositiveSpan, &dto.BucketSpan{Offset: &offset, Length: &length})
		}
		*h.PositiveSpan[len(h.PositiveSpan)-1].Length++
		now := int64(s.native[index])
		h.PositiveDelta = append(h.PositiveDelta, now-before)
		before, last = now, index
	}
	return h
}
