package store

import "errors"

// ErrStorage means that an operation was not written because the disk is full or broken. Nothing was
// acknowledged, and the operation may be repeated.
var ErrStorage = errors.New("storage failed; check the disk's free space and health")

// ErrClosed means that the store has been closed.
var ErrClosed = errors.New("the store is closed")

// ErrUsed means that a database that should be empty already holds people.
var ErrUsed = errors.New("the database already holds people; name a fresh file or schema")

// Refusal is an operation's correct no. Nothing was written.
type Refusal string

// The refusals.
const (
	ErrUnknown    = Refusal("no such row")
	ErrKeyOther   = Refusal("the key was used for another request")
	ErrKeyRuns    = Refusal("the request under this key is still running")
	ErrTries      = Refusal("no such code, or no attempt left")
	ErrTooSoon    = Refusal("the last message was sent moments ago")
	ErrLinkUsed   = Refusal("the link is unknown, used or expired")
	ErrNIKTaken   = Refusal("the NIK belongs to another person")
	ErrOutOfOrder = Refusal("an earlier step is missing")
	ErrBatchFull  = Refusal("the batch is full")
	ErrSoldOut    = Refusal("nothing is left of the stock")
	ErrNoStock    = Refusal("no such stock")
	ErrNoBooking  = Refusal("no such booking")
	ErrBooked     = Refusal("more of the stock are booked already")
)

// Error implements error.
func (r Refusal) Error() string { return string(r) }
