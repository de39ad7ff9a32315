package drill

import (
	"bufio"
	"context"
	"log/slog"
)

// The names of the parts, in reports and messages.
const (
	backendPart   = "backend"
	mocksPart     = "mocks"
	generatorPart = "generator"
	clusterPart   = "postgres" // the run's own PostgreSQL
)

// part describes one kind of part.
type part struct {
	name string
	is   func(Order) bool // whether the order makes a process this part
	// heapGrowth is the percentage by which the heap may always grow between garbage collections. It is small for
	// the generator, so that a million people who think do not take twice their size.
	heapGrowth int
	// halfTheCores is set for the mocks. They mostly wait, and goroutines that look for work on more cores would take
	// CPU time from the parts that are measured.
	halfTheCores bool
	serve        func(ctx context.Context, order Order, scanner *bufio.Scanner, messages *writer, log *slog.Logger) error
}

// parts lists the kinds of part.
func parts() []part {
	return []part{
		{
			name: backendPart, is: func(o Order) bool { return o.Backend != nil }, heapGrowth: 100,
			serve: func(ctx context.Context, o Order, scanner *bufio.Scanner, messages *writer, log *slog.Logger) error {
				return serveBackend(ctx, *o.Backend, scanner, messages, log)
			},
		},
		{
			name: mocksPart, is: func(o Order) bool { return o.Mocks != nil }, heapGrowth: 100, halfTheCores: true,
			serve: func(ctx context.Context, o Order, scanner *bufio.Scanner, messages *writer, _ *slog.Logger) error {
				return serveMocks(ctx, *o.Mocks, scanner, messages)
			},
		},
		{
			name: generatorPart, is: func(o Order) bool { return o.Generator != nil }, heapGrowth: 50,
			serve: func(ctx context.Context, o Order, scanner *bufio.Scanner, messages *writer, _ *slog.Logger) error {
				return serveGenerator(ctx, *o.Generator, scanner, messages)
			},
		},
	}
}

// part returns the part that the order makes a process, and whether it makes one at all.
func (o Order) part() (part, bool) {
	for _, p := range parts() {
		if p.is(o) {
			return p, true
		}
	}
	return part{}, false
}
