package recorder

import (
	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
)

// encodeHistograms encodes every histogram that holds a value.
func encodeHistograms(recording *Recording, note string) report.Histograms {
	packed := report.Histograms{
		Note: note, Unit: "us", ScheduleLag: report.EncodeHistogram(recording.lag),
		ResponseTime: map[string]map[string]string{}, ServiceTime: map[string]map[string]string{},
	}
	for i, step := range recording.journey {
		for outcome := range funnel.OutcomeCount {
			total := &recording.steps[i]
			keep(packed.ResponseTime, step.Name, outcome, total.response[outcome])
			keep(packed.ServiceTime, step.Name, outcome, total.service[outcome])
		}
	}
	return packed
}

func keep(into map[string]map[string]string, step string, outcome int, histogram *hdrhistogram.Histogram) {
	if histogram == nil {
		return
	}
	if into[step] == nil {
		into[step] = map[string]string{}
	}
	into[step][funnel.Outcome(outcome).String()] = report.EncodeHistogram(histogram)
}

// sum adds the histograms of some outcomes without changing them, or returns nil if there are none.
func sum(histograms [funnel.OutcomeCount]*hdrhistogram.Histogram, outcomes []funnel.Outcome) *hdrhistogram.Histogram {
	var total *hdrhistogram.Histogram
	for _, outcome := range outcomes {
		if histograms[outcome] != nil {
			if total == nil {
				total = newHistogram()
			}
			total.Merge(histograms[outcome])
		}
	}
	return total
}
