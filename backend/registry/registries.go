package registry

import (
	"context"
	"strings"
)

// Question is what a registry answers with yes or no about a person, by NIK.
type Question struct {
	Registry string // its name, which is a kind of dependency
	Path     string // below the registry's address; the NIK follows
	Field    string // of the answer: true is a yes
	Refuses  string // for which reason a yes keeps the person from joining; empty means that it is social aid, a preference for later
}

// Questions lists the registries that say yes or no, in the order in which they are asked. A new one is an entry
// here.
func Questions() []Question {
	return []Question{
		{Registry: "dapodik", Path: "dapodik/pupils", Field: "active", Refuses: "pupil"}, // whether a person is a pupil or student now
		{Registry: "dtks", Path: "dtks/households", Field: "registered"},                 // whether the household gets social aid
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

// Registry answers one question.
type Registry struct {
	*Client
	Question
	answers *answers[bool] // nil where none is kept
}

// New returns the client of a registry, or nil where it has no address.
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

// Ask asks about a person.
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
		return false, r.trouble("the answer does not say whether "+r.Field, 0)
	}
	return yes, nil
}
