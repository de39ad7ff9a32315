//go:build linux

package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Names of the files that a validation writes into the data folder.
const (
	figuresFile = "validation.csv"
	modelFile   = "validation-model.yaml"
)

// markdown writes the summary of all loads together and of each.
func (v *validation) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\nMeasured on %s, on %s. Backend, mocks and generator ran on the same cores; %d "+
		"runs of each load, of %v. The knee of %s, the highest rate of sign-ups that held, was %s; %s did "+
		"not hold.\n", validationBegins, machine(), time.Now().UTC().Format("2006-01-02"), v.runs, v.length, v.scenario, rate(v.knee), rate(v.broke))
	b.WriteString("\n| target | bound | figures within it | |\n|---|---|---|---|\n")
	for _, goal := range v.goals() {
		b.WriteString(goal)
	}
	b.WriteString("\n| load | figures within their bound | warnings |\n|---|---|---|\n")
	for _, load := range v.found {
		near := 0
		for _, p := range load.findings.Figures {
			if p.Near {
				near++
			}
		}
		fmt.Fprintf(&b, "| %s | %d of %d | %s |\n", load.title, near, len(load.findings.Figures), strings.Join(load.findings.Warnings, "; "))
	}
	fmt.Fprintf(&b, "\n%s\n", validationEnds)
	return b.String()
}

// writeData writes every figure and the model into a folder.
func (v *validation) writeData(folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	model := "# The commands that led to this model:\n"
	for _, command := range v.played {
		model += "#   " + command + "\n"
	}
	if err := os.WriteFile(filepath.Join(folder, modelFile), []byte(model+v.model), 0o644); err != nil {
		return err
	}
	file, err := os.Create(filepath.Join(folder, figuresFile))
	if err != nil {
		return err
	}
	return errors.Join(csv.NewWriter(file).WriteAll(v.records()), file.Close())
}

// records returns the figures of all loads below a header, with times in seconds and errors as shares.
func (v *validation) records() [][]string {
	records := [][]string{{"load", "figure", "unit", "predicted", "measured", "least_measured", "greatest_measured", "error", "allowed", "near"}}
	number := func(value float64) string { return strconv.FormatFloat(value, 'g', 6, 64) }
	for _, load := range v.found {
		for _, p := range load.findings.Figures {
			records = append(records, []string{
				load.title, p.Figure, p.Unit, number(p.Predicted), number(p.Measured), number(p.Spread[0]), number(p.Spread[1]),
				number(p.Error), number(p.Allowed), strconv.FormatBool(p.Near),
			})
		}
	}
	return records
}

// goals returns a row for each kind of figure, with the number within the bound.
func (v *validation) goals() []string {
	always := func(unseen) bool { return true }
	held := func(u unseen) bool { return !u.beyond }
	light := func(u unseen) bool { return u.light }
	return []string{
		v.goal("saturation throughput", "10 %", "plateau.throughput", func(u unseen) bool { return u.beyond }),
		v.goal("throughput of each step", "10 %", ".throughput", held),
		v.goal("utilization", "5 points", ".utilization", held),
		v.goal("p50 below 85 % of the limit", "20 %", ".p50", light),
		v.goal("p99 below 85 % of the limit", "35 %", ".p99", light),
		v.goal("all figures of all loads", "as in the data", "", always),
	}
}

func (v *validation) goal(name, bound, suffix string, counts func(unseen) bool) string {
	var near, all int
	for _, load := range v.found {
		if !counts(load) {
			continue
		}
		for _, p := range load.findings.Figures {
			if !strings.HasSuffix(p.Figure, suffix) {
				continue
			}
			all++
			if p.Near {
				near++
			}
		}
	}
	mark := "reached"
	switch {
	case all == 0:
		mark = "not measured"
	case near < all:
		mark = "**not reached**"
	}
	return fmt.Sprintf("| %s | %s | %d of %d figures | %s |\n", name, bound, near, all, mark)
}
