package report

import "github.com/ombak-sim/ombak/units"

func thousands(v float64) string       { return units.Count(v) }
func short(v float64) string           { return units.Short(v) }
func spell(v float64) string           { return units.Time(v) }
func trim(v float64) string            { return units.Number(v) }
func percent(v float64) string         { return units.Percent(v) }
func bytesText(v uint64) string        { return units.Bytes(v) }
func cell(v string) string             { return units.Cell(v) }
func code(v string) string             { return units.Code(v) }
func hint(w string, v []string) string { return units.Hint(w, v) }
