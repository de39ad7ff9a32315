package setup

import (
	"io"
	"slices"
	"strings"

	"github.com/ombak-sim/ombak/report"
)

// Mask replaces the values of variables in everything that a run prints or writes. The zero Mask hides nothing.
type Mask struct{ replacer *strings.Replacer }

// shortestMasked is the length of the shortest value that is hidden. Hiding every "1" would hide figures too.
const shortestMasked = 3

// Mask hides the values given on the command line, and those of variables that the scenario
// marks as secret.
func (p *Planned) Mask() Mask {
	var values []string
	for name, value := range p.vars() {
		if _, given := p.Options.Vars[name]; given || p.Scenario.Vars[name].Secret {
			values = append(values, value)
		}
	}
	return Mask{Hiding(values)}
}

// Hiding returns what replaces values in a text.
func Hiding(values []string) *strings.Replacer {
	var pairs []string
	for _, value := range slices.SortedFunc(slices.Values(values), func(a, b string) int { return len(b) - len(a) }) { // the longest of several that overlap
		if len(value) >= shortestMasked {
			pairs = append(pairs, value, "***")
		}
	}
	return strings.NewReplacer(pairs...)
}

func (m Mask) text(text string) string {
	if m.replacer == nil {
		return text
	}
	return m.replacer.Replace(text)
}

func (m Mask) texts(texts []string) {
	for i := range texts {
		texts[i] = m.text(texts[i])
	}
}

// Report hides values in every text of a report.
func (m Mask) Report(r *report.Report) {
	m.texts(r.Warnings)
	m.texts(r.Invalid)
	r.Command = m.text(r.Command)
	for i := range r.Timeline {
		r.Timeline[i].Text = m.text(r.Timeline[i].Text)
	}
	for i := range r.Thresholds {
		r.Thresholds[i].Reason = m.text(r.Thresholds[i].Reason)
	}
}

// Second hides values in every text of a row of the feed.
func (m Mask) Second(row *report.Second) {
	m.texts(row.Doubts)
	for i := range row.Marks {
		row.Marks[i].Text = m.text(row.Marks[i].Text)
	}
	for i := range row.Thresholds {
		row.Thresholds[i].Reason = m.text(row.Thresholds[i].Reason)
	}
	for i := range row.Agents {
		row.Agents[i].Lost = m.text(row.Agents[i].Lost)
	}
}

// Text hides values in a text.
func (m Mask) Text(text string) string { return m.text(text) }

// Error hides values in the text of an error, which still unwraps to its cause.
func (m Mask) Error(err error) error {
	if err == nil || m.text(err.Error()) == err.Error() {
		return err
	}
	return masked{m.text(err.Error()), err}
}

type masked struct {
	text  string
	cause error
}

func (m masked) Error() string { return m.text }
func (m masked) Unwrap() error { return m.cause }

// Writer hides values in what is written. It misses a value that is split between two writes.
func (m Mask) Writer(out io.Writer) io.Writer {
	if out == nil {
		return nil
	}
	return maskedWriter{m, out}
}

type maskedWriter struct {
	mask Mask
	out  io.Writer
}

func (w maskedWriter) Write(text []byte) (int, error) {
	_, err := io.WriteString(w.out, w.mask.text(string(text)))
	return len(text), err
}
