package gate

import (
	"bytes"
	"encoding/json"
	"errors"
)

// parseStanding reads the order to change a policy.
func parseStanding(text []byte) (to Standing, err error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&to); err != nil {
		return to, err
	}
	if decoder.More() || to.At == "" || to.Policy.Name == "" {
		return to, errors.New("the order is incomplete, or more follows it")
	}
	return to, nil
}
