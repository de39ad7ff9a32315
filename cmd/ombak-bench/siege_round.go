//go:build linux

package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os/exec"
	"time"

	"github.com/ombak-sim/ombak/backend/store"
)

// siegeRound is one round at a place.
type siegeRound struct {
	ctx     context.Context
	where   string
	backend *exec.Cmd // the one to which something happens; nil if a run is besieged
	address string
	books   *siegeBooks
}

// round plays one round: people sign up, something happens after a random number of acknowledgements, and the backends end.
func (s *siege) round(ctx context.Context, where string, number int, chosen event) (err error) {
	r := &siegeRound{ctx: ctx, where: where, books: s.books[where]}
	if r.books == nil {
		r.books = &siegeBooks{events: map[string]int{}}
		s.books[where] = r.books
	}
	r.books.rounds++
	r.books.events[chosen.name]++
	if where == onRun {
		return chosen.happen(s, r)
	}
	if err := s.setWall(0); err != nil {
		return err
	}
	if r.backend, r.address, err = s.besieged(ctx, where); err != nil {
		return err
	}
	addresses, before := []string{r.address}, s.ledger.count(where)
	var other *exec.Cmd
	if where == onReplicas {
		var address string
		if other, address, err = s.besieged(ctx, where); err != nil {
			s.end(r.backend, "")
			return err
		}
		addresses = append(addresses, address)
	}
	crew := s.signUpAt(ctx, addresses, where, number)
	crew.await(1 + s.chance.IntN(400))
	err = chosen.happen(s, r)
	if chosen.heals {
		r.books.hung += s.unhealed(ctx, where, crew)
	}
	if chosen.name != killed {
		s.sleep(10*time.Millisecond, 300*time.Millisecond) // people sign up afterwards, too
	}
	if s.end(r.backend, chosen.name) {
		r.books.hung++
	}
	if other != nil {
		s.sleep(10*time.Millisecond, 300*time.Millisecond) // people sign up at the other
		s.end(other, "")
	}
	crew.end()
	if chosen.heals {
		r.books.hung += int(crew.unanswered.Load())
	}
	if chosen.name == postmasterKilled {
		err = errors.Join(err, s.cluster.Restart(ctx))
	}
	if err != nil {
		return err
	}
	r.books.acknowledged += s.ledger.count(where) - before
	return s.check(ctx, where, r.books)
}

// unhealed counts the people of a round whose mail does not come although everything works again.
func (s *siege) unhealed(ctx context.Context, where string, crew *crew) (people int) {
	if !hasMocks(where) {
		return 0
	}
	const patience = time.Minute
	signedUp := crew.signedUp()
	for deadline := time.Now().Add(patience); ctx.Err() == nil; time.Sleep(20 * time.Millisecond) {
		people = 0
		for _, email := range signedUp {
			if s.mocks.token(email) == "" {
				people++
			}
		}
		if people == 0 || time.Now().After(deadline) {
			break
		}
	}
	return people
}

// end waits for a backend that was told to end, and kills any other. It reports whether the backend did not end in time.
func (s *siege) end(backend *exec.Cmd, event string) (hung bool) {
	ended := make(chan struct{})
	go func() {
		_ = backend.Wait() // it was killed
		close(ended)
	}()
	if event == terminated || event == halfSent {
		select {
		case <-ended:
			return false
		case <-time.After(20 * time.Second):
			hung = true
		}
	}
	_ = backend.Process.Kill() // it may have ended
	<-ended
	return hung
}

// check compares the database with the ledger. The counts are of the whole database, so the last round's count.
func (s *siege) check(ctx context.Context, where string, books *siegeBooks) error {
	if err := s.quiet(ctx, where); err != nil {
		return err
	}
	rows, verified := map[string]int{}, map[string]bool{}
	people, mailed := 0, 0
	for row, err := range store.Audit(ctx, s.location(where), s.key) {
		if err != nil {
			return err
		}
		rows[row.Email]++
		people++
		verified[row.Email] = row.NIK != ""
		if s.mocks.token(row.Email) != "" {
			mailed++
		}
	}
	books.lost, books.duplicates = 0, people-len(rows)
	for email := range s.ledger.of(where) {
		if rows[email] == 0 {
			books.lost++
		}
	}
	for email := range s.ledger.of(where + identified) {
		if !verified[email] {
			books.lost++
		}
	}
	opened, err := store.Open(ctx, s.location(where), store.Options{Key: s.key})
	if err != nil {
		return err
	}
	pending, _, err := opened.PendingJobs(ctx, store.JobMail)
	books.orphans = max(0, pending-people, people-pending-mailed) // a mail that was sent may still be pending
	return errors.Join(err, opened.Close())
}

// quiet waits until PostgreSQL has finished the work of backends that are gone, so that people and mails are counted in one
// state.
func (s *siege) quiet(ctx context.Context, where string) error {
	if store.IsFile(s.location(where)) {
		return nil
	}
	db, err := sql.Open("pgx", s.cluster.URL())
	if err != nil {
		return err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	const (
		sessions = `SELECT count(*) FROM pg_stat_activity
			WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()`
		patience = time.Minute
	)
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		var others int
		if err := db.QueryRowContext(ctx, sessions).Scan(&others); err != nil || others == 0 {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("PostgreSQL still works for %d clients that are gone", others)
		}
	}
}
