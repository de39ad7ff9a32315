package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Batch is a batch of people (gelombang).
type Batch struct {
	ID       int
	Quota    int // 0 means no limit
	Members  int
	Closed   bool
	Selected bool
	Seed     string // of the selection; empty before the draw
	Places   int    // number of places drawn
}

type join struct {
	person int64
	at     time.Time
	batch  int
}

// Join gives a person a place in the open batch and returns its number. For a member it returns the number
// again. It refuses with ErrBatchFull, or with ErrOutOfOrder before SetEligible.
func (s *Store) Join(person int64, at time.Time) (batch int, err error) {
	op := &join{person: person, at: at}
	err = s.do(op)
	return op.batch, err
}

func (o *join) apply(e *engine) error {
	if err := o.ask(e); err != nil || o.batch != 0 {
		return err
	}
	err := e.queryRow(takePlace).Scan(&o.batch)
	if errors.Is(err, sql.ErrNoRows) { // unless another replica has just given this person the last place
		if err := o.ask(e); err != nil || o.batch != 0 {
			return err
		}
		return ErrBatchFull
	}
	if err != nil {
		return err
	}
	n, err := e.exec(setBatch, o.batch, o.at.UnixMilli(), o.person)
	if err == nil && n == 0 {
		return errAgain // another replica has joined this person in the meantime
	}
	return err
}

// ask checks whether the person is already a member, and refuses a person who may not join.
func (o *join) ask(e *engine) error {
	var eligible bool
	err := e.queryRow(askJoin, o.person).Scan(&o.batch, &eligible)
	if errors.Is(err, sql.ErrNoRows) || err == nil && o.batch == 0 && !eligible {
		return ErrOutOfOrder
	}
	return err
}

type closing struct {
	at    time.Time
	which int
	batch int
}

// CloseBatch closes the open batch, opens the next with the same quota and returns the number of the closed
// one. It refuses with ErrOutOfOrder if which is not 0 and another batch is open.
func (s *Store) CloseBatch(which int, at time.Time) (batch int, err error) {
	op := &closing{at: at, which: which}
	err = s.do(op)
	return op.batch, err
}

func (o *closing) apply(e *engine) error {
	var quota int
	err := e.queryRow(closeBatch, o.at.UnixMilli(), o.which).Scan(&o.batch, &quota)
	if errors.Is(err, sql.ErrNoRows) {
		return ErrOutOfOrder
	}
	if err == nil {
		_, err = e.exec(openBatch, o.batch+1, quota)
	}
	return err
}

// Selection is a draw among the members of a closed batch.
type Selection struct {
	Batch      int
	Seed       string // published, so that anyone who knows the members can repeat the draw
	Places     int
	WithPhotos bool // draw only among those with a photo
	At         time.Time
	winners    int
}

// Select draws once, finally, and returns the number of winners. It refuses with ErrOutOfOrder if the batch is
// open or has been drawn.
func (s *Store) Select(selection Selection) (winners int, err error) {
	err = s.do(&selection)
	return selection.winners, err
}

func (o *Selection) apply(e *engine) error {
	n, err := e.exec(selectBatch, o.Seed, o.Places, o.At.UnixMilli(), o.Batch)
	if err != nil {
		return err
	}
	if n == 0 {
		return ErrOutOfOrder
	}
	rows, err := e.query(batchMembers, o.Batch, btoi(o.WithPhotos))
	if err != nil {
		return err
	}
	members, err := scanAll(rows, func(id *int64) []any { return []any{id} })
	if err != nil {
		return err
	}
	winners := Draw(o.Seed, members, o.Places)
	for _, person := range winners {
		if _, err := e.exec(setSelected, o.At.UnixMilli(), person); err != nil {
			return err
		}
	}
	o.winners = len(winners)
	return nil
}

// Draw returns the winners among the members: those with the smallest SHA-256 of the seed, a zero byte and the
// member's number as eight big-endian bytes. Nobody can predict the draw before the seed is known, and anyone
// can verify it afterwards.
func Draw(seed string, members []int64, places int) []int64 {
	type ticket struct {
		person int64
		hash   [sha256.Size]byte
	}
	tickets := make([]ticket, len(members))
	for i, person := range members {
		tickets[i] = ticket{person, sha256.Sum256(binary.BigEndian.AppendUint64([]byte(seed+"\x00"), uint64(person)))}
	}
	slices.SortFunc(tickets, func(a, b ticket) int { return slices.Compare(a.hash[:], b.hash[:]) })
	var winners []int64
	for _, t := range tickets[:min(max(0, places), len(tickets))] {
		winners = append(winners, t.person)
	}
	return winners
}

// Batch returns one batch, or ErrUnknown. Number 0 means the open batch.
func (s *Store) Batch(ctx context.Context, number int) (b Batch, err error) {
	if number == 0 {
		if err := s.engine.read[currentBatch].QueryRowContext(ctx).Scan(&number); err != nil {
			return b, fmt.Errorf("%w: read a batch: %w", ErrStorage, err)
		}
	}
	var closed, selected int64
	err = s.engine.read[selectBatches].QueryRowContext(ctx, number).Scan(&b.ID, &b.Quota, &b.Members, &closed, &b.Seed, &b.Places, &selected)
	b.Closed, b.Selected = closed != 0, selected != 0
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return b, ErrUnknown
	case err != nil:
		return b, fmt.Errorf("%w: read a batch: %w", ErrStorage, err)
	}
	return b, nil
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// scanAll reads all rows into the targets that fields returns.
func scanAll[T any](rows *sql.Rows, fields func(*T) []any) ([]T, error) {
	defer rows.Close()
	var all []T
	for rows.Next() {
		var one T
		if err := rows.Scan(fields(&one)...); err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}
