package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ombak-sim/ombak/drill"
)

// controlFlags returns the flags that select the running mocks.
func controlFlags(more ...cli.Flag) []cli.Flag {
	return append(more,
		&cli.StringFlag{Name: "url", Usage: "control the mocks at `URL`, which ombak serve mocks prints", EnvVars: envVar("url")},
		&cli.StringFlag{Name: "token", Usage: "the `TOKEN` for the URL", EnvVars: envVar("token")},
		&cli.StringFlag{Name: "out", Usage: "control the drill that writes to `DIR`; by default the latest in ombak-out", EnvVars: envVar("out")},
		&cli.BoolFlag{Name: "json", Usage: "print JSON", EnvVars: envVar("json")},
	)
}

// findControl finds the mocks that the flags select.
func findControl(c *cli.Context) (drill.Control, error) {
	address, token, folder := c.String("url"), c.String("token"), c.String("out")
	switch {
	case (address == "") != (token == ""):
		return drill.Control{}, usageError{errors.New("--url and --token go together; ombak serve mocks " +
			"prints both")}
	case address != "":
		if parsed, err := url.Parse(address); err != nil || parsed.Scheme != "http" || parsed.Host == "" {
			return drill.Control{}, usageError{fmt.Errorf("--url is %q; give a URL, for example "+
				"http://127.0.0.1:9000", address)}
		}
		return drill.Control{URL: address, Token: token}, nil
	case folder != "":
		return drill.ReadControl(folder)
	}
	return drill.LatestControl("ombak-out")
}

// ask sends one request to the mocks and decodes the answer into result, unless that is nil.
func ask(ctx context.Context, control drill.Control, method, path string, question, result any) error {
	body, err := json.Marshal(question)
	if err != nil {
		return err
	}
	const patience = 10 * time.Second
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, control.URL+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+control.Token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("the mocks do not answer: %w; check that the drill still runs", err)
	}
	defer func() { _ = response.Body.Close() }() // the body has been read
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return fmt.Errorf("cannot read the mocks' answer: %w", err)
	}
	if response.StatusCode >= 300 {
		return refusedBy(response.StatusCode, text)
	}
	if result == nil {
		return nil
	}
	return json.Unmarshal(text, result)
}

// refusedBy turns the mocks' answer into an error. A mistake of the user is a usage error.
func refusedBy(status int, text []byte) error {
	var said struct{ Error string }
	if json.Unmarshal(text, &said) != nil || said.Error == "" {
		said.Error = fmt.Sprintf("the mocks answered with status %d", status)
	}
	switch status {
	case http.StatusUnprocessableEntity, http.StatusNotFound, http.StatusBadRequest:
		return usageError{errors.New(said.Error)}
	}
	return errors.New(said.Error)
}
