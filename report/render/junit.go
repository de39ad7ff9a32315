package render

import (
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report"
)

// The elements of JUnit's XML as Jenkins, GitHub and GitLab read them.
type (
	junitSuites struct {
		XMLName xml.Name     `xml:"testsuites"`
		Suites  []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name       string          `xml:"name,attr"`
		Tests      int             `xml:"tests,attr"`
		Failures   int             `xml:"failures,attr"`
		Errors     int             `xml:"errors,attr"`
		Skipped    int             `xml:"skipped,attr"`
		Time       string          `xml:"time,attr"`
		Timestamp  string          `xml:"timestamp,attr,omitempty"`
		Properties []junitProperty `xml:"properties>property"`
		Cases      []junitCase     `xml:"testcase"`
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitCase struct {
		ClassName string      `xml:"classname,attr"`
		Name      string      `xml:"name,attr"`
		Time      string      `xml:"time,attr"`
		Skipped   *junitFault `xml:"skipped"`
		Error     *junitFault `xml:"error"`
		Failure   *junitFault `xml:"failure"`
	}
	junitFault struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr,omitempty"`
		Text    string `xml:",chardata"`
	}
)

// JUnit writes junit.xml, with a case for every threshold and one for the run itself. A broken threshold
// fails. A threshold that only warns, or that had too little data, is skipped with its reason: it is visible
// but stops nothing. The exit code remains the gate: an inconclusive run ends with 3. For an invalid run, the
// run's case is an error and no threshold is judged.
func JUnit(w io.Writer, r report.Report) error {
	suite := junitSuite{
		Name: "ombak " + r.Scenario.Name, Time: strconv.FormatFloat(r.DurationS, 'f', 3, 64),
		Properties: junitProperties(r),
	}
	if r.Started != nil {
		suite.Timestamp = r.Started.UTC().Format(time.RFC3339)
	}
	suite.add(validityCase(r))
	for _, threshold := range r.Thresholds {
		suite.add(thresholdCase(threshold, r))
	}
	text, err := xml.MarshalIndent(junitSuites{Suites: []junitSuite{suite}}, "", "  ")
	if err != nil {
		return fmt.Errorf("writing junit.xml: %w", err)
	}
	if _, err := io.WriteString(w, xml.Header+string(text)+"\n"); err != nil {
		return fmt.Errorf("writing junit.xml: %w", err)
	}
	return nil
}

func junitProperties(r report.Report) []junitProperty {
	return []junitProperty{
		{"verdict", string(r.Verdict)},
		{"engine", string(r.Engine)},
		{"plan", r.Plan},
		{"seed", strconv.FormatUint(r.Scenario.Seed, 10)},
		{"scenario.sha256", r.Scenario.SHA256},
		{"ombak.version", r.Ombak.Version},
	}
}

func (s *junitSuite) add(c junitCase) {
	s.Tests++
	switch {
	case c.Failure != nil:
		s.Failures++
	case c.Error != nil:
		s.Errors++
	case c.Skipped != nil:
		s.Skipped++
	}
	s.Cases = append(s.Cases, c)
}

// validityCase returns the case of the run itself. It fails unless the load was offered as scheduled.
func validityCase(r report.Report) junitCase {
	c := junitCase{ClassName: "ombak." + r.Scenario.Name, Name: "the run is valid", Time: "0"}
	if r.Verdict == report.Invalid {
		c.Error = &junitFault{Message: "the run is invalid: no verdict is given", Type: string(report.Invalid)}
		for _, reason := range r.Invalid {
			c.Error.Text += reason + "\n"
		}
	}
	return c
}

func thresholdCase(j report.Judgement, r report.Report) junitCase {
	c := junitCase{ClassName: "ombak." + r.Scenario.Name, Name: j.Source, Time: "0"}
	switch {
	case r.Verdict == report.Invalid:
		c.Skipped = &junitFault{Message: "not judged: the run is invalid"}
	case j.Verdict == report.Pass:
	case j.Severity == funnel.Warn:
		c.Skipped = &junitFault{Message: "warning only: " + j.Reason}
	case j.Verdict == report.Inconclusive:
		c.Skipped = &junitFault{Message: "inconclusive: " + j.Reason}
	default:
		c.Failure = &junitFault{Message: j.Reason, Type: "threshold", Text: j.Source + ": " + j.Reason}
	}
	return c
}
