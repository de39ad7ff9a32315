package render_test

import (
	"encoding/csv"
	"strings"
	"testing"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/render"
)

// TestUsedColumns: the CPU of a second is interpolated between readings that do not lie on whole seconds. A second
// that the readings do not cover is empty.
func TestUsedColumns(t *testing.T) {
	r := report.Report{Series: report.Series{
		TS: []int64{0, 1, 2, 3}, ScenarioS: make([]float64, 4), Scheduled: make([]int64, 4),
		Machine:   &report.MachineSeries{TS: []float64{.5, 1.5, 2.5, 3.5}, CPUS: []float64{0, 1, 3, 3}, StealS: make([]float64, 4), Runnable: []uint64{1, 2, 3, 4}},
		Processes: []report.ProcessSeries{{Name: "api", TS: []float64{0, 4}, CPUS: []float64{0, 2}, RSSBytes: []float64{7, 9}}},
	}}
	var text strings.Builder
	if err := render.CSV(&text, r); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(text.String())).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	columns := map[string][]string{}
	for k, name := range rows[0] {
		for _, row := range rows[1:] {
			columns[name] = append(columns[name], row[k])
		}
	}
	for name, want := range map[string]string{
		"machine.cpu": ",1.5,1,", "machine.runnable": "1,2,3,4", "machine.disk_busy": ",,,", "process.api.cpu": "0.5,0.5,0.5,0.5", "process.api.rss_bytes": "7,,,",
	} {
		if got := strings.Join(columns[name], ","); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
}
