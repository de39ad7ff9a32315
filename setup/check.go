package setup

import (
	"errors"
	"fmt"

	"github.com/ombak-sim/ombak/loadgen"
	"github.com/ombak-sim/ombak/report/threshold"
	"github.com/ombak-sim/ombak/scenarios"
)

// Check returns the faults of a scenario that its file's own rules cannot find: names that other parts define
// (traits, steps in thresholds), texts that cannot be rendered, and plans that cannot be set up. A fault that
// the scenario has without a plan is reported once, not again for each plan.
func Check(scenario *scenarios.Scenario) error {
	own := checkPlan(scenario, "")
	faults := []error{located(scenario, own)}
	for i, plan := range scenario.Plans {
		if fault := checkPlan(scenario, plan.Name); fault != nil && (own == nil || fault.Error() != own.Error()) {
			faults = append(faults, scenario.At(fmt.Sprintf("plans[%d]", i), fmt.Errorf("plan %s: %w", plan.Name, fault)))
		}
	}
	return errors.Join(faults...)
}

func checkPlan(scenario *scenarios.Scenario, plan string) error {
	p, err := newPlanned(scenario, Options{Plan: plan})
	if err == nil {
		_, err = p.shares()
	}
	if err == nil {
		_, err = p.typoTraits()
	}
	if err == nil {
		err = p.checkConditions()
	}
	if err == nil {
		err = p.checkTexts()
	}
	return err
}

// located adds file, line and column to a fault if they are known.
func located(scenario *scenarios.Scenario, fault error) error {
	var step loadgen.StepFault
	var once loadgen.OnceFault
	var judged threshold.Fault
	var condition conditionFault
	var published publishedFault
	switch {
	case errors.As(fault, &published):
		return scenario.At(published.path, fault)
	case errors.As(fault, &once):
		return scenario.At(fmt.Sprintf("%s[%d].request", once.When, once.Place), fault)
	case errors.As(fault, &condition):
		return scenario.At(condition.path, fault)
	case errors.As(fault, &step):
		return scenario.At(scenario.StepPath(step.Step)+".request", fault)
	case errors.As(fault, &judged):
		return scenario.At(fmt.Sprintf("thresholds[%d]", judged.Place), judged.Err)
	}
	return fault
}

// checkTexts returns why the text of a request cannot be rendered, even if every variable has a value.
func (p *Planned) checkTexts() error {
	config := loadgen.Config{Vars: p.vars(), Feeders: feeders(p.Scenario), Files: files(p.Scenario), Journey: p.journeyConfig()}
	for name := range p.Scenario.Vars {
		config.Vars[name] = "x"
	}
	for _, step := range p.Scenario.Journey {
		if step.Request == nil {
			return nil // it can only be simulated
		}
	}
	var err error
	if config.Requests, err = requests(p.Scenario); err != nil {
		return err
	}
	if config.Before, err = onceOnly(p.Scenario.Before); err != nil {
		return err
	}
	if config.After, err = onceOnly(p.Scenario.After); err != nil {
		return err
	}
	if err := config.Check(); err != nil {
		return Refused(err)
	}
	return nil
}
