package setup

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/ombak-sim/ombak/loadgen"
	"github.com/ombak-sim/ombak/scenarios"
)

// requests maps the live half of every step.
func requests(s *scenarios.Scenario) ([]loadgen.Request, error) {
	mapped := make([]loadgen.Request, len(s.Journey))
	for i, step := range s.Journey {
		if step.Request == nil {
			return nil, Refuse("step %s of scenario %s has no request, so it cannot be replayed; add one, or simulate it", step.Name, s.Name)
		}
		request := step.Request
		mapped[i] = loadgen.Request{
			Target: request.Target, Method: request.Method, Path: request.Path, Headers: request.Headers,
			Text: request.Text, Multipart: request.Multipart, Extract: map[string]loadgen.Extract{},
			Completed: step.Expect.Completed, Declined: step.Expect.Declined, Rejected: step.Expect.Rejected, Pending: step.Expect.Pending,
			Silent: step.Leave == "silent",
		}
		if look := request.Look; look != nil {
			mapped[i].Look = &loadgen.Look{Method: cmp.Or(look.Method, "GET"), Path: look.Path}
		}
		for _, check := range step.Expect.Checks {
			mapped[i].Checks = append(mapped[i].Checks, loadgen.Check{Extract: loadgen.Extract(check.Extract), Equals: check.Equals, Contains: check.Contains})
		}
		for name, extract := range request.Extract {
			mapped[i].Extract[name] = loadgen.Extract(extract)
		}
		if request.JSON != nil {
			text, err := plainJSON(request.JSON)
			if err != nil {
				return nil, fmt.Errorf("step %s: json: %w", step.Name, err)
			}
			mapped[i].JSON = text
		}
	}
	return mapped, nil
}

// plainJSON writes a value without the escapes meant for HTML, which would break templates.
func plainJSON(value any) (string, error) {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return strings.TrimSpace(buffer.String()), err
}

// feeders maps the tables of all feeders.
func feeders(s *scenarios.Scenario) map[string]loadgen.Feeder {
	mapped := map[string]loadgen.Feeder{}
	for name, feeder := range s.Feeders {
		table := s.Table(name)
		mapped[name] = loadgen.Feeder{Columns: table.Columns, Rows: table.Rows, Random: feeder.Order == "random"}
	}
	return mapped
}

// files maps the files that people upload.
func files(s *scenarios.Scenario) map[string]loadgen.File {
	mapped := map[string]loadgen.File{}
	for name, file := range s.Files {
		mapped[name] = loadgen.File{Name: filepath.Base(file.File), Type: file.Type, Content: s.Upload(name)}
	}
	return mapped
}
