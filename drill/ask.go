package drill

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// Refusal is the answer of who did not do what was asked.
type Refusal struct {
	Status int // of HTTP
	Text   string
}

func (r Refusal) Error() string { return r.Text }

// Ask sends one request and decodes the answer into result, unless that is nil. It waits no longer than the patience. The
// error is a [Refusal] if there is an answer that is one.
func (c Control) Ask(ctx context.Context, client *http.Client, patience time.Duration, method, path string, question, result any) error {
	body, err := json.Marshal(question)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, c.URL+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+c.Token)
	request.Header.Set("Content-Type", "application/json")
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }() // the body has been read
	text, err := io.ReadAll(response.Body)
	switch {
	case err != nil:
		return err
	case response.StatusCode >= http.StatusMultipleChoices:
		return refusalOf(response.StatusCode, text)
	case result == nil:
		return nil
	}
	return json.Unmarshal(text, result)
}

func refusalOf(status int, text []byte) Refusal {
	var said struct{ Error string }
	if json.Unmarshal(text, &said) != nil || said.Error == "" {
		said.Error = fmt.Sprintf("the answer has the status %d and no reason", status)
	}
	return Refusal{status, said.Error}
}
