package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ombak-sim/ombak/drill"
	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/live"
	"github.com/ombak-sim/ombak/units"
)

func controlCommand(s streams) *cli.Command {
	length := func() cli.Flag {
		return &cli.DurationFlag{Name: "for", Usage: "undo it after this scenario `TIME`", EnvVars: envVar("for")}
	}
	on := func() cli.Flag {
		return &cli.StringFlag{Name: "on", Usage: "do it to the dependency `NAME`; by default to all that it applies to", EnvVars: envVar("on")}
	}
	act := func(name, usage, arguments string, read func(c *cli.Context) (map[string]any, error), flags ...cli.Flag) *cli.Command {
		return &cli.Command{Name: name, Usage: usage, ArgsUsage: arguments, Flags: actFlags(flags...), Action: func(c *cli.Context) error {
			order, err := read(c)
			if err != nil {
				return err
			}
			return act(c, s, name, order)
		}}
	}
	return &cli.Command{
		Name:  "control",
		Usage: "act on a run that is watched with --live",
		Subcommands: []*cli.Command{
			{Name: "list", Usage: "list what can be done to the run", Flags: actFlags(), Action: func(c *cli.Context) error { return listOffers(c, s) }},
			act("fault", "start a fault that ends by itself", "FAULT", readFault, on(), length(),
				&cli.StringSliceFlag{Name: "with", Usage: "set a parameter of the fault, as `NAME=VALUE`, for example delay=2s", EnvVars: envVar("with")}),
			act("end-fault", "end faults that were started by hand", "[FAULT]", readEndFault, on()),
			act("arrivals", "multiply the people who come from now on", "FACTOR", readFactor, length()),
			act("hold", "let nobody new come", "", readNothing, length()),
			act("resume", "let people come again", "", readNothing),
			act("set", "change servers, service, queue, deadline, rate or quota of a part, or settings of a policy", "PART|PLACE NAME=VALUE…", readPartSettings),
			act("note", "write a note on the timeline", "TEXT", readNote),
			act("stop", "end the run with a report", "", readNothing),
			clockCommand(s),
			{Name: "close", Usage: "close the page of a run that has ended", Flags: actFlags(), Action: closeRoom},
		},
	}
}

func outFlag() cli.Flag {
	return &cli.StringFlag{Name: "out", Usage: "act on the run that writes to `DIR`; by default the latest in ombak-out", EnvVars: envVar("out")}
}

func actFlags(more ...cli.Flag) []cli.Flag {
	return append(more,
		outFlag(),
		&cli.StringFlag{Name: "by", Usage: "your `NAME`, for the timeline", EnvVars: envVar("by")},
		&cli.StringFlag{Name: "id", Usage: "do the action with this `ID` once, however often it is sent; by default a random one", EnvVars: envVar("id")},
		&cli.BoolFlag{Name: "preview", Usage: "say what it would do, and do nothing", EnvVars: envVar("preview")},
		&cli.BoolFlag{Name: "json", Usage: "print JSON", EnvVars: envVar("json")},
	)
}

func readFault(c *cli.Context) (map[string]any, error) {
	name, err := oneArgument(c, "fault to start (ombak control list shows them)")
	if err != nil {
		return nil, err
	}
	with, err := readWith(c.StringSlice("with"))
	if err != nil {
		return nil, err
	}
	with["fault"] = name
	return map[string]any{"with": with}, nil
}

func readEndFault(c *cli.Context) (map[string]any, error) {
	if c.NArg() > 1 {
		return nil, usageError{errors.New("name one fault, or none to end all")}
	}
	if c.NArg() == 0 {
		return map[string]any{}, nil
	}
	return map[string]any{"with": map[string]string{"fault": c.Args().First()}}, nil
}

func readFactor(c *cli.Context) (map[string]any, error) {
	factor, err := oneArgument(c, "factor, such as 1.5")
	return map[string]any{"with": map[string]string{"factor": factor}}, err
}

func readNothing(c *cli.Context) (map[string]any, error) {
	if c.NArg() > 0 {
		return nil, usageError{fmt.Errorf("unexpected argument %q", c.Args().First())}
	}
	return map[string]any{}, nil
}

func readPartSettings(c *cli.Context) (map[string]any, error) {
	if c.NArg() < 2 {
		return nil, usageError{errors.New("name a part and what to set, as in: ombak control set dukcapil servers=8; or the place of a policy, as in: ombak control set call:dukcapil policy=bulkhead limit=20")}
	}
	with, err := readWith(c.Args().Slice()[1:])
	return map[string]any{"on": c.Args().First(), "with": with}, err
}

func readNote(c *cli.Context) (map[string]any, error) {
	if c.NArg() == 0 {
		return nil, usageError{errors.New("write the note, as in: ombak control note \"the mayor calls\"")}
	}
	return map[string]any{"with": map[string]string{"text": strings.Join(c.Args().Slice(), " ")}}, nil
}

// act sends an action, or asks what it would do.
func act(c *cli.Context, s streams, deed string, order map[string]any) error {
	at, err := findEndpoint(c.String("out"))
	if err != nil {
		return err
	}
	order["do"], order["by"] = deed, c.String("by")
	if hasFlag(c, "on") {
		order["on"] = c.String("on")
	}
	if hasFlag(c, "for") && c.Duration("for") != 0 {
		order["for"] = c.Duration("for").String()
	}
	path := "/v1/preview"
	if !c.Bool("preview") {
		path = "/v1/actions"
		if order["id"] = c.String("id"); order["id"] == "" {
			order["id"] = rand.Text()
		}
	}
	var done live.Done
	if err := at.ask(c.Context, http.MethodPost, path, order, &done); err != nil {
		return err
	}
	switch {
	case c.Bool("json"):
		return json.NewEncoder(s.out).Encode(done)
	case c.Bool("preview"):
		_, err = fmt.Fprintln(s.out, done.Text)
	default:
		_, err = fmt.Fprintf(s.out, "%s, at %s of the scenario\n", done.Text, time.Duration(done.AtS*float64(time.Second)).Round(time.Millisecond))
	}
	return err
}

// closeRoom tells the conductor of a run that has ended to end too.
func closeRoom(c *cli.Context) error {
	if _, err := readNothing(c); err != nil {
		return err
	}
	at, err := findEndpoint(c.String("out"))
	if err != nil {
		return err
	}
	var ended map[string]bool
	return at.ask(c.Context, http.MethodPost, "/v1/end", map[string]string{}, &ended)
}

// listOffers prints what can be done.
func listOffers(c *cli.Context, s streams) error {
	if c.NArg() > 0 {
		return usageError{fmt.Errorf("unexpected argument %q; list takes no argument", c.Args().First())}
	}
	at, err := findEndpoint(c.String("out"))
	if err != nil {
		return err
	}
	var list struct {
		Offers []live.Offer `json:"offers"`
	}
	if err := at.ask(c.Context, http.MethodGet, "/v1/offers", nil, &list); err != nil {
		return err
	}
	if c.Bool("json") {
		return json.NewEncoder(s.out).Encode(list)
	}
	rows := [][]string{{"DO", "WHAT", "ON"}}
	for _, offer := range list.Offers {
		where := strings.Join(offer.On, ", ")
		if offer.WhyNot != "" {
			where = "cannot be done: " + offer.WhyNot
		}
		rows = append(rows, []string{string(offer.Do), offer.Title, where})
		for _, setting := range offer.With {
			for _, choice := range setting.Choices {
				if offer.WhyNot == "" && offer.Do == funnel.StartFault {
					rows = append(rows, []string{"", "  " + choice.Value, strings.Join(choice.On, ", ")})
				}
			}
		}
	}
	_, err = io.WriteString(s.out, units.Table("", rows))
	return err
}

// findEndpoint finds the page of the run that writes to a folder, or of the latest.
func findEndpoint(folder string) (endpoint, error) {
	var at endpoint
	if folder == "" {
		var found bool
		if folder, found = drill.LatestWith("ombak-out", liveFile); !found {
			return at, errors.New("no run with --live has its folder in ombak-out; name its folder with --out DIR")
		}
	}
	text, err := os.ReadFile(filepath.Join(folder, liveFile))
	if errors.Is(err, fs.ErrNotExist) {
		return at, fmt.Errorf("no run with --live is writing into %s; name its folder with --out", folder)
	}
	if err == nil {
		err = json.Unmarshal(text, &at)
	}
	return at, err
}

// ask sends one request to the page and decodes the answer.
func (e endpoint) ask(ctx context.Context, method, path string, question, result any) error {
	client := http.DefaultClient
	if e.Cert != "" {
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM([]byte(e.Cert))
		client = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}}
	}
	return unanswered(e.Ask(ctx, client, askPatience, method, path, question, result), "the run does not answer: %w; check that it still plays")
}
