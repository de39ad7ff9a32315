package report

import (
	"fmt"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/ombak-sim/ombak/journey/funnel"
)

// Histograms are in HdrHistogram's V2 compressed encoding, base64; values are whole microseconds.
type Histograms struct {
	Note         string                       `json:"note,omitempty"`
	Unit         string                       `json:"unit,omitempty"`          // of the values: us
	ResponseTime map[string]map[string]string `json:"response_time,omitempty"` // by step and outcome
	ServiceTime  map[string]map[string]string `json:"service_time,omitempty"`  // by step and outcome
	ScheduleLag  string                       `json:"schedule_lag,omitempty"`
}

// EncodeHistogram returns a histogram as a report stores it, or "" for nil.
func EncodeHistogram(histogram *hdrhistogram.Histogram) string {
	if histogram == nil {
		return ""
	}
	text, err := histogram.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	if err != nil {
		panic(err) // writing to memory does not fail
	}
	return string(text)
}

// DecodeResponseTime returns the response times, in microseconds, of a step's attempts with any of the
// outcomes, or nil if there are none.
func (h Histograms) DecodeResponseTime(step string, outcomes ...funnel.Outcome) (*hdrhistogram.Histogram, error) {
	return decodeOutcomes(h.ResponseTime[step], outcomes)
}

// DecodeServiceTime is like DecodeResponseTime for service times.
func (h Histograms) DecodeServiceTime(step string, outcomes ...funnel.Outcome) (*hdrhistogram.Histogram, error) {
	return decodeOutcomes(h.ServiceTime[step], outcomes)
}

func decodeOutcomes(packed map[string]string, outcomes []funnel.Outcome) (*hdrhistogram.Histogram, error) {
	var sum *hdrhistogram.Histogram
	for _, outcome := range outcomes {
		text := packed[outcome.String()]
		if text == "" {
			continue
		}
		histogram, err := DecodeHistogram(text)
		if err != nil {
			return nil, fmt.Errorf("outcome %v: %w", outcome, err)
		}
		sum = MergeHistograms(sum, histogram)
	}
	return sum, nil
}

// DecodeHistogram decodes a histogram as a report stores it.
func DecodeHistogram(text string) (*hdrhistogram.Histogram, error) {
	histogram, err := hdrhistogram.Decode([]byte(text))
	if err != nil {
		return nil, fmt.Errorf("a histogram in the report is damaged: %w", err)
	}
	return histogram, nil
}

// SentOutcomes returns the outcomes of attempts that were sent.
func SentOutcomes() []funnel.Outcome {
	return []funnel.Outcome{funnel.Completed, funnel.Declined, funnel.Rejected, funnel.Failed, funnel.TimedOut, funnel.Abandoned, funnel.Unfinished}
}

// PassedOutcomes returns the outcomes that response_time_passed_s covers. Shed requests are excluded because
// they would make it look fast.
func PassedOutcomes() []funnel.Outcome { return []funnel.Outcome{funnel.Completed, funnel.TimedOut} }

// QuantilesOf summarizes a histogram in seconds, or returns nil if it is empty.
func QuantilesOf(histogram *hdrhistogram.Histogram) *Quantiles {
	if histogram == nil || histogram.TotalCount() == 0 {
		return nil
	}
	at := histogram.ValueAtPercentilesSlice([]float64{50, 90, 95, 99, 99.9})
	return &Quantiles{
		Count: float64(histogram.TotalCount()), Mean: histogram.Mean() / 1e6,
		P50: inSeconds(at[0]), P90: inSeconds(at[1]), P95: inSeconds(at[2]), P99: inSeconds(at[3]), P999: inSeconds(at[4]),
		Max: inSeconds(histogram.Max()),
	}
}

// MergeHistograms returns the sum of two histograms. Nil means empty. It may change and return either one.
func MergeHistograms(a, b *hdrhistogram.Histogram) *hdrhistogram.Histogram {
	if a == nil {
		return b
	}
	if b != nil {
		a.Merge(b)
	}
	return a
}

func inSeconds(micros int64) float64 { return float64(micros) / 1e6 }
