//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/ombak-sim/ombak/report"
)

const (
	socketsBegin = "<!-- make bench-load writes the WebSockets after this line -->"
	socketsEnd   = "<!-- end of the WebSockets -->"
)

// heldCase is a number of WebSockets that are open at once, each with a message a minute.
type heldCase struct {
	people, parts int
	most          uint64 // bytes of one process; 0 means no goal
}

func heldCases() []heldCase {
	return []heldCase{{people: 15_000, parts: 1, most: 120 << 20}, {people: 50_000, parts: 4}}
}

// runSockets measures what open WebSockets take.
func runSockets(ctx context.Context, arguments []string, out, errOut io.Writer) int {
	flags := flag.NewFlagSet("ombak-bench sockets", flag.ContinueOnError)
	flags.SetOutput(errOut)
	b := bench{log: errOut}
	flags.StringVar(&b.ombak, "ombak", "", "the ombak `PROGRAM`")
	file := flags.String("into", "", "write the table into this `FILE`; by default to standard output")
	divide := flags.Int("divide", 1, "open only an `N`th of the WebSockets")
	if err := flags.Parse(arguments); err != nil || b.ombak == "" || *divide < 1 {
		fmt.Fprintln(errOut, "ombak-bench sockets: -ombak is missing; give the program, or run make bench-load")
		return 2
	}
	text, err := b.holdAll(ctx, *divide)
	if err == nil && *file != "" {
		err = replaceBetween(*file, text, socketsBegin, socketsEnd)
	} else if err == nil {
		_, err = io.WriteString(out, text)
	}
	if err != nil {
		fmt.Fprintf(errOut, "ombak-bench sockets: %v\n", err)
		return 1
	}
	return 0
}

func (b *bench) holdAll(ctx context.Context, divide int) (text string, err error) {
	if b.ombak, err = filepath.Abs(b.ombak); err != nil {
		return "", err
	}
	if b.folder, err = os.MkdirTemp("", "ombak-bench-"); err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(b.folder) }()
	text = fmt.Sprintf("%s\n\nMeasured on %s, on %s. Each WebSocket is a person's. All are opened within 30 seconds and held to the end, a minute later, with one message and its echo in between. "+
		"The servers run beside on the same cores, one for each process.\n\n| WebSockets at once | processes | echoed of sent | most memory of a process | bound | |\n|---|---|---|---|---|---|\n", socketsBegin, machine(), time.Now().UTC().Format("2006-01-02"))
	for i, one := range heldCases() {
		one.people /= divide
		row, err := b.hold(ctx, fmt.Sprintf("held-%d", i), one)
		if err != nil {
			return "", err
		}
		text += row
	}
	return text + "\n" + socketsEnd + "\n", nil
}

// hold plays one case, a process for each part, and merges their reports.
func (b *bench) hold(ctx context.Context, name string, one heldCase) (row string, err error) {
	const opening = 30 // seconds
	scenario := filepath.Join(b.folder, name+".yaml")
	text := fmt.Sprintf(head, name) + fmt.Sprintf("arrivals: {step: open, mode: even, people: [{for: %ds, rate: %g/s}]}\n", opening, float64(one.people)/opening) + `journey:
  - {name: open, request: {target: web, path: /, websocket: {connect: true}}}
  - {name: say, think: "uniform(30s, 60s)", request: {target: web, websocket: {send: hello, await: {equals: hello}}}}
  - {name: leave, think: 1m, request: {target: web, websocket: {close: true}}}
`
	if err := os.WriteFile(scenario, []byte(text), 0o600); err != nil {
		return "", err
	}
	var reports []string
	var under sync.WaitGroup
	failed := make([]error, one.parts)
	for part := range one.parts {
		address, stop, err := b.startEcho(ctx, part)
		if err != nil {
			return "", err
		}
		defer stop()
		out := filepath.Join(b.folder, fmt.Sprintf("%s-%d", name, part))
		reports = append(reports, filepath.Join(out, "report.json"))
		under.Go(func() {
			if said, err := exec.CommandContext(ctx, b.ombak, "load", scenario, "--target", "http://"+address, "--out", out, "--quiet", "--part", fmt.Sprintf("%d/%d", part+1, one.parts)).CombinedOutput(); err != nil {
				failed[part] = fmt.Errorf("part %d: %w: %.500s", part+1, err, said)
			}
		})
	}
	under.Wait()
	if err := errors.Join(failed...); err != nil {
		return "", err
	}
	return b.heldRow(ctx, one, reports)
}

// heldRow reads the parts' reports, and the merged one.
func (b *bench) heldRow(ctx context.Context, one heldCase, reports []string) (string, error) {
	var most uint64
	for _, path := range reports {
		r, err := readReport(path)
		if err != nil {
			return "", err
		}
		if g := r.Generator; g == nil || g.MaxRSSBytes == nil {
			return "", fmt.Errorf("%s names no memory", path)
		}
		most = max(most, *r.Generator.MaxRSSBytes)
	}
	whole := filepath.Join(b.folder, "merged.json")
	if one.parts > 1 {
		if said, err := exec.CommandContext(ctx, b.ombak, append([]string{"merge", "-o", whole}, reports...)...).CombinedOutput(); err != nil {
			return "", fmt.Errorf("%w: %.500s", err, said)
		}
		reports = []string{whole}
	}
	r, err := readReport(reports[0])
	if err != nil {
		return "", err
	}
	sockets := r.Generator.WebSockets
	if sockets == nil {
		return "", errors.New("the report counts no WebSockets")
	}
	bound, mark := "", ""
	if one.most > 0 {
		bound, mark = fmt.Sprintf("%d MB", one.most>>20), "reached"
		if most > one.most {
			mark = "**not reached**"
		}
	}
	return fmt.Sprintf("| %.0f | %d | %.0f of %.0f | %d MB | %s | %s |\n", sockets.Opened, one.parts, sockets.Received, sockets.Sent, most>>20, bound, mark), nil
}

func readReport(path string) (r report.Report, err error) {
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	return r, err
}

// startEcho starts this program as a server that sends each message back, at a loopback address of its own.
func (b *bench) startEcho(ctx context.Context, number int) (address string, stop func(), err error) {
	self, err := os.Executable()
	if err != nil {
		return "", nil, err
	}
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.%d:0", number+1))
	if err != nil {
		return "", nil, err
	}
	address = listener.Addr().String()
	if err := listener.Close(); err != nil {
		return "", nil, err
	}
	command := exec.CommandContext(ctx, self, "echo", address)
	command.Stderr = b.log
	if err := command.Start(); err != nil {
		return "", nil, err
	}
	stop = func() {
		_ = command.Process.Kill() // it keeps nothing
		_ = command.Wait()
	}
	return address, stop, await(ctx, address, stop)
}

// serveEcho sends each message of a WebSocket back.
func serveEcho(address string, errOut io.Writer) int {
	err := http.ListenAndServe(address, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { //nolint:gosec // the load generator beside it is its only client
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		for {
			kind, text, err := conn.Read(r.Context())
			if err != nil || conn.Write(r.Context(), kind, text) != nil {
				return
			}
		}
	}))
	fmt.Fprintln(errOut, err)
	return 1
}
