package backend

import "context"

// dtks is the registry of households that get social aid.
type dtks struct {
	*registry
	answers *answers[bool] // nil where none is kept
}

// registered tells whether a person's household gets social aid.
func (d dtks) registered(ctx context.Context, nik string) (bool, error) {
	return d.answers.get(ctx, func() (bool, error) { return d.look(ctx, nik) }, nik)
}

func (d dtks) look(ctx context.Context, nik string) (bool, error) {
	var answer struct {
		Registered *bool `json:"registered"`
	}
	if err := d.get(ctx, &answer, "dtks", "households", nik); err != nil {
		return false, err
	}
	if answer.Registered == nil {
		return false, d.trouble("the answer does not say whether registered", 0)
	}
	return *answer.Registered, nil
}
