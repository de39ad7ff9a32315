package store_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"pgregory.net/rapid"

	"github.com/ombak-sim/ombak/backend/store"
)

// The size of the model: people, and the NIKs and places they compete for.
const (
	modelPeople = 4
	modelNIKs   = 3
	modelQuota  = 2
	modelStock  = 2 // of what can be booked
)

// action is one call of the store.
type action struct {
	Kind   string // sign-up, verify, identity, eligible, join, book, unbook
	Person int
	NIK    int // from 1
}

// world is the state that the store must keep. It is comparable.
type world struct {
	signed, verified, eligible, joined, booked [modelPeople]bool
	nik                                        [modelPeople]int
}

func (w world) owner(nik int) int {
	for person, has := range w.nik {
		if has == nik {
			return person
		}
	}
	return -1
}

func count(has [modelPeople]bool) (n int) {
	for _, one := range has {
		if one {
			n++
		}
	}
	return n
}

// step is the contract: it returns an action's answer and the world afterwards.
func (w world) step(a action) (string, world) {
	p := a.Person
	switch a.Kind {
	case "sign-up":
		if w.signed[p] {
			return "no mail", w
		}
		w.signed[p] = true
		return "mail", w
	case "verify":
		if w.verified[p] {
			return store.ErrLinkUsed.Error(), w
		}
		w.verified[p] = true
	case "identity":
		switch owner := w.owner(a.NIK); {
		case owner == p:
		case owner >= 0:
			return store.ErrNIKTaken.Error(), w
		case !w.verified[p] || w.nik[p] != 0:
			return store.ErrOutOfOrder.Error(), w
		default:
			w.nik[p] = a.NIK
		}
	case "eligible":
		if w.nik[p] == 0 {
			return store.ErrOutOfOrder.Error(), w
		}
		w.eligible[p] = true
	case "join":
		switch {
		case w.joined[p]:
		case !w.eligible[p]:
			return store.ErrOutOfOrder.Error(), w
		case count(w.joined) == modelQuota:
			return store.ErrBatchFull.Error(), w
		default:
			w.joined[p] = true
		}
	case "book":
		switch {
		case !w.verified[p]:
			return store.ErrOutOfOrder.Error(), w
		case !w.booked[p] && count(w.booked) == modelStock:
			return store.ErrSoldOut.Error(), w
		}
		w.booked[p] = true
	case "unbook":
		if !w.booked[p] {
			return store.ErrNoBooking.Error(), w
		}
		w.booked[p] = false
	}
	return "ok", w
}

// real runs actions on a store.
type real struct {
	store *store.Store
	rows  *sync.Map // person → row number, once signed up
}

// do returns the store's answer, or false if the person's row is not known yet.
func (r real) do(t testing.TB, a action) (string, bool) {
	if a.Kind == "sign-up" {
		mailed, err := r.store.SignUp(signUp(a.Person))
		if err != nil {
			return err.Error(), true
		}
		if mailed {
			return "mail", true
		}
		return "no mail", true
	}
	row, known := r.rows.Load(a.Person)
	if !known {
		return "", false
	}
	id := row.(int64)
	var err error
	switch a.Kind {
	case "verify":
		err = r.store.VerifyEmail(id, signUp(a.Person).Link.Hash, testTime)
	case "identity":
		err = r.store.ClaimNIK(id, fmt.Sprintf("%016d", a.NIK), "1990-01-01", testTime)
	case "eligible":
		err = r.store.SetEligible(id, false, testTime)
	case "join":
		_, err = r.store.Join(id, testTime)
	case "book":
		_, err = r.store.Book(id, "jab", testTime)
	case "unbook":
		err = r.store.Unbook(id, "jab")
	}
	var refusal store.Refusal
	if err != nil && !errors.As(err, &refusal) {
		t.Error(err)
	}
	if err != nil {
		return err.Error(), true
	}
	return "ok", true
}

// learn finds the rows of the people who have signed up.
func (r real) learn(t testing.TB) {
	mails, err := r.store.LeaseJobs(store.JobMail, testTime, testTime, 100)
	if err != nil {
		t.Error(err)
	}
	for _, mail := range mails {
		var person int
		fmt.Sscanf(mail.Email, "p%d@", &person)
		r.rows.Store(person, mail.Person)
	}
}

var kinds = []string{"sign-up", "verify", "identity", "eligible", "join", "book", "unbook"}

// modelOptions open a store that is the model's.
func modelOptions() store.Options {
	return store.Options{Quota: modelQuota, Stocks: map[string]int{"jab": modelStock}}
}

// TestStoreIsTheModel runs actions one after another. Every answer must be the model's.
func TestStoreIsTheModel(t *testing.T) {
	onEach(t, func(t *testing.T, location string) {
		opened := 0
		rapid.Check(t, func(rt *rapid.T) {
			if opened++; opened > 12 { // creating a database for each takes time
				return
			}
			r := real{openStore(t, freshLocation(t, engineOf(location)), modelOptions()), &sync.Map{}}
			defer r.store.Close()
			var w world
			for range rapid.IntRange(5, 60).Draw(rt, "actions") {
				a := action{
					rapid.SampledFrom(kinds).Draw(rt, "kind"), rapid.IntRange(0, modelPeople-1).Draw(rt, "person"),
					rapid.IntRange(1, modelNIKs).Draw(rt, "nik"),
				}
				got, known := r.do(t, a)
				if !known {
					continue
				}
				var want string
				want, w = w.step(a)
				if got != want {
					rt.Fatalf("%+v: %q; want %q", a, got, want)
				}
				if got == "mail" {
					r.learn(t)
				}
			}
		})
	})
}

func engineOf(location string) string {
	if store.IsFile(location) {
		return "sqlite"
	}
	return "postgres"
}

// TestStoreIsLinearizable runs concurrent actions, on PostgreSQL through three replicas, and searches for an
// order of them in which the model gives the same answers (Wing and Gong 1993).
func TestStoreIsLinearizable(t *testing.T) {
	onEach(t, func(t *testing.T, location string) {
		for seed := range uint64(4) {
			t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
				linearizable(t, replicas(t, freshLocation(t, engineOf(location)), modelOptions()), seed)
			})
		}
	})
}

func linearizable(t *testing.T, stores []*store.Store, seed uint64) {
	var rows sync.Map
	var clock atomic.Int64
	var mutex sync.Mutex
	var history []porcupine.Operation
	var wait sync.WaitGroup
	for client := range 6 {
		wait.Go(func() {
			chance := rand.New(rand.NewPCG(seed, uint64(client)))
			r := real{stores[client%len(stores)], &rows}
			for range 40 {
				a := action{kinds[chance.IntN(len(kinds))], chance.IntN(modelPeople), 1 + chance.IntN(modelNIKs)}
				called := clock.Add(1)
				got, known := r.do(t, a)
				returned := clock.Add(1)
				if !known {
					continue
				}
				mutex.Lock()
				history = append(history, porcupine.Operation{ClientId: client, Input: a, Call: called, Output: got, Return: returned})
				mutex.Unlock()
				if got == "mail" {
					r.learn(t)
				}
			}
		})
	}
	wait.Wait()
	model := porcupine.Model{
		Init: func() any { return world{} },
		Step: func(state, input, output any) (bool, any) {
			want, next := state.(world).step(input.(action))
			return want == output.(string), next
		},
	}
	if result := porcupine.CheckOperationsTimeout(model, history, time.Minute); result != porcupine.Ok {
		t.Errorf("%s: no order of %d actions explains the answers", result, len(history))
	}
}
