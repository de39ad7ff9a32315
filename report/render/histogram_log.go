package render

import (
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/ombak-sim/ombak/report"
)

// HistogramLog writes latency.hlog: the response times of each step's attempts over the whole run in
// HdrHistogram's log format, one tagged line per step. Values are microseconds; the column Interval_Max is in
// seconds.
func HistogramLog(w io.Writer, r report.Report) error {
	log := hdrhistogram.NewHistogramLogWriter(w)
	err := writeLogHead(log, r)
	for _, step := range r.Steps {
		if err != nil {
			break
		}
		var histogram *hdrhistogram.Histogram
		histogram, err = r.Histograms.DecodeResponseTime(step.Step, report.SentOutcomes()...)
		if err != nil || histogram == nil {
			continue
		}
		histogram.SetTag(strings.NewReplacer(",", "_", " ", "_", "\n", "_", "\r", "_").Replace(step.Step))
		histogram.SetStartTimeMs(0)
		histogram.SetEndTimeMs(int64(math.Round(r.DurationS * 1000)))
		err = log.OutputIntervalHistogram(histogram)
	}
	if err != nil {
		return fmt.Errorf("writing the histogram log: %w", err)
	}
	return nil
}

func writeLogHead(log *hdrhistogram.HistogramLogWriter, r report.Report) error {
	if err := log.OutputLogFormatVersion(); err != nil {
		return err
	}
	comment := "[response times by step, from the intended instant; values in microseconds, Interval_Max in seconds]"
	if err := log.OutputComment(comment); err != nil {
		return err
	}
	if r.Started != nil {
		if err := log.OutputStartTime(r.Started.UnixMilli()); err != nil {
			return err
		}
	}
	return log.OutputLegend()
}
