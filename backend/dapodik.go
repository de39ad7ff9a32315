package backend

import "context"

// dapodik is the registry of pupils.
type dapodik struct {
	*registry
	answers *answers[bool] // nil where none is kept
}

// active tells whether a person is a pupil or student now.
func (d dapodik) active(ctx context.Context, nik string) (bool, error) {
	return d.answers.get(ctx, func() (bool, error) { return d.look(ctx, nik) }, nik)
}

func (d dapodik) look(ctx context.Context, nik string) (bool, error) {
	var answer struct {
		Active *bool `json:"active"`
	}
	if err := d.get(ctx, &answer, "dapodik", "pupils", nik); err != nil {
		return false, err
	}
	if answer.Active == nil {
		return false, d.trouble("the answer does not say whether active", 0)
	}
	return *answer.Active, nil
}
