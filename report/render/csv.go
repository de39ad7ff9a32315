package render

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"sort"
	"strconv"
	"strings"

	"github.com/ombak-sim/ombak/report"
)

// CSV writes series.csv. It has a row per second with both clocks, then the counts and response times in
// seconds of every step, then what the machine and each process used in that row, then its
// length, which is more than a second in runs of more than 24 hours. A field is empty if nothing was
// measured.
func CSV(w io.Writer, r report.Report) error {
	writer := csv.NewWriter(w)
	header := []string{"t_s", "scenario_s", "scheduled"}
	for _, step := range r.Series.Steps {
		for _, name := range append(report.SeriesCounts(), report.SeriesQuantiles()...) {
			header = append(header, noFormula(step.Step)+"."+name)
		}
	}
	used := usedColumns(r.Series)
	for _, column := range used {
		header = append(header, column.name)
	}
	if err := writer.Write(append(header, "for_s")); err != nil {
		return fmt.Errorf("writing the series: %w", err)
	}
	record := make([]string, 0, len(header)+1)
	for i := range r.Series.TS {
		record = appendRecord(r.Series, i, record[:0])
		for _, column := range used {
			record = append(record, column.at(float64(r.Series.TS[i]), float64(r.Series.Width())))
		}
		if err := writer.Write(append(record, strconv.FormatInt(r.Series.Width(), 10))); err != nil {
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

// usedColumn is a column of what was used in a row.
type usedColumn struct {
	name string
	at   func(second, length float64) string
}

// usedColumns returns the columns of the machine and of each process. CPU is in cores, the disk in shares of time.
func usedColumns(s report.Series) (columns []usedColumn) {
	if m := s.Machine; m != nil {
		columns = append(columns, risen("machine.cpu", m.TS, m.CPUS), risen("machine.steal", m.TS, m.StealS), nearest("machine.runnable", m.TS, m.Runnable),
			nearest("machine.memory_available_bytes", m.TS, m.MemoryAvailableBytes), risen("machine.disk_busy", m.TS, m.DiskBusyS),
			risen("machine.disk_bytes_per_s", m.TS, m.DiskBytes), risen("machine.network_bytes_per_s", m.TS, m.NetworkBytes))
	}
	for _, p := range s.Processes {
		columns = append(columns, risen("process."+p.Name+".cpu", p.TS, p.CPUS), nearest("process."+p.Name+".rss_bytes", p.TS, p.RSSBytes))
	}
	return columns
}

// risen returns a column of how much a quantity rose in each row, per second.
func risen(name string, at, total []float64) usedColumn {
	return usedColumn{name, func(second, length float64) string {
		rise, known := report.Cumulative{At: at, Total: total}.Between(second, second+length)
		if !known {
			return ""
		}
		return strconv.FormatFloat(rise/length, 'g', 4, 64)
	}}
}

// nearest returns a column of the first reading within each row.
func nearest[T uint64 | float64](name string, at []float64, values []T) usedColumn {
	return usedColumn{name, func(second, length float64) string {
		k := sort.SearchFloat64s(at, second)
		if k >= len(values) || k >= len(at) || at[k] >= second+length {
			return ""
		}
		return strconv.FormatFloat(float64(values[k]), 'f', -1, 64)
	}}
}
