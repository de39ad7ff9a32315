package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"reflect"
	"regexp"
	"slices"

	"github.com/ombak-sim/ombak/units"
)

// maxReport is the largest report.json in bytes. A report with a day of seconds is about a tenth of it.
const maxReport = 256 << 20

// Read reads report.json. It skips unknown members, because newer versions may add some.
func Read(r io.Reader) (Report, error) {
	return read(r, maxReport)
}

func read(r io.Reader, limit int64) (Report, error) {
	errLarge := fmt.Errorf("the report is larger than %s bytes; give a report.json that ombak wrote", units.Count(float64(limit)))
	if file, ok := r.(interface{ Stat() (fs.FileInfo, error) }); ok {
		if info, err := file.Stat(); err == nil && info.Size() > limit {
			return Report{}, errLarge
		}
	}
	text, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return Report{}, fmt.Errorf("reading the report: %w", err)
	}
	if int64(len(text)) > limit {
		return Report{}, errLarge
	}
	text = withoutControls(text)
	var head struct {
		Schema *string `json:"schema"`
	}
	if err := json.Unmarshal(text, &head); err != nil {
		return Report{}, explain(err)
	}
	switch {
	case head.Schema == nil:
		return Report{}, fmt.Errorf("the file is not a report: it has no schema; give a report.json written "+
			"by ombak, with the schema %q", Schema)
	case *head.Schema != Schema:
		return Report{}, fmt.Errorf("the report's schema is %q, but this ombak reads %q; use the version "+
			"that wrote the report", *head.Schema, Schema)
	}
	var report Report
	if err := json.Unmarshal(text, &report); err != nil {
		return Report{}, explain(err)
	}
	if err := report.drawable(); err != nil {
		return report, err
	}
	if err := report.possible(); err != nil {
		return report, err
	}
	return report, report.Series.check()
}

// ErrImpossible marks a report that is well formed but has values that no run can produce.
var ErrImpossible = errors.New("no run can produce this; give a report.json as ombak wrote it")

// possible returns an error for unknown verdicts, and for counts and times below 0.
//
// Note: unfinished may be below 0 if the books of a run do not balance, which makes the run invalid.
func (r *Report) possible() error {
	verdicts := []Verdict{r.Verdict}
	for _, threshold := range r.Thresholds {
		verdicts = append(verdicts, threshold.Verdict)
	}
	for _, verdict := range verdicts {
		if !slices.Contains([]Verdict{"", Pass, Fail, Inconclusive, Invalid}, verdict) { // an empty one is unknown
			return fmt.Errorf("the report has the verdict %q: %w", verdict, ErrImpossible)
		}
	}
	fields := append(r.Offered.Fields(), Field{"duration_s", &r.DurationS}, Field{"speed", &r.Speed})
	for i := range r.Funnel {
		fields = append(fields, r.Funnel[i].Fields()...)
	}
	for i := range r.Steps {
		fields = append(fields, r.Steps[i].Fields()...)
	}
	for i := range r.Transitions {
		fields = append(fields, r.Transitions[i].Fields()...)
	}
	for _, heat := range r.Series.Heat {
		for _, column := range heat.Counts {
			if len(column) > 0 && slices.Min(column) < 0 {
				return fmt.Errorf("the report has a count of %d in its heat: %w", slices.Min(column), ErrImpossible)
			}
		}
	}
	for _, field := range fields {
		if *field.At > mostCount {
			return fmt.Errorf("the report has a %s of %.4g: %w", field.Name, *field.At, ErrImpossible)
		}
		if *field.At < 0 && field.Name != "unfinished" {
			return fmt.Errorf("the report has a %s of %s: %w", field.Name, units.Number(*field.At), ErrImpossible)
		}
	}
	return nil
}

// control matches an escaped control character in JSON, but not one after an escaped backslash. Tabs and line
// ends are harmless and have escapes of their own.
var control = regexp.MustCompile(`((?:^|[^\\])(?:\\\\)*)\\u00(?:[01][0-9a-fA-F]|7[fF]|[89][0-9a-fA-F])`)

// withoutControls replaces control characters in strings with the replacement character. They would break
// figures and control terminals.
func withoutControls(text []byte) []byte {
	for bytes.Contains(text, []byte(`\u00`)) {
		clean := control.ReplaceAll(text, []byte("${1}\\ufffd"))
		if len(clean) == len(text) && bytes.Equal(clean, text) {
			return text
		}
		text = clean // adjacent matches overlap, so another pass finds the second
	}
	return text
}

// explain turns an error of encoding/json into one sentence.
func explain(err error) error {
	var syntax *json.SyntaxError
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax) && err.Error() == "unexpected end of JSON input":
		return fmt.Errorf("the report is cut off after %s bytes; copy it again", units.Count(float64(syntax.Offset)))
	case errors.As(err, &syntax):
		return fmt.Errorf("the report is not JSON at byte %d: %w; give a report.json that ombak wrote", syntax.Offset, err)
	case errors.As(err, &wrong) && wrong.Field != "":
		return fmt.Errorf("the report's %s is a JSON %s, not %s; give a report.json that ombak wrote", wrong.Field, wrong.Value, jsonKind(wrong.Type))
	case errors.As(err, &wrong):
		return fmt.Errorf("the report is a JSON %s, not an object; give a report.json that ombak wrote", wrong.Value)
	}
	return fmt.Errorf("reading the report: %w", err)
}

// jsonKind names the JSON form of a type.
func jsonKind(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Slice, reflect.Array:
		return "an array"
	case reflect.Struct, reflect.Map, reflect.Pointer:
		return "an object"
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	}
	return "a number in range"
}

// check returns an error if a column's length differs from that of its clock.
func (s Series) check() error {
	rows := len(s.TS)
	fault := func(name string, length int) error {
		return fmt.Errorf("the series %s has %d rows, but t_s has %d; give a report.json as ombak wrote it", name, length, rows)
	}
	if s.BinS < 0 || s.BinS > mostSeconds {
		return fmt.Errorf("the rows of the series have %d seconds; give a report.json as ombak wrote it", s.BinS)
	}
	if len(s.ScenarioS) != rows {
		return fault("scenario_s", len(s.ScenarioS))
	}
	if len(s.Scheduled) != rows {
		return fault("scheduled", len(s.Scheduled))
	}
	for _, step := range s.Steps {
		for i, column := range step.Counts() {
			if len(column) != rows {
				return fault(step.Step+"."+SeriesCounts()[i], len(column))
			}
		}
		for i, column := range step.Quantiles() {
			if len(column) != rows {
				return fault(step.Step+"."+SeriesQuantiles()[i], len(column))
			}
		}
	}
	if !checkHeat(s.Heat) {
		return errors.New("the heat of the series has too many rows or columns; give a report.json as ombak " +
			"wrote it")
	}
	for _, station := range s.Stations {
		rows = len(station.TS)
		for _, length := range station.lengths() {
			if length != rows {
				return fault(station.Name, length)
			}
		}
	}
	for _, process := range s.Processes {
		if err := process.check(); err != nil {
			return err
		}
	}
	return s.Machine.check()
}

func (s StationSeries) lengths() []int {
	return []int{
		len(s.ScenarioS), len(s.Servers), len(s.Busy), len(s.Queued), len(s.Arrivals), len(s.Completions),
		len(s.Rejections), len(s.BusyS), len(s.QueueS),
	}
}
