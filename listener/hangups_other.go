//go:build !linux

package listener

import "net"

// Hangups notices nobody on this system.
type Hangups struct{}

// NewHangups returns a Hangups that notices nobody.
func NewHangups() (h *Hangups, run func(), err error) { return nil, func() {}, nil }

// Close does nothing.
func (h *Hangups) Close() error { return nil }

// Watch returns a channel that is never closed.
func (h *Hangups) Watch(net.Conn) (gone <-chan struct{}, forget func()) { return nil, func() {} }
