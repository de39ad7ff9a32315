package mocks

import (
	"context"
	"strings"

	"github.com/valyala/fasthttp"

	"github.com/ombak-sim/ombak/population"
)

// registry answers a question about one NIK: GET prefix{nik}. Whoever it does not know gets an
// answer too, not 404.
type registry struct {
	context context.Context
	prefix  string
	station *Station
	about   func(nik string) any
}

func (r *registry) handle(ctx *fasthttp.RequestCtx) {
	nik, found := strings.CutPrefix(string(ctx.Path()), r.prefix)
	switch {
	case !found || nik == "":
		fail(ctx, fasthttp.StatusNotFound, "use GET "+r.prefix+"{nik}")
		return
	case !ctx.IsGet():
		fail(ctx, fasthttp.StatusMethodNotAllowed, "use GET")
		return
	}
	refusal, err := r.station.Visit(r.context)
	switch {
	case err != nil:
		stopped(ctx)
	case refusal != Served:
		refuse(ctx, refusal)
	default:
		answer(ctx, fasthttp.StatusOK, r.about(nik))
	}
}

// pupil is what Dapodik says; schools and colleges are told together.
type pupil struct {
	NIK    string `json:"nik"`
	Active bool   `json:"active"`
	NISN   string `json:"nisn,omitempty"`
	NPSN   string `json:"npsn,omitempty"`
	Level  string `json:"level,omitempty"` // "school" or "college"
}

// pupilsOf returns what Dapodik knows of people.
func pupilsOf(people population.Population) func(nik string) any {
	return func(nik string) any {
		index, owned := people.Owner(nik)
		if !owned || !people.Traits(index).HasAny(population.Pupil|population.Student) {
			return pupil{NIK: nik}
		}
		school := people.Person(index).School
		return pupil{NIK: nik, Active: true, NISN: school.NISN, NPSN: school.NPSN, Level: school.Level}
	}
}

// household is what DTKS says.
type household struct {
	NIK        string `json:"nik"`
	Registered bool   `json:"registered"` // receives social aid
	KK         string `json:"kk,omitempty"`
}

// householdsOf returns what DTKS knows of people.
func householdsOf(people population.Population) func(nik string) any {
	return func(nik string) any {
		index, owned := people.Owner(nik)
		if !owned || !people.Traits(index).Has(population.Welfare) {
			return household{NIK: nik}
		}
		return household{NIK: nik, Registered: true, KK: people.Person(index).KK}
	}
}
