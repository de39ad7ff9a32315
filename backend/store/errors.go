package store

import "errors"

// ErrStorage says that an operation was not written, for no fault of the caller: the disk is full or
// broken. Nothing of it was acknowledged; it may be tried again.
var ErrStorage = errors.New("storage failed; check the disk's free space and health")

// ErrClosed says that the store has been closed.
var ErrClosed = errors.New("the store is closed")

// ErrUsed says that a database that should be fresh already holds people.
var ErrUsed = errors.New("the database already holds people; name a fresh file or schema")

// Refusal is a correct no of an operation; nothing was written.
type Refusal string

// The refusals.
const (
	ErrUnknown    = Refusal("there is no such row")
	ErrKeyOther   = Refusal("the key was used for another request")
	ErrKeyRuns    = Refusal("the request under this key is still running")
	ErrTries      = Refusal("there is no such code, or no try left")
	ErrTooSoon    = Refusal("the last one was sent just now")
	ErrLinkUsed   = Refusal("the link is unknown, used or expired")
	ErrNIKTaken   = Refusal("the NIK belongs to another person")
	ErrOutOfOrder = Refusal("a step before this one is missing")
	ErrBatchFull  = Refusal("the batch is full")
)

// Error implements error.
func (r Refusal) Error() string { return string(r) }
