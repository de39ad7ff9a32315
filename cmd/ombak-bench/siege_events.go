//go:build linux

package main

import (
	"errors"
	"io"
	"math"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// event is something that happens under load to a backend, to what it needs, or to a run.
type event struct {
	name   string
	at     []string // the places where it happens; empty means all backends but that on the small disk
	happen func(*siege, *siegeRound) error
	// heals is set if the backend must go on as if nothing had happened: it answers meanwhile, and everybody's mail comes.
	heals bool
}

func (e event) happensAt(place string) bool {
	return slices.Contains(e.at, place) || len(e.at) == 0 && place != onSmall && place != onRun
}

// The events that a round treats in ways of their own.
const (
	killed           = "SIGKILL"
	terminated       = "SIGTERM"
	halfSent         = "half-sent requests"
	postmasterKilled = "postmaster killed"
)

// events lists what happens. After each the backend is killed, unless it has ended.
func events() []event {
	backends := places()[:len(places())-1]
	return slices.Concat([]event{
		{name: killed, at: backends, happen: func(*siege, *siegeRound) error { return nil }},
		{name: terminated, happen: func(_ *siege, r *siegeRound) error { return r.backend.Process.Signal(syscall.SIGTERM) }},
		{name: "SIGSTOP", happen: (*siege).pause},
		{name: "strangers", happen: crowding("")},
		{name: halfSent, happen: func(_ *siege, r *siegeRound) error {
			crowd(r.address, "POST /v1/signups HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{")
			return r.backend.Process.Signal(syscall.SIGTERM)
		}},
		{name: "slow readers", happen: crowding(strings.Repeat("GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n", 64))},
		{name: "silent TLS", happen: crowding("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")}, // the beginning of a ClientHello
		{name: "full disk", at: []string{onSmall}, happen: (*siege).fillDisk},
		{name: postmasterKilled, at: []string{onPostgres, onReplicas, onMockedPostgres}, happen: func(s *siege, _ *siegeRound) error { return s.cluster.Kill() }},
	}, clockSteps(), brokenMocks(), silentServices())
}

// clockSteps lists how the wall clock of the backends is set.
func clockSteps() []event {
	step := func(by time.Duration, back bool) func(*siege, *siegeRound) error {
		return func(s *siege, r *siegeRound) error {
			mood := func(int) error { return nil }
			if back && hasMocks(r.where) { // otherwise every mail of that moment may be sent before it is over
				mood = s.mocks.turn
			}
			if err := errors.Join(mood(silent), s.setWall(by)); err != nil {
				return err
			}
			s.sleep(100*time.Millisecond, time.Second)
			if back {
				return errors.Join(s.setWall(0), mood(carrying))
			}
			return nil
		}
	}
	const year = 365 * 24 * time.Hour
	return []event{
		{name: "clock a year ahead for a moment", heals: true, happen: step(year, true)},
		{name: "clock an hour ahead", heals: true, happen: step(time.Hour, false)},
		{name: "clock an hour back", heals: true, happen: step(-time.Hour, false)},
	}
}

// brokenMocks lists what happens to the mail server and the registry.
func brokenMocks() []event {
	turned := func(mood int, longest time.Duration) func(*siege, *siegeRound) error {
		return func(s *siege, _ *siegeRound) error {
			if err := s.mocks.turn(mood); err != nil {
				return err
			}
			s.sleep(time.Second, longest)
			return s.mocks.turn(carrying)
		}
	}
	at := []string{onMocked, onMockedPostgres}
	return []event{
		// Longer than a backend waits for either, 10 s.
		{name: "mocks silent", at: at, heals: true, happen: turned(silent, 15*time.Second)},
		{name: "mocks gone", at: at, heals: true, happen: turned(gone, 5*time.Second)},
	}
}

// silentServices lists the services against which a run is played.
func silentServices() []event {
	against := func(scheme string) func(*siege, *siegeRound) error {
		return func(s *siege, r *siegeRound) error { return s.playRun(r, scheme) }
	}
	return []event{
		{name: "HTTP that takes connections and says nothing", at: []string{onRun}, happen: against("http")},
		{name: "TLS that takes connections and says nothing", at: []string{onRun}, happen: against("https")},
	}
}

// sleep sleeps for a random time between two, short ones being likelier.
func (s *siege) sleep(least, most time.Duration) {
	time.Sleep(time.Duration(float64(least) * math.Pow(float64(most)/float64(least), s.chance.Float64())))
}

// pause stops the backend for 1 to 30 s.
func (s *siege) pause(r *siegeRound) error {
	if err := r.backend.Process.Signal(syscall.SIGSTOP); err != nil {
		return err
	}
	s.sleep(time.Second, 30*time.Second)
	return r.backend.Process.Signal(syscall.SIGCONT)
}

// fillDisk fills the small disk for a while and makes room again.
func (s *siege) fillDisk(*siegeRound) error {
	ballast := filepath.Join(s.smallDisk(), "ballast")
	_ = os.WriteFile(ballast, make([]byte, 64<<20), 0o600) // fails when the disk is full, as it should
	s.sleep(200*time.Millisecond, 1200*time.Millisecond)
	return os.Remove(ballast)
}

// setWall sets the wall clock of all backends.
func (s *siege) setWall(ahead time.Duration) error {
	next := s.wallFile() + ".new"
	if err := os.WriteFile(next, []byte(ahead.String()), 0o600); err != nil {
		return err
	}
	return os.Rename(next, s.wallFile())
}

func (s *siege) wallFile() string { return filepath.Join(s.folder, "wall") }

func crowding(text string) func(*siege, *siegeRound) error {
	return func(_ *siege, r *siegeRound) error {
		crowd(r.address, text)
		return nil
	}
}

// crowd opens more connections than the backend has descriptors for, and sends the same on each. They stay open for a while.
func crowd(address, text string) {
	for range siegeDescriptors + 44 {
		conn, err := net.DialTimeout("tcp", address, time.Second)
		if err != nil {
			continue // refused: the backend defends itself
		}
		time.AfterFunc(3*time.Second, func() { conn.Close() })
		if _, err := io.WriteString(conn, text); err != nil {
			continue
		}
	}
}
