package simulation

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/threshold"
	"github.com/ombak-sim/ombak/setup"
	"github.com/ombak-sim/ombak/sim"
)

// Job is one replication of a model that is to be played.
type Job struct {
	number int
	into   *Series
	crowd  *crowd                    // nil if no other job has the same people
	keep   func(result []byte) error // nil if the result is kept nowhere else
}

// Order is a job as another machine plays it. The model, whose text is in [Job.Text], is named by its SHA-256.
type Order struct {
	Model      string       `json:"model"`
	Number     int          `json:"number"`
	Antithetic bool         `json:"antithetic,omitempty"`
	Brief      bool         `json:"brief,omitempty"`
	Lean       bool         `json:"lean,omitempty"`
	Build      report.Build `json:"build"`
	Arch       string       `json:"arch"` // arm64 fuses multiplications and additions, so its results differ in the last bits
}

// Key returns the name of the order's result: a SHA-256 of everything that the result depends on.
func (o Order) Key() (string, error) {
	text, err := json.Marshal(o)
	return keyOf(text), err
}

// Check returns an error unless this program can play the order as the program that gave it.
func (o Order) Check() error {
	switch {
	case o.Arch != runtime.GOARCH:
		return fmt.Errorf("this program is for %s, and the study for %s, whose results differ in the last bits", runtime.GOARCH, o.Arch)
	case o.Number < 0 || o.Number >= maxReplications:
		return fmt.Errorf("there is no replication %d", o.Number)
	}
	return nil
}

func keyOf(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// packed is a model as a text.
type packed struct {
	key  string
	text []byte
}

// pack returns the text of the model. One goroutine at a time may call it.
func (s *Series) pack() (*packed, error) {
	if s.packed == nil {
		recipe, err := s.Model.Recipe()
		if err != nil {
			return nil, err
		}
		text, err := exactly(recipe)
		if err != nil {
			return nil, fmt.Errorf("the model: %w", err)
		}
		s.packed = &packed{keyOf(text), text}
	}
	return s.packed, nil
}

// Order returns the job as another machine plays it. Of replications but 0, nothing is left out or kept by the settings.
func (j *Job) Order(settings Settings) (Order, error) {
	model, err := j.into.pack()
	if err != nil {
		return Order{}, err
	}
	return Order{
		Model: model.key, Number: j.number, Antithetic: settings.Antithetic, Brief: settings.Brief && j.number == 0, Lean: settings.Lean && j.number == 0,
		Build: settings.Build, Arch: runtime.GOARCH,
	}, nil
}

// Text returns the model of an order, for [Prepare].
func (j *Job) Text() []byte { return j.into.packed.text }

// Number returns the number of the replication.
func (j *Job) Number() int { return j.number }

// Plan returns the name of the plan.
func (j *Job) Plan() string { return j.into.Model.Scenario.Plan() }

// Until returns the simulated time of the replication.
func (j *Job) Until() time.Duration { return j.into.Model.Config.Until }

// outcome is a result as it is sent and kept. It holds nothing that differs between machines.
type outcome struct {
	Report   report.Report
	Findings []threshold.Finding // of the model's conditions
	Figures  Replication
	Ended    string
}

// pack returns the result of a replication as bytes.
func (p played) pack() ([]byte, error) {
	o := outcome{Report: p.report, Figures: p.figures, Ended: p.ended}
	o.Figures.Elapsed = 0
	for _, condition := range p.conditions {
		o.Findings = append(o.Findings, condition.Finding())
	}
	text, err := exactly(o)
	if err != nil {
		return nil, fmt.Errorf("the result: %w", err)
	}
	return text, nil
}

// unpack reads the result of a replication of a model.
func unpack(result []byte, model *setup.Model) (played, error) {
	var o outcome
	if err := readExactly(result, &o); err != nil {
		return played{}, err
	}
	if len(o.Findings) != len(model.Conditions) {
		return played{}, fmt.Errorf("it judges %d thresholds of %d", len(o.Findings), len(model.Conditions))
	}
	p := played{report: o.Report, figures: o.Figures, ended: o.Ended}
	p.report.Scenario = scenarioOf(model) // with its time zone
	for i, condition := range model.Conditions {
		p.conditions = append(p.conditions, condition.Found(o.Findings[i]))
	}
	return p, nil
}

// Settle stores a result, which another machine has played or which was kept. Several goroutines may settle several jobs.
func (j *Job) Settle(result []byte) error {
	played, err := unpack(result, j.into.Model)
	if err != nil {
		return fmt.Errorf("the result of replication %d of plan %s cannot be read: %w", j.number, j.Plan(), err)
	}
	j.into.put(j.number, played)
	if j.keep != nil {
		return j.keep(result)
	}
	return nil
}

// Prepared is a model that plays orders.
type Prepared struct {
	model   *setup.Model
	players sync.Pool
}

// Prepare makes the model of a text. It reads no file and starts nothing.
func Prepare(text []byte) (p *Prepared, err error) {
	defer caught(&err)
	var recipe setup.Recipe
	if err := readExactly(text, &recipe); err != nil {
		return nil, fmt.Errorf("the model cannot be read: %w", err)
	}
	model, err := recipe.Make()
	if err != nil {
		return nil, err
	}
	return &Prepared{model: model}, nil
}

// Play plays an order of the model and returns its result. It calls passed as simulated time passes, on one goroutine.
func (p *Prepared) Play(ctx context.Context, o Order, passed func(by time.Duration)) (result []byte, err error) {
	defer caught(&err)
	if err := o.Check(); err != nil {
		return nil, err
	}
	settings := Settings{Antithetic: o.Antithetic, Brief: o.Brief, Lean: o.Lean, Build: o.Build, Passed: passed}
	player, is := p.players.Get().(*sim.Player)
	if !is {
		player = &sim.Player{}
	}
	outcome, err := replicate(ctx, p.model, player, settings.replication(p.model.Config, o.Number), o.Number, settings)
	if err != nil {
		return nil, err
	}
	p.players.Put(player)
	return outcome.pack()
}

// caught turns a panic on a hostile model into an error.
func caught(err *error) {
	if cause := recover(); cause != nil {
		*err = errors.Join(*err, fmt.Errorf("the model cannot be played: %v", cause))
	}
}
