package simulation

import (
	"context"
	"errors"
	"reflect"
	"testing"
)

// A prediction can rest before each row, which changes nothing, and be given up there.
func TestPredictionsRest(t *testing.T) {
	model := modelOf(t, smoke(t))
	rests := 0
	made, err := Predict(t.Context(), model, nil, 2, func(context.Context) error { rests++; return nil })
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for _, ranges := range made.Figures {
		rows = max(rows, len(ranges.Mid))
	}
	if rests < 2*rows-2 || rows == 0 {
		t.Errorf("%d rests in two replications of %d rows", rests, rows)
	}
	if plain, err := Predict(t.Context(), model, nil, 2, nil); err != nil || !reflect.DeepEqual(plain, made) {
		t.Errorf("rests change the prediction (%v)", err)
	}
	tired := errors.New("tired")
	if _, err := Predict(t.Context(), model, nil, 2, func(context.Context) error { return tired }); !errors.Is(err, tired) {
		t.Errorf("the prediction goes on: %v", err)
	}
}
