//go:build !unix

package postgres

import (
	"context"
	"errors"
	"os"
)

// ErrNotInstalled is returned by [Start] where no server can be started.
var ErrNotInstalled = errors.New("ombak cannot start a PostgreSQL of its own on this system; give the URL of a running server")

// Cluster is a running server. There is none on this system.
type Cluster struct{}

// Start returns [ErrNotInstalled].
func Start(context.Context) (*Cluster, error) { return nil, ErrNotInstalled }

// Restart returns [ErrNotInstalled].
func (c *Cluster) Restart(context.Context) error { return ErrNotInstalled }

// Kill returns [ErrNotInstalled].
func (c *Cluster) Kill() error { return ErrNotInstalled }

// URL returns nothing.
func (c *Cluster) URL() string { return "" }

// Folder returns nothing.
func (c *Cluster) Folder() string { return "" }

// Ended returns a channel that never delivers.
func (c *Cluster) Ended() <-chan struct{} { return nil }

// Cause returns [ErrNotInstalled].
func (c *Cluster) Cause() error { return ErrNotInstalled }

// Stop returns [ErrNotInstalled].
func (c *Cluster) Stop() (*os.ProcessState, error) { return nil, ErrNotInstalled }
