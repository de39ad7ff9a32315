package report

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// TestReportsThatCannotBeDrawn reads reports that would keep figures busy for long.
func TestReportsThatCannotBeDrawn(t *testing.T) {
	rows := func(n int) (rows []FunnelRow) {
		for i := range n {
			rows = append(rows, FunnelRow{Step: fmt.Sprint("s", i)})
		}
		return rows
	}
	for _, row := range []struct {
		why, want string
		report    Report
	}{
		{"as many steps as a scenario may have", "", Report{Funnel: rows(500)}},
		{"more steps", "501 rows in the funnel, and at most 500", Report{Funnel: rows(501)}},
		{"an endless name", `a name of 5,000,000 bytes, "xxxx`, Report{Plan: strings.Repeat("x", 5_000_000)}},
		{"a name of two-byte letters", "a name of 2,000 bytes", Report{Plan: strings.Repeat("é", 1000)}},
		{"an endless warning", "a warning of 30,000 bytes", Report{Warnings: []string{strings.Repeat("x", 30_000)}}},
		{"more people than ever lived", "a scheduled of 1e+300", Report{Offered: Offered{Scheduled: 1e300}}},
		{"many marks", "20,001 marks", Report{Timeline: make([]Event, 20_001)}},
	} {
		row.report.Schema, row.report.Verdict = Schema, Pass
		text, err := json.Marshal(row.report)
		if err != nil {
			t.Fatal(err)
		}
		_, err = Read(strings.NewReader(string(text)))
		if row.want == "" && err != nil || row.want != "" && (err == nil || !strings.Contains(err.Error(), row.want)) {
			t.Errorf("%s: %v; want %q", row.why, err, row.want)
		}
	}
}
