package drill

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"time"

	"github.com/ombak-sim/ombak/report"
)

// process is a part that runs as a process of this machine.
type process struct {
	name    string
	command *exec.Cmd
	stdin   io.WriteCloser
	stderr  *tail
	ready   chan Ready
	failed  string
	ended   chan struct{} // closed when the process has been waited for
	waitErr error
}

var (
	_ Part      = (*process)(nil)
	_ onMachine = (*process)(nil)
)

// Ended implements [Part].
func (p *process) Ended() <-chan struct{} { return p.ended }

// Begin implements [Part].
func (p *process) Begin(begin Begin) error { return p.send(begin) }

// Change implements [Part].
func (p *process) Change(change Change) error { return p.send(change) }

func (p *process) pid() int { return p.command.Process.Pid }

// start runs the command as a part and sends its order. Every message but Ready and Failed goes to handle,
// which runs on one goroutine for each process. That goroutine ends before the channel ended is closed.
func start(command []string, order Order, log io.Writer, handle func(Message)) (*process, error) {
	part, known := order.part()
	if !known {
		return nil, errNoOrder
	}
	p := &process{name: part.name, ready: make(chan Ready, 1), ended: make(chan struct{}), stderr: &tail{also: log}}
	p.command = exec.Command(command[0], command[1:]...)
	p.command.Stderr = p.stderr
	p.command.Env = append(part.environment(), "GOTRACEBACK=single")
	p.command.SysProcAttr = apart() // only the conductor gets the terminal's Ctrl-C
	var err error
	if p.stdin, err = p.command.StdinPipe(); err != nil {
		return nil, err
	}
	stdout, err := p.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.command.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", part.name, err)
	}
	go p.listen(stdout, handle)
	if err := p.send(order); err != nil {
		p.stop()
		<-p.ended
		return nil, fmt.Errorf("starting %s: %w", part.name, p.Cause())
	}
	return p, nil
}

// environment returns the environment of a part.
func (p part) environment() []string {
	if !p.halfTheCores {
		return os.Environ()
	}
	half := "GOMAXPROCS=" + strconv.Itoa(max(1, runtime.NumCPU()/2))
	return append([]string{half}, os.Environ()...) // the user's own setting wins
}

// listen reads the part's messages until its output ends, and then waits for the process.
func (p *process) listen(stdout io.Reader, handle func(Message)) {
	defer close(p.ended)
	scanner := newScanner(stdout)
	for scanner.Scan() {
		p.receive(scanner, handle)
	}
	_, _ = io.Copy(io.Discard, stdout) // a line that is too long must not block the part
	p.waitErr = p.command.Wait()
}

func (p *process) receive(scanner *bufio.Scanner, handle func(Message)) {
	var message Message
	if err := json.Unmarshal(scanner.Bytes(), &message); err != nil {
		p.failed = fmt.Sprintf("it wrote a line that is not a message (%v)", err)
		return
	}
	switch {
	case message.Ready != nil:
		p.ready <- *message.Ready
	case message.Failed != "":
		p.failed = message.Failed
	default:
		handle(message)
	}
}

// send writes a value as one line to the part's standard input.
func (p *process) send(value any) error {
	line, err := json.Marshal(value)
	if err != nil {
		return err
	}
	_, err = p.stdin.Write(append(line, '\n'))
	return err
}

// Await implements [Part].
func (p *process) Await(ctx context.Context, patience time.Duration) (Ready, error) {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case ready := <-p.ready:
		return ready, nil
	case <-p.ended:
		return Ready{}, p.Cause()
	case <-ctx.Done():
		return Ready{}, ctx.Err()
	case <-timer.C:
		return Ready{}, fmt.Errorf("%s was not ready within %v; the machine may be too busy", p.name, patience)
	}
}

// stop tells the part to stop by closing its standard input.
func (p *process) stop() {
	_ = p.stdin.Close() // a part that is gone has already stopped
}

// End implements [Part].
func (p *process) End(patience time.Duration) bool {
	p.stop()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-p.ended:
		return true
	case <-timer.C:
		_ = p.command.Process.Kill()
		<-p.ended
		return false
	}
}

// Cause implements [Part].
func (p *process) Cause() error {
	switch {
	case p.failed != "":
		return fmt.Errorf("%s: %s", p.name, p.failed)
	case p.stderr.last() != "":
		return fmt.Errorf("%s died (%s): %s", p.name, p.state(), p.stderr.last())
	}
	return fmt.Errorf("%s died (%s)", p.name, p.state())
}

func (p *process) state() string {
	if p.command.ProcessState == nil {
		return "not waited for"
	}
	return p.command.ProcessState.String()
}

// Cost implements [Part].
func (p *process) Cost() report.Process {
	return costOf(p.name, p.command.ProcessState)
}

// costOf returns the CPU time and memory of a process that has ended and of those it waited for.
func costOf(name string, state *os.ProcessState) report.Process {
	cost := report.Process{Name: name}
	if state != nil {
		cpu := (state.UserTime() + state.SystemTime()).Seconds()
		cost.CPUS = &cpu
		if bytes, known := peakMemory(state); known {
			cost.MaxRSSBytes = &bytes
		}
	}
	return cost
}
