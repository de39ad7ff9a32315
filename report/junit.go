package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
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

// WriteJUnit writes junit.xml: a case for every threshold, and one for the run itself. A threshold
// that broke fails; one that only warns, or that had too little data, is skipped with its reason,
// so that it is seen and stops nothing by itself. The exit code stays the gate: an inconclusive run
// ends with 3. Of an invalid run the case of the run is an error and no threshold is judged.
func WriteJUnit(w io.Writer, report Report) error {
	suite := junitSuite{
		Name: "ombak " + report.Scenario.Name, Time: strconv.FormatFloat(report.DurationS, 'f', 3, 64),
		Properties: junitProperties(report),
	}
	if report.Started != nil {
		suite.Timestamp = report.Started.UTC().Format(time.RFC3339)
	}
	suite.add(validityCase(report))
	for _, threshold := range report.Thresholds {
		suite.add(threshold.junit(report))
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

func junitProperties(report Report) []junitProperty {
	return []junitProperty{
		{"verdict", string(report.Verdict)},
		{"engine", string(report.Engine)},
		{"plan", report.Plan},
		{"seed", strconv.FormatUint(report.Scenario.Seed, 10)},
		{"scenario.sha256", report.Scenario.SHA256},
		{"ombak.version", report.Ombak.Version},
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

// validityCase says whether the load was offered as it should have been.
func validityCase(report Report) junitCase {
	c := junitCase{ClassName: "ombak." + report.Scenario.Name, Name: "the run is valid", Time: "0"}
	if report.Verdict == Invalid {
		c.Error = &junitFault{Message: "the run is invalid: no verdict is given", Type: string(Invalid)}
		for _, reason := range report.Invalid {
			c.Error.Text += reason + "\n"
		}
	}
	return c
}

func (j Judgement) junit(report Report) junitCase {
	c := junitCase{ClassName: "ombak." + report.Scenario.Name, Name: j.Source, Time: "0"}
	switch {
	case report.Verdict == Invalid:
		c.Skipped = &junitFault{Message: "not judged: the run is invalid"}
	case j.Verdict == Pass:
	case j.Severity == funnel.Warn:
		c.Skipped = &junitFault{Message: "warning only: " + j.Reason}
	case j.Verdict == Inconclusive:
		c.Skipped = &junitFault{Message: "inconclusive: " + j.Reason}
	default:
		c.Failure = &junitFault{Message: j.Reason, Type: "threshold", Text: j.Source + ": " + j.Reason}
	}
	return c
}
