package backend

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"unicode"

	"github.com/valyala/fasthttp"

	"github.com/ombak-sim/ombak/backend/store"
)

// meBody shows a person's progress.
type meBody struct {
	Email     string `json:"email"`
	Name      string `json:"name"`
	Phone     string `json:"phone"`
	Given     bool   `json:"phone_given"` // by the owner of the address; otherwise by whoever signed it up
	Identity  string `json:"identity"`    // the registry's verdict, pending, or empty
	Profile   bool   `json:"profile"`
	Photo     bool   `json:"photo"`
	Selfie    bool   `json:"selfie"`
	Proved    bool   `json:"phone_verified"`
	Statement bool   `json:"statement"`
	Test      bool   `json:"test"`
	Eligible  bool   `json:"eligible"`
	Batch     int    `json:"batch,omitempty"`    // absent before joining
	Selected  *bool  `json:"selected,omitempty"` // absent before the draw

	Bookings []string `json:"bookings,omitempty"` // the stocks of which the person has booked one
}

// me returns what the service knows about the person's progress.
func (s *Server) me(_ *fasthttp.RequestCtx, person store.Person) (reply, error) {
	body := meBody{
		Email: person.Email, Name: person.Name, Phone: person.Phone, Given: person.PhoneGiven, Identity: person.Identity, Profile: person.Profile, Photo: person.Photo != "", Selfie: person.Selfie != "",
		Proved: person.PhoneProved, Statement: person.Statement, Test: !person.TestDue.IsZero(), Eligible: person.Eligible, Batch: person.Batch,
	}
	var err error
	if body.Bookings, err = s.store.Bookings(context.Background(), person.ID); err != nil || person.Batch == 0 {
		return reply{fasthttp.StatusOK, body}, err
	}
	batch, err := s.store.Batch(context.Background(), person.Batch)
	if err == nil && batch.Selected {
		body.Selected = &person.Selected
	}
	return reply{fasthttp.StatusOK, body}, err
}

// erase erases a person: it removes the photos, then empties the row. The row goes last, so that the client can
// repeat a request that failed.
func (s *Server) erase(_ *fasthttp.RequestCtx, person store.Person) (reply, error) {
	defer s.lockPhotos(person.ID)()
	person, err := s.store.Person(context.Background(), person.ID) // the photos may have changed since the session was checked
	for _, photo := range []string{person.Photo, person.Selfie} {
		if err == nil && !s.store.Shared() {
			err = dropPhoto(s.config.PhotoDir, person.ID, photo)
		}
	}
	if err == nil {
		err = s.store.Erase(person.ID, s.config.Wall())
	}
	return reply{fasthttp.StatusOK, statusBody{"erased"}}, err
}

// publicBatch is the public part of a batch.
type publicBatch struct {
	Number  int    `json:"number"`
	Quota   int    `json:"quota,omitempty"` // absent if there is no limit
	Members int    `json:"members"`
	Closed  bool   `json:"closed"`
	Seed    string `json:"seed,omitempty"`   // of the draw; absent before it
	Places  int    `json:"places,omitempty"` // number of members drawn
}

func publish(b store.Batch) publicBatch {
	return publicBatch{b.ID, b.Quota, b.Members, b.Closed, b.Seed, b.Places}
}

// batch shows the batch with the given number, or the open batch.
func (s *Server) batch(ctx *fasthttp.RequestCtx) (reply, error) {
	number := 0
	if text := string(ctx.QueryArgs().Peek("number")); text != "" {
		row, err := parseRow(text)
		if err != nil || row > 1<<31 {
			return reply{}, invalid("number must be the number of a batch")
		}
		number = int(row)
	}
	batch, err := s.store.Batch(context.Background(), number)
	if errors.Is(err, store.ErrUnknown) {
		return reply{}, &fault{status: fasthttp.StatusNotFound, code: "unknown_batch", message: "there is no such batch"}
	}
	return reply{fasthttp.StatusOK, publish(batch)}, err
}

// selectionOrder is the body of a draw on the admin listener.
type selectionOrder struct {
	Batch      int    `json:"batch"`
	Seed       string `json:"seed"`
	Places     int    `json:"places"`
	WithPhotos bool   `json:"with_photos"` // draw only members who have a photo; for flows where photos may come later
}

func parseSelection(body []byte) (o selectionOrder, err error) {
	if err := json.Unmarshal(body, &o); err != nil {
		return o, errors.New("the body is not valid JSON for this request")
	}
	const most = 1 << 31 // upper limit of a batch number and of places
	if o.Batch < 1 || o.Batch > most || o.Places < 1 || o.Places > most || len(o.Seed) < 8 || len(o.Seed) > 200 || strings.ContainsFunc(o.Seed, unicode.IsControl) {
		return o, errors.New("give a batch, places above 0 and a seed of 8 to 200 characters on one line")
	}
	return o, nil
}
