package fleet

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
)

// randomName returns a name that nobody else has.
func randomName() string {
	const letters = "abcdefghijkmnpqrstuvwxyz23456789"
	var b strings.Builder
	for range 12 {
		b.WriteByte(letters[rand.IntN(len(letters))])
	}
	return b.String()
}

// gather sends a question to everybody and returns the answers of those who answer. It waits until nobody has answered
// for the time of quiet.
func gather[T any](ctx context.Context, conn *nats.Conn, subject string, question []byte, quiet time.Duration) ([]T, error) {
	inbox := conn.NewInbox()
	messages := make(chan *nats.Msg, MostGenerators)
	subscription, err := conn.ChanSubscribe(inbox, messages)
	if err != nil {
		return nil, err
	}
	defer subscription.Unsubscribe() //nolint:errcheck // the connection may be closed
	if err := conn.PublishRequest(subject, inbox, question); err != nil {
		return nil, err
	}
	timer := time.NewTimer(quiet)
	defer timer.Stop()
	var answers []T
	for {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-timer.C:
			return answers, nil
		case m := <-messages:
			var one T
			if json.Unmarshal(m.Data, &one) == nil && len(m.Data) > 0 {
				answers = append(answers, one)
			}
			timer.Reset(quiet)
		}
	}
}

// ask returns the agents of a fleet, in the order of their names.
func ask(ctx context.Context, conn *nats.Conn, quiet time.Duration) ([]Description, error) {
	found, err := gather[Description](ctx, conn, askSubject, nil, quiet)
	found = slices.DeleteFunc(found, func(d Description) bool { return !isName(d.Agent) })
	slices.SortFunc(found, func(a, b Description) int { return cmp.Or(cmp.Compare(a.Agent, b.Agent), cmp.Compare(a.ID, b.ID)) })
	return found, err
}

// request asks one agent and decodes its answer. It asks again until the patience ends: every question may come twice.
func request[T any](ctx context.Context, conn *nats.Conn, subject string, question []byte, patience time.Duration) (T, error) {
	const once = 3 * time.Second
	var result T
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		trial, stop := context.WithTimeout(ctx, once)
		m, err := conn.RequestWithContext(trial, subject, question)
		stop()
		if err == nil {
			return result, json.Unmarshal(m.Data, &result)
		}
		if ctx.Err() != nil {
			if errors.Is(err, nats.ErrNoResponders) {
				return result, errors.New("it has left")
			}
			return result, fmt.Errorf("it does not answer (%w)", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(200 * time.Millisecond): // it may come back
		}
	}
}
