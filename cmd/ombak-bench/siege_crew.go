//go:build linux

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/ombak-sim/ombak/backend/store"
)

// siegeDescriptors is how many descriptors a besieged backend has.
const siegeDescriptors = 256

// besieged starts a backend with few descriptors, whose wall clock can be set.
func (s *siege) besieged(ctx context.Context, where string) (*exec.Cmd, string, error) {
	location := s.location(where)
	if store.IsFile(location) {
		location = "sqlite:" + location
	}
	arguments := []string{"-c", fmt.Sprintf(`ulimit -n %d; exec "$0" "$@"`, siegeDescriptors), s.ombak, "serve", "backend", "--store", location, "--key", s.keyFile()}
	if hasMocks(where) {
		arguments = append(arguments, "--scenario", "needy.yaml", "--address", "mail-smtp="+s.mocks.mailWire.address, "--address", "dukcapil="+s.mocks.registryWire.address)
	} else {
		arguments = append(arguments, "--scenario", "alone.yaml")
	}
	command := exec.CommandContext(ctx, "sh", arguments...)
	command.Dir, command.Env = s.folder, append(os.Environ(), "OMBAK_TEST_WALL="+s.wallFile())
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

// ledger notes acknowledgements, each with an fsync.
type ledger struct {
	file  *os.File
	mutex sync.Mutex // guards noted
	noted map[string]map[string]bool
}

// identified follows the place of an acknowledgement that is of an identity, and not of a sign-up.
const identified = ", identity"

func openLedger(path string) (*ledger, error) {
	file, err := os.Create(path)
	return &ledger{file: file, noted: map[string]map[string]bool{}}, err
}

func (l *ledger) close() error { return l.file.Close() }

// note writes an acknowledgement to the disk.
func (l *ledger) note(where, email string) error {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.noted[where] == nil {
		l.noted[where] = map[string]bool{}
	}
	l.noted[where][email] = true
	_, err := fmt.Fprintln(l.file, where, email)
	return errors.Join(err, l.file.Sync())
}

func (l *ledger) count(where string) int {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return len(l.noted[where])
}

// of returns what was noted of a place. Nothing may be noted meanwhile.
func (l *ledger) of(where string) map[string]bool {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.noted[where]
}

// crew is people who sign up until the crew ends.
type crew struct {
	siege      *siege
	where      string
	over       context.Context
	stop       context.CancelFunc
	people     sync.WaitGroup
	unanswered atomic.Int64 // requests without an answer in time, besides sign-ups

	mutex  sync.Mutex // guards emails
	emails []string   // acknowledged, in order
	more   chan struct{}
}

// The people of a crew. Those who walk on prove their address and their identity, where there is mail.
const (
	crewSize = 32
	walkers  = 8
)

// signUpAt has people sign up. After a refusal or a failure they try again, with another address.
func (s *siege) signUpAt(ctx context.Context, addresses []string, where string, round int) *crew {
	c := &crew{siege: s, where: where, more: make(chan struct{}, 1)}
	c.over, c.stop = context.WithCancel(ctx)
	var clients []*fasthttp.HostClient
	for _, address := range addresses {
		clients = append(clients, &fasthttp.HostClient{Addr: address, MaxConns: 128, MaxIdemponentCallAttempts: 1})
	}
	for person := range crewSize {
		client := clients[person%len(clients)]
		c.people.Go(func() {
			for i := 0; c.over.Err() == nil; i++ {
				email := fmt.Sprintf("r%d.p%d.%d@example.test", round, person, i)
				if !c.signUp(client, email) {
					time.Sleep(10 * time.Millisecond)
				} else if person < walkers && hasMocks(where) {
					c.walkOn(client, email, fmt.Sprintf("99%05d%02d%07d", round, person, i))
				}
			}
		})
	}
	return c
}

// await returns when so many people were acknowledged, or after ten seconds.
func (c *crew) await(enough int) {
	patience := time.After(10 * time.Second)
	for len(c.signedUp()) < enough {
		select {
		case <-c.more:
		case <-patience:
			return
		}
	}
}

// end waits until everybody has left.
func (c *crew) end() {
	c.stop()
	c.people.Wait()
}

// signedUp returns who was acknowledged so far.
func (c *crew) signedUp() []string {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return slices.Clip(c.emails)
}

// signUp reports whether a sign-up was acknowledged and noted.
func (c *crew) signUp(client *fasthttp.HostClient, email string) bool {
	const patience = 5 * time.Second
	status, _, err := post(client, "/v1/signups", "", fmt.Sprintf(`{"name":"Siti","email":%q,"phone":"08123456789"}`, email), patience)
	if err != nil || status != fasthttp.StatusAccepted || c.siege.ledger.note(c.where, email) != nil {
		return false
	}
	c.mutex.Lock()
	c.emails = append(c.emails, email)
	c.mutex.Unlock()
	select {
	case c.more <- struct{}{}:
	default:
	}
	return true
}

// walkOn proves an address with the token of its mail, and then an identity.
func (c *crew) walkOn(client *fasthttp.HostClient, email, nik string) {
	const (
		patience = 20 * time.Second // longer than a backend waits for a registry
		longest  = 90 * time.Second
	)
	token := ""
	for deadline := time.Now().Add(longest); token == "" && c.over.Err() == nil && time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		token = c.siege.mocks.token(email)
	}
	if token == "" {
		return
	}
	_, body, err := post(client, "/v1/email-verifications", "", fmt.Sprintf(`{"token":%q}`, token), patience)
	var answer struct{ Session string }
	c.count(err)
	if err != nil || json.Unmarshal(body, &answer) != nil || answer.Session == "" {
		return
	}
	status, _, err := post(client, "/v1/identity", answer.Session, fmt.Sprintf(`{"nik":%q,"kk":"9901010101010001","birth_date":"1990-01-01","name":"Siti"}`, nik), patience)
	c.count(err)
	if err == nil && status == fasthttp.StatusOK {
		_ = c.siege.ledger.note(c.where+identified, email) // what is not noted is not asked for
	}
}

// count counts requests that were not answered in time.
func (c *crew) count(err error) {
	if errors.Is(err, fasthttp.ErrTimeout) {
		c.unanswered.Add(1)
	}
}

// post sends JSON and returns status and body of the answer.
func post(client *fasthttp.HostClient, path, session, body string, patience time.Duration) (int, []byte, error) {
	request, response := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(request)
	defer fasthttp.ReleaseResponse(response)
	request.SetRequestURI("http://backend" + path)
	request.Header.SetMethod(fasthttp.MethodPost)
	request.Header.SetContentType("application/json")
	if session != "" {
		request.Header.Set("Authorization", "Bearer "+session)
	}
	request.SetBodyString(body)
	err := client.DoTimeout(request, response, patience)
	return response.StatusCode(), slices.Clone(response.Body()), err
}
