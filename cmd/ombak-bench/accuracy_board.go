//go:build linux

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
)

// boardSchema names the format of accuracy.json.
const boardSchema = "ombak.accuracy/v1"

// accuracyBoard is accuracy.json: what was predicted of each service, and what was measured.
type accuracyBoard struct {
	Schema   string            `json:"schema"`
	Services []accuracyService `json:"services"`
	Rows     []accuracyRow     `json:"rows"`
}

// accuracyService says how a service was measured. Services may be measured apart, on other days.
type accuracyService struct {
	Name     string    `json:"name"`
	Version  string    `json:"version,omitempty"`
	Skipped  string    `json:"skipped,omitempty"` // why it was not measured
	Measured string    `json:"measured,omitempty"`
	Machine  string    `json:"machine,omitempty"`
	ForS     float64   `json:"for_s,omitempty"` // seconds for which each rate was offered, after the ramp
	Runs     int       `json:"runs,omitempty"`
	KneePerS []float64 `json:"knee_per_s,omitempty"` // the highest rate of visits that held, in each search
	Commands []string  `json:"commands,omitempty"`
	Warnings []string  `json:"warnings,omitempty"` // of the fit

	Conditions []accuracyCondition `json:"conditions,omitempty"`
}

// accuracyCondition is what the machine was like while a case was measured, on average over its runs. The model knows
// nothing of it.
type accuracyCondition struct {
	Case        string  `json:"case"`
	CPUShare    float64 `json:"cpu_share"`    // CPU in use by all processes, over that of all cores
	OthersCores float64 `json:"others_cores"` // used by programs outside the run, a gate among them
	LagP99S     float64 `json:"lag_p99_s"`    // by which the generator sent too late
}

// accuracyRow is one figure of a step, predicted and measured under one load.
type accuracyRow struct {
	Service   string  `json:"service"`
	Version   string  `json:"version"`
	Step      string  `json:"step"` // or a process, for utilization; all means all steps together
	Band      string  `json:"band"`
	Figure    string  `json:"figure"`
	Predicted float64 `json:"predicted"`
	Measured  float64 `json:"measured"` // the mean of the runs
	Noise     float64 `json:"noise"`    // the error of one run predicted by the others, on average
	Runs      int     `json:"runs"`
	HeldOut   string  `json:"heldout"` // what the fit had not seen
}

// readBoard reads accuracy.json. A file that does not exist is an empty board.
func readBoard(file string) (accuracyBoard, error) {
	board := accuracyBoard{Schema: boardSchema}
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) || file == "" {
		return board, nil
	}
	if err != nil {
		return board, err
	}
	if err := json.Unmarshal(text, &board); err != nil || board.Schema != boardSchema {
		return board, fmt.Errorf("%s is no board of accuracy (%v); name another file with -data", file, err)
	}
	return board, nil
}

func (b accuracyBoard) write(file string) error {
	text, err := json.MarshalIndent(b, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o644)
}

// put replaces what the board says of a service, and leaves the others. A service that was skipped keeps what was measured
// before.
func (b *accuracyBoard) put(service accuracyService, rows []accuracyRow) {
	at := slices.IndexFunc(b.Services, func(s accuracyService) bool { return s.Name == service.Name })
	switch {
	case at < 0:
		b.Services = append(b.Services, service)
	case service.Skipped != "":
		return
	default:
		b.Services[at] = service
	}
	b.Rows = slices.DeleteFunc(b.Rows, func(r accuracyRow) bool { return r.Service == service.Name })
	b.Rows = append(b.Rows, rows...)
	slices.SortStableFunc(b.Services, func(a, c accuracyService) int { return strings.Compare(a.Name, c.Name) })
	slices.SortStableFunc(b.Rows, func(a, c accuracyRow) int { return strings.Compare(a.Service, c.Service) })
}
