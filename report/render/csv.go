package render

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/ombak-sim/ombak/report"
)

// CSV writes series.csv. It has a row per second with both clocks, then the counts and response times in
// seconds of every step. A field is empty if nothing was measured.
func CSV(w io.Writer, r report.Report) error {
	writer := csv.NewWriter(w)
	header := []string{"t_s", "scenario_s", "scheduled"}
	for _, step := range r.Series.Steps {
		for _, name := range append(report.SeriesCounts(), report.SeriesQuantiles()...) {
			header = append(header, noFormula(step.Step)+"."+name)
		}
	}
	if err := writer.Write(header); err != nil {
		return fmt.Errorf("writing the series: %w", err)
	}
	record := make([]string, 0, len(header))
	for i := range r.Series.TS {
		record = appendRecord(r.Series, i, record[:0])
		if err := writer.Write(record); err != nil {
			return fmt.Errorf("writing the series: %w", err)
		}
	}
	if writer.Flush(); writer.Error() != nil {
		return fmt.Errorf("writing the series: %w", writer.Error())
	}
	return nil
}

// noFormula returns a text that a spreadsheet does not take for a formula.
func noFormula(text string) string {
	if strings.IndexAny(text, "=+-@\t\r") == 0 {
		return "'" + text
	}
	return text
}

// appendRecord appends the fields of row i to the record.
func appendRecord(s report.Series, i int, record []string) []string {
	record = append(record, strconv.FormatInt(s.TS[i], 10),
		strconv.FormatFloat(s.ScenarioS[i], 'f', -1, 64), strconv.FormatInt(s.Scheduled[i], 10))
	for _, step := range s.Steps {
		for _, column := range step.Counts() {
			record = append(record, strconv.FormatInt(column[i], 10))
		}
		for _, column := range step.Quantiles() {
			text := ""
			if !math.IsNaN(column[i]) {
				text = strconv.FormatFloat(column[i], 'f', -1, 64)
			}
			record = append(record, text)
		}
	}
	return record
}
