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
		var err error
		if mapped[i], err = request(step.Request, step.Expect); err != nil {
			return nil, fmt.Errorf("step %s: %w", step.Name, err)
		}
		mapped[i].Silent = step.Leave == "silent"
	}
	return mapped, nil
}

// request maps a request and what its answers mean.
func request(r *scenarios.Request, expect scenarios.Expect) (loadgen.Request, error) {
	mapped := loadgen.Request{
		Target: r.Target, Method: r.Method, Path: r.Path, Headers: r.Headers,
		Text: r.Text, Multipart: r.Multipart, Extract: map[string]loadgen.Extract{},
		Completed: statuses(expect.Completed), Declined: statuses(expect.Declined), Rejected: statuses(expect.Rejected), Pending: statuses(expect.Pending), Redirects: r.Redirects, Trace: r.Trace,
	}
	if r.Look != nil {
		mapped.Look = &loadgen.Look{Method: cmp.Or(r.Look.Method, "GET"), Path: r.Look.Path}
	}
	for _, check := range expect.Checks {
		mapped.Checks = append(mapped.Checks, loadgen.Check{Extract: loadgen.Extract(check.Extract), Equals: check.Equals, Contains: check.Contains})
	}
	for name, extract := range r.Extract {
		mapped.Extract[name] = loadgen.Extract(extract)
	}
	if r.JSON != nil {
		text, err := plainJSON(r.JSON)
		if err != nil {
			return mapped, fmt.Errorf("json: %w", err)
		}
		mapped.JSON = text
	}
	var err error
	if mapped.GRPC, err = grpcCall(r.GRPC); err == nil {
		mapped.WebSocket, err = webSocket(r.WebSocket)
	}
	return mapped, err
}

// webSocket maps an action on a WebSocket.
func webSocket(w *scenarios.WebSocket) (*loadgen.WebSocket, error) {
	if w == nil {
		return nil, nil
	}
	mapped := &loadgen.WebSocket{Connect: w.Connect, Hold: w.Hold, Close: w.Close}
	if w.Await != nil {
		mapped.Await = &loadgen.Check{Extract: loadgen.Extract(w.Await.Extract), Equals: w.Await.Equals, Contains: w.Await.Contains}
	}
	switch send := w.Send.(type) {
	case nil:
	case string:
		mapped.Send = send
	default:
		text, err := plainJSON(send)
		if err != nil {
			return nil, fmt.Errorf("websocket: send: %w", err)
		}
		mapped.Send, mapped.JSON = text, true
	}
	return mapped, nil
}

func statuses(of []scenarios.Status) []int {
	var mapped []int
	for _, status := range of {
		mapped = append(mapped, int(status))
	}
	return mapped
}

// grpcCall maps a gRPC call.
func grpcCall(g *scenarios.GRPC) (*loadgen.GRPC, error) {
	if g == nil {
		return nil, nil
	}
	mapped := &loadgen.GRPC{Method: g.Method}
	mapped.Protos, mapped.Descriptor = g.Description()
	messages := g.Messages
	if g.Message != nil {
		messages = []any{g.Message}
	}
	for _, message := range messages {
		text, err := plainJSON(message)
		if err != nil {
			return nil, fmt.Errorf("grpc: message: %w", err)
		}
		mapped.Messages = append(mapped.Messages, text)
	}
	return mapped, nil
}

// onceOnly maps the requests that are sent once.
func onceOnly(steps []scenarios.Once) ([]loadgen.Once, error) {
	var mapped []loadgen.Once
	for _, step := range steps {
		request, err := request(step.Request, step.Expect)
		if err != nil {
			return nil, fmt.Errorf("step %s: %w", step.Name, err)
		}
		mapped = append(mapped, loadgen.Once{
			Name: step.Name, Request: request, Timeout: step.Timeout, Attempts: step.Attempts, Pause: step.Pause, Every: step.Every, Patience: step.Patience,
		})
	}
	return mapped, nil
}

// outside enters the requests before and after the run. Only the first part sends them. The others take the values that
// requests before the run extract from variables of the same names.
func (l *Live) outside(config *loadgen.Config) (err error) {
	if l.Options.Part == 0 {
		if config.Before, err = onceOnly(l.Scenario.Before); err != nil {
			return err
		}
		config.After, err = onceOnly(l.Scenario.After)
		return err
	}
	config.RunValues = map[string]string{}
	for _, step := range l.Scenario.Before {
		for name := range step.Request.Extract {
			value, given := l.Options.Vars[name]
			if !given {
				return Refuse("part %d of %d does not send the requests of before, so ${run.%s} has no value; give it as --var %s=VALUE",
					l.Options.Part+1, l.Options.Parts, name, name)
			}
			config.RunValues[name] = value
		}
	}
	return nil
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
