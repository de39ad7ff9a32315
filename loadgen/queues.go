package loadgen

import "time"

// spareTimeout is how long the handshake of a connection that serves no request yet may take.
const spareTimeout = 10 * time.Second

// mostDialing is the most connections that a shard opens to one target at once for all people. Requests that are due
// meanwhile wait for the first connection that is established or becomes idle. If each request opened its own, a stall
// of a tenth of a second would open thousands, and opening them would cause the next stall.
//
// Requests that need a connection of their own, because they are cold or their person has no idle one, cannot wait for
// an idle one. They open up to mostOwn at once.
const (
	mostDialing = 64
	mostOwn     = 512
)

// dialable returns the most connections being opened at which another may be opened for a request of the queue.
func dialable(alone bool) int {
	if alone {
		return mostOwn
	}
	return mostDialing
}

// queue returns the index of the queue for requests to a target. Requests that need a connection of their own have
// another queue than those that any connection serves, so that neither wait for the other.
func queue(target int32, alone bool) int32 {
	if alone {
		return 2*target + 1
	}
	return 2 * target
}
