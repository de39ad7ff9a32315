//go:build linux

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/ombak-sim/ombak/backend/store"
)

// siegeDescriptors is how many descriptors a besieged backend has.
const siegeDescriptors = 256

// besieged starts a backend with few descriptors.
func (s *siege) besieged(ctx context.Context, where string) (*exec.Cmd, string, error) {
	location := s.location(where)
	if store.IsFile(location) {
		location = "sqlite:" + location
	}
	command := exec.CommandContext(ctx, "sh", "-c", fmt.Sprintf(`ulimit -n %d; exec "$0" "$@"`, siegeDescriptors),
		s.ombak, "serve", "backend", "--scenario", "alone.yaml", "--store", location, "--key", s.keyFile())
	command.Dir = s.folder
	var said strings.Builder
	command.Stderr = &said
	output, err := command.StdoutPipe()
	if err != nil {
		return nil, "", err
	}
	if err := command.Start(); err != nil {
		return nil, "", err
	}
	line, err := bufio.NewReader(output).ReadString('\n')
	address, found := strings.CutPrefix(strings.TrimSpace(line), "backend ")
	if err != nil || !found {
		return nil, "", errors.Join(fmt.Errorf("the backend did not start: %q", line), err, command.Process.Kill(), command.Wait(), errors.New(said.String()))
	}
	return command, address, nil
}

// ledger notes acknowledgements, each batch with an fsync.
type ledger struct {
	file  *os.File
	mutex sync.Mutex // guards noted
	noted map[string]map[string]bool
}

func openLedger(path string) (*ledger, error) {
	file, err := os.Create(path)
	return &ledger{file: file, noted: map[string]map[string]bool{}}, err
}

func (l *ledger) close() { _ = l.file.Close() } // it is removed with its folder

// note writes an acknowledgement to the disk and returns how many of this store there are.
func (l *ledger) note(where, email string) (int, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.noted[where] == nil {
		l.noted[where] = map[string]bool{}
	}
	l.noted[where][email] = true
	_, err := fmt.Fprintln(l.file, where, email)
	return len(l.noted[where]), errors.Join(err, l.file.Sync())
}

func (l *ledger) count(where string) int { return len(l.of(where)) }

// of returns what was noted of a store. Nothing may be noted meanwhile.
func (l *ledger) of(where string) map[string]bool {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.noted[where]
}

// crew is people who sign up.
type crew struct{ people sync.WaitGroup }

func (c *crew) wait() { c.people.Wait() }

// signUpAt has people sign up until the backend is gone, and returns when enough were acknowledged, or after ten seconds.
func signUpAt(ctx context.Context, addresses []string, where string, round int, ledger *ledger, enough int) *crew {
	var clients []*fasthttp.HostClient
	for _, address := range addresses {
		clients = append(clients, &fasthttp.HostClient{Addr: address, MaxConns: 64, ReadTimeout: 5 * time.Second, WriteTimeout: 5 * time.Second, MaxIdemponentCallAttempts: 1})
	}
	reached, c := make(chan struct{}), &crew{}
	enough += ledger.count(where)
	var once sync.Once
	for person := range 32 {
		c.people.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				email := fmt.Sprintf("r%d.p%d.%d@example.test", round, person, i)
				status, err := signUpOnce(clients[person%len(clients)], email)
				if err != nil {
					return
				}
				if status != fasthttp.StatusAccepted {
					time.Sleep(10 * time.Millisecond)
					continue
				}
				if n, err := ledger.note(where, email); err == nil && n >= enough {
					once.Do(func() { close(reached) })
				}
			}
		})
	}
	select {
	case <-reached:
	case <-time.After(10 * time.Second):
	}
	return c
}

func signUpOnce(client *fasthttp.HostClient, email string) (int, error) {
	request, response := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(request)
	defer fasthttp.ReleaseResponse(response)
	request.SetRequestURI("http://backend/v1/signups")
	request.Header.SetMethod(fasthttp.MethodPost)
	request.Header.SetContentType("application/json")
	request.SetBodyString(fmt.Sprintf(`{"name":"Siti","email":%q,"phone":"08123456789"}`, email))
	err := client.DoTimeout(request, response, 5*time.Second)
	return response.StatusCode(), err
}
