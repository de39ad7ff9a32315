package registry

import (
	"context"
	"errors"
)

// ErrLeft means that a caller closed its connection while its request waited at a gate.
var ErrLeft = errors.New("the caller has left")

type callerKey struct{}

// watch returns a channel that is closed when the caller of a request leaves, and a func that ends the watching.
type watch func() (gone <-chan struct{}, forget func())

// WithCaller returns a context in which a request that waits at a gate leaves it when its caller does. The func is called
// only if the request has to wait.
func WithCaller(ctx context.Context, caller func() (gone <-chan struct{}, forget func())) context.Context {
	return context.WithValue(ctx, callerKey{}, watch(caller))
}

// withoutCaller returns a context in which nobody's leaving is noticed, for calls that others wait for too.
func withoutCaller(ctx context.Context) context.Context {
	return context.WithValue(ctx, callerKey{}, watch(nil))
}

func watchCaller(ctx context.Context) (gone <-chan struct{}, forget func()) {
	if caller, known := ctx.Value(callerKey{}).(watch); known && caller != nil {
		return caller()
	}
	return nil, func() {}
}
