package main

import (
	"context"
	"errors"
	"fmt"
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

// askPatience is how long a command waits for an answer.
const askPatience = 10 * time.Second

// ask sends one request to the mocks and decodes the answer into result, unless that is nil.
func ask(ctx context.Context, control drill.Control, method, path string, question, result any) error {
	err := control.Ask(ctx, http.DefaultClient, askPatience, method, path, question, result)
	return unanswered(err, "the mocks do not answer: %w; check that the drill still runs")
}

// unanswered words an error of asking: a refusal as it is, any other by a format. A mistake of the user is a usage error.
func unanswered(err error, format string) error {
	var refusal drill.Refusal
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &refusal):
		return fmt.Errorf(format, err)
	}
	switch refusal.Status {
	case http.StatusUnprocessableEntity, http.StatusNotFound, http.StatusBadRequest:
		return usageError{refusal}
	}
	return refusal
}
