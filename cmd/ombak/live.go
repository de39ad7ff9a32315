package main

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ombak-sim/ombak/drill"
	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/live"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/render"
	"github.com/ombak-sim/ombak/setup"
)

// liveFlags returns the flags of every command whose run can be watched.
func liveFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "live", DefaultText: "no page; --live alone takes a free port of 127.0.0.1", Usage: "serve a page on which the run is watched and acted on, at `HOST:PORT`", EnvVars: envVar("live")},
		&cli.BoolFlag{Name: "live-wait", Usage: "begin when somebody presses Start on the page", EnvVars: envVar("live-wait")},
		&cli.StringFlag{Name: "live-cert", Usage: "with an address that other machines reach: `FILE` of the page's certificate (PEM); by default one is made for this run", EnvVars: envVar("live-cert")},
		&cli.StringFlag{Name: "live-key", Usage: "`FILE` of the certificate's key (PEM)", EnvVars: envVar("live-key")},
		twinFlag(),
	}
}

// anyPort is the value of --live without an address.
const anyPort = "127.0.0.1:0"

// liveAddress returns the value of --live if the next argument is not one. The flag may stand alone, which other flags with
// values may not.
func liveAddress(argument, next string) (complete string, taken bool) {
	if strings.TrimLeft(argument, "-") != "live" {
		return "", false
	}
	_, _, err := net.SplitHostPort(next)
	if (err == nil || next != "" && strings.Trim(next, "0123456789") == "") && !strings.HasPrefix(next, "-") {
		return "", false // as other flags
	}
	return "--live=" + anyPort, true
}

// room is the page of a run, as a command sees it.
type room struct {
	board   *live.Board
	server  *live.Server
	folder  string // where the run's files are
	err     io.Writer
	hall    *hall           // controls of a live run; nil for a simulation
	actions []funnel.Action // what was done in a live run that has ended
	closed  bool
}

// checkLive refuses flags of a page without a page, and an address that is none.
func checkLive(c *cli.Context) error {
	address := c.String("live")
	if address == "" {
		flags := []string{"live-wait", "live-cert", "live-key", "no-twin"}
		if c.Command.Name != "simulate" {
			flags = append(flags, "model")
		}
		for _, flag := range flags {
			if c.IsSet(flag) {
				return usageError{fmt.Errorf("--%s is about the page of a run; give --live too", flag)}
			}
		}
		return nil
	}
	if _, _, err := net.SplitHostPort(address); err != nil {
		return usageError{fmt.Errorf("--live is %q; give HOST:PORT, for example 127.0.0.1:8080, or leave it out", address)}
	}
	if (c.String("live-cert") == "") != (c.String("live-key") == "") {
		return usageError{errors.New("--live-cert and --live-key go together; give both")}
	}
	return nil
}

// openRoom serves the page if --live is given. Otherwise it returns nil, whose methods do nothing.
func openRoom(c *cli.Context, s streams, run live.Run, config live.Config, folder string) (*room, error) {
	if c.String("live") == "" {
		return nil, nil
	}
	config.Address = c.String("live")
	fingerprint, err := certify(c, &config)
	if err != nil {
		return nil, err
	}
	r := &room{board: live.NewBoard(run), folder: folder, err: s.err}
	config.Board, config.Files = r.board, r.files
	if r.server, err = live.Serve(config); err != nil {
		return nil, usageError{fmt.Errorf("--live %s: %w", config.Address, err)}
	}
	if err := r.announce(fingerprint); err != nil {
		r.close()
		return nil, err
	}
	return r, nil
}

// certify sets the certificate of an address that other machines reach, and returns its fingerprint.
func certify(c *cli.Context, config *live.Config) (fingerprint string, err error) {
	host, _, err := net.SplitHostPort(config.Address)
	if err != nil {
		return "", usageError{err}
	}
	certFile, keyFile := c.String("live-cert"), c.String("live-key")
	var certificate tls.Certificate
	switch {
	case certFile != "":
		certificate, err = tls.LoadX509KeyPair(certFile, keyFile)
		if err != nil {
			return "", usageError{fmt.Errorf("--live-cert: %w; give PEM files of a certificate and its key", err)}
		}
	case live.IsLoopback(host):
		return "", nil
	default:
		if certificate, err = live.NewCertificate(host); err != nil {
			return "", err
		}
		sum := sha256.Sum256(certificate.Certificate[0])
		fingerprint = hex.EncodeToString(sum[:])
	}
	config.Certificate, config.Names = &certificate, live.NamesIn(certificate)
	return fingerprint, nil
}

// liveFile is in the output folder while a run can be acted on. Only its owner may read it.
const liveFile = "live.json"

// endpoint is what it holds.
type endpoint struct {
	drill.Control
	Cert string `json:"certificate,omitempty"` // of a server with TLS, PEM
}

// announce prints the links and writes the file for ombak control.
func (r *room) announce(fingerprint string) error {
	fmt.Fprintf(r.err, "watch and act: %s\nonly watch:    %s\n", r.server.URL(), r.server.LookURL())
	if fingerprint != "" {
		fmt.Fprintf(r.err, "the browser will not know the certificate; its SHA-256 fingerprint is %s\n", fingerprint)
	}
	var at endpoint
	at.URL, at.Token, at.Cert = r.server.Endpoint()
	return drill.WriteSecret(filepath.Join(r.folder, liveFile), at)
}

// files returns the folder of the report once it is written.
func (r *room) files() (fs.FS, bool) { return os.DirFS(r.folder), r.board.Ended() }

// await waits until somebody presses Start, if --live-wait is given.
func (r *room) await(c *cli.Context) error {
	if r == nil || !c.Bool("live-wait") {
		return nil
	}
	r.board.Wait(true)
	defer r.board.Wait(false)
	fmt.Fprintln(r.err, "waiting for Start on the page")
	select {
	case <-r.server.Started():
		return nil
	case <-c.Context.Done():
		return c.Context.Err()
	}
}

// post posts a row.
func (r *room) post(row report.Second) {
	if r != nil {
		r.board.Post(row)
	}
}

// conclude shows the ending.
func (r *room) conclude(run *setup.Planned, result report.Report, files []string) {
	if r == nil {
		return
	}
	r.board.End(live.Ending{
		Verdict: result.Verdict, Sentence: render.Conclusion(result, run.TryNext(result)), Reasons: result.Invalid,
		Thresholds: result.Thresholds, Report: true, Files: files,
	})
}

// linger keeps the page until it is closed, nobody looks any more, or the command is interrupted. Where nobody has come and
// nobody reads the link on a terminal, as in CI, nothing is kept waiting.
func (r *room) linger(ctx context.Context) {
	if r == nil {
		return
	}
	if _, is := terminal(r.err); !is && !r.server.Visited() {
		fmt.Fprintln(r.err, "nobody has opened the page, and standard error is no terminal, so the page closes now")
		return
	}
	fmt.Fprintln(r.err, "the page stays until somebody closes the room or presses Ctrl-C, or nobody has looked for ten minutes")
	r.server.Linger(ctx)
}

// close stops serving.
func (r *room) close() {
	if r == nil || r.closed {
		return
	}
	r.closed = true
	_ = os.Remove(filepath.Join(r.folder, liveFile)) // it may be gone already
	r.server.Close()
}
