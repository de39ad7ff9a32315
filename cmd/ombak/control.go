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

// controlFlags say which running mocks are meant.
func controlFlags(more ...cli.Flag) []cli.Flag {
	return append(more,
		&cli.StringFlag{Name: "url", Usage: "control the mocks at `URL`, which ombak serve mocks prints", EnvVars: twin("url")},
		&cli.StringFlag{Name: "token", Usage: "the `TOKEN` for the URL", EnvVars: twin("token")},
		&cli.StringFlag{Name: "out", Usage: "control the drill that writes to `DIR`; by default the latest in ombak-out", EnvVars: twin("out")},
		&cli.BoolFlag{Name: "json", Usage: "print JSON", EnvVars: twin("json")},
	)
}

// findControl finds the mocks that the flags mean.
func findControl(c *cli.Context) (drill.Control, error) {
	address, token, folder := c.String("url"), c.String("token"), c.String("out")
	switch {
	case (address == "") != (token == ""):
		return drill.Control{}, usageError{errors.New("--url and --token go together; ombak serve mocks prints both")}
	case address != "":
		if parsed, err := url.Parse(address); err != nil || parsed.Scheme != "http" || parsed.Host == "" {
			return drill.Control{}, usageError{fmt.Errorf("--url %q is no URL; write for example http://127.0.0.1:9000", address)}
		}
		return drill.Control{URL: address, Token: token}, nil
	case folder != "":
		return drill.ReadControl(folder)
	}
	return drill.LatestControl("ombak-out")
}

// ask sends one question to the mocks and reads the answer into result, unless that is nil.
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
		return fmt.Errorf("the mocks do not answer: %w; does the drill still run?", err)
	}
	defer func() { _ = response.Body.Close() }() // it has been read
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return fmt.Errorf("the mocks' answer broke off: %w", err)
	}
	if response.StatusCode >= 300 {
		return refusedBy(response.StatusCode, text)
	}
	if result == nil {
		return nil
	}
	return json.Unmarshal(text, result)
}

// refusedBy turns what the mocks say into an error: what the user got wrong is a usage error.
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
