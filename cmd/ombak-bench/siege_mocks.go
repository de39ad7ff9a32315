//go:build linux

package main

import (
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"regexp"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
)

// needs are the dependencies of a besieged backend that has some.
const needs = "dependencies: {mail: {kind: mail, servers: 1, service: 0s}, dukcapil: {kind: dukcapil, servers: 1, service: 0s}}\n"

// siegeMocks are a mail server and a registry that outlive every backend, each behind a wire that can break.
type siegeMocks struct {
	mailWire, registryWire *wire
	mail                   *smtp.Server
	registry               *http.Server
	serving                sync.WaitGroup

	mutex  sync.Mutex // guards tokens
	tokens map[string]string
}

func newSiegeMocks() (_ *siegeMocks, err error) {
	m := &siegeMocks{tokens: map[string]string{}}
	m.mail = smtp.NewServer(m)
	m.mail.Domain, m.mail.ErrorLog = "mail.test", log.New(io.Discard, "", 0)
	m.registry = &http.Server{Handler: http.HandlerFunc(confirm), ReadHeaderTimeout: time.Minute}
	for _, one := range []struct {
		wire  **wire
		serve func(net.Listener) error
	}{{&m.mailWire, m.mail.Serve}, {&m.registryWire, m.registry.Serve}} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, errors.Join(err, m.close())
		}
		m.serving.Go(func() { _ = one.serve(listener) }) // until it is closed
		if *one.wire, err = newWire(listener.Addr().String()); err != nil {
			return nil, errors.Join(err, m.close())
		}
	}
	return m, nil
}

func (m *siegeMocks) close() error {
	for _, wire := range []*wire{m.mailWire, m.registryWire} {
		if wire != nil {
			wire.close()
		}
	}
	err := errors.Join(m.mail.Close(), m.registry.Close())
	m.serving.Wait()
	return err
}

// turn changes the mood of both wires.
func (m *siegeMocks) turn(mood int) error {
	return errors.Join(m.mailWire.turn(mood), m.registryWire.turn(mood))
}

// confirm answers every question of the population registry with yes.
func confirm(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // who breaks off gets no answer
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"content":[{"NIK":"Sesuai (100)","NO_KK":"Sesuai (100)","TGL_LHR":"Sesuai (100)","NAMA_LGKP":"Sesuai (100)"}]}`)
}

// token returns the token of the last mail to an address, or "".
func (m *siegeMocks) token(email string) string {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return m.tokens[email]
}

// NewSession begins a mail, as go-smtp asks for it.
func (m *siegeMocks) NewSession(*smtp.Conn) (smtp.Session, error) { return &siegeMail{mocks: m}, nil }

// siegeMail takes mails.
type siegeMail struct {
	mocks *siegeMocks
	to    string
}

var linkToken = regexp.MustCompile(`/verify\?token=([0-9A-Za-z._-]+)`)

func (s *siegeMail) Mail(string, *smtp.MailOptions) error { return nil }
func (s *siegeMail) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = to
	return nil
}

func (s *siegeMail) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	if match := linkToken.FindSubmatch(text); err == nil && match != nil {
		s.mocks.mutex.Lock()
		s.mocks.tokens[s.to] = string(match[1])
		s.mocks.mutex.Unlock()
	}
	return err
}
func (s *siegeMail) Reset()        {}
func (s *siegeMail) Logout() error { return nil }
