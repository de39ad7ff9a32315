package registry

import (
	"context"
	"strings"

	"github.com/ombak-sim/ombak/resilience"
)

// Question is a yes-or-no question about a person, identified by NIK, that a registry answers.
type Question struct {
	Registry string // the registry's name, which is a kind of dependency
	Path     string // below the registry's address; the NIK follows
	Field    string // field of the answer; true means yes
	Refuses  string // the reason why a yes prevents the person from joining; empty means social aid, a preference in the selection
}

// Questions lists the yes-or-no registries in the order in which they are queried. Add a registry here.
func Questions() []Question {
	return []Question{
		{Registry: "dapodik", Path: "dapodik/pupils", Field: "active", Refuses: "pupil"}, // whether a person is currently a pupil or student
		{Registry: "dtks", Path: "dtks/households", Field: "registered"},                 // whether the household receives social aid
	}
}

// Names returns the names of all registries, the population registry first.
func Names() []string {
	names := []string{DukcapilName}
	for _, question := range Questions() {
		names = append(names, question.Registry)
	}
	return names
}

// Registry is a registry that answers one question.
type Registry struct {
	*Client
	Question
	answers *answers[bool] // nil if answers are not cached
}

// New returns the client of a registry, or nil if no address is configured.
func New(question Question, config Config, observer Observer) (*Registry, error) {
	if config.URL == "" {
		return nil, nil
	}
	client, err := newClient(question.Registry, config, observer)
	if err != nil {
		return nil, err
	}
	return &Registry{client, question, newAnswers[bool](client.protection.cache)}, nil
}

// Change gives a policy in front of the calls other settings, or switches it off or on. It reports whether there is such a
// policy.
func (r *Registry) Change(to resilience.Config, on bool) bool {
	return changePolicy(r.Client, r.answers, to, on)
}

// Ask asks the registry's question about a person.
func (r *Registry) Ask(ctx context.Context, nik string) (yes bool, err error) {
	return r.answers.get(ctx, func() (bool, error) { return r.look(ctx, nik) }, nik)
}

func (r *Registry) look(ctx context.Context, nik string) (bool, error) {
	var answer map[string]any
	if err := r.get(ctx, &answer, append(strings.Split(r.Path, "/"), nik)...); err != nil {
		return false, err
	}
	yes, said := answer[r.Field].(bool)
	if !said {
		return false, r.callFailed("the answer lacks the field "+r.Field, 0)
	}
	return yes, nil
}
