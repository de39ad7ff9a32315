package mocks

import (
	"context"
	"strconv"
	"strings"

	"github.com/valyala/fasthttp"

	"github.com/ombak-sim/ombak/population"
)

// registry answers questions by a number: GET prefix{number}. An unknown number gets an answer too, not 404.
type registry struct {
	context context.Context
	station *Station
	topics  []topic
}

// builtIn is a built-in registry.
type builtIn struct {
	name   string // which is a kind of dependency
	topics func(population.Population) []topic
}

// builtIns lists the registries except Dukcapil, which has its own protocol. Add a registry here.
func builtIns() []builtIn {
	return []builtIn{
		{"dapodik", dapodikTopics},
		{"dtks", dtksTopics},
	}
}

// Registries names the registries, Dukcapil first.
func Registries() []string {
	names := []string{DukcapilName}
	for _, built := range builtIns() {
		names = append(names, built.name)
	}
	return names
}

// topic is one kind of question.
type topic struct {
	prefix string // of the path
	number string // name of the number
	about  func(number string, stale bool) any
}

func (r *registry) handle(ctx *fasthttp.RequestCtx) {
	topic, number := r.find(string(ctx.Path()))
	switch {
	case topic == nil:
		fail(ctx, fasthttp.StatusNotFound, r.help())
		return
	case !ctx.IsGet():
		fail(ctx, fasthttp.StatusMethodNotAllowed, "use GET")
		return
	}
	refusal, err := r.station.Visit(r.context, ctx.Conn())
	switch {
	case err != nil:
		stopped(ctx)
	case refusal != Served:
		refuse(ctx, refusal)
	default:
		answer(ctx, fasthttp.StatusOK, topic.about(number, isStale(ctx)))
	}
}

func (r *registry) find(path string) (*topic, string) {
	for i := range r.topics {
		if number, found := strings.CutPrefix(path, r.topics[i].prefix); found && number != "" && !strings.Contains(number, "/") {
			return &r.topics[i], number
		}
	}
	return nil, ""
}

func (r *registry) help() string {
	var ways []string
	for _, topic := range r.topics {
		ways = append(ways, "GET "+topic.prefix+"{"+topic.number+"}")
	}
	return "use " + strings.Join(ways, " or ")
}

// pupil is Dapodik's answer about a person. Schools and colleges are reported together.
type pupil struct {
	NIK    string `json:"nik,omitempty"`
	Active bool   `json:"active"`
	NISN   string `json:"nisn,omitempty"`
	NPSN   string `json:"npsn,omitempty"`
	Level  string `json:"level,omitempty"` // "school" or "college"
}

// school is Dapodik's answer about a school.
type school struct {
	NPSN   string `json:"npsn"`
	Active bool   `json:"active"`
	Name   string `json:"name,omitempty"`
}

// dapodikTopics returns Dapodik's topics: pupils by NIK or NISN, schools by NPSN. A stale answer dates from
// before people left or entered school.
func dapodikTopics(people population.Population) []topic {
	byNIK := func(nik string, stale bool) any {
		index, owned := people.Owner(nik)
		if !owned {
			return pupil{NIK: nik}
		}
		return pupilOf(people, index, nik, stale)
	}
	byNISN := func(nisn string, stale bool) any {
		index, known := indexOfNISN(nisn)
		if !known || !people.Traits(index).Has(population.Pupil) {
			return pupil{NISN: nisn}
		}
		return pupilOf(people, index, people.Person(index).NIK, stale)
	}
	return []topic{
		{"/dapodik/pupils/", "nik", byNIK},
		{"/dapodik/nisn/", "nisn", byNISN},
		{"/dapodik/schools/", "npsn", func(npsn string, _ bool) any { return schoolOf(npsn) }},
	}
}

func pupilOf(people population.Population, index uint64, nik string, stale bool) pupil {
	enrolled := people.Traits(index).HasAny(population.Pupil | population.Student)
	if enrolled == stale {
		return pupil{NIK: nik}
	}
	found := people.Person(index).School // nothing more is known about a person who has left
	return pupil{NIK: nik, Active: true, NISN: found.NISN, NPSN: found.NPSN, Level: found.Level}
}

// indexOfNISN inverts the numbering of package population: a 4 and nine digits of the index.
func indexOfNISN(nisn string) (index uint64, ok bool) {
	digits, ours := strings.CutPrefix(nisn, "4")
	if !ours || len(digits) != 9 {
		return 0, false
	}
	index, err := strconv.ParseUint(digits, 10, 64)
	return index, err == nil && index < population.Size
}

// schoolOf invents a school for every number that no real school has: real numbers do not begin with 0.
func schoolOf(npsn string) school {
	number, err := strconv.ParseUint(npsn, 10, 64)
	if err != nil || len(npsn) != 8 || npsn[0] != '0' {
		return school{NPSN: npsn}
	}
	return school{NPSN: npsn, Active: true, Name: "SEKOLAH SIMULASI " + strconv.FormatUint(number, 10)}
}

// household is DTKS's answer.
type household struct {
	NIK        string `json:"nik,omitempty"`
	Registered bool   `json:"registered"` // whether it receives social aid
	KK         string `json:"kk,omitempty"`
}

// dtksTopics returns DTKS's topics: households by the NIK of a member, or by KK. A stale answer dates from
// before a household was registered or removed.
func dtksTopics(people population.Population) []topic {
	of := func(index uint64, nik string, stale bool) household {
		if people.Traits(index).Has(population.Welfare) == stale {
			return household{NIK: nik}
		}
		return household{NIK: nik, Registered: true, KK: people.Person(index).KK}
	}
	byNIK := func(nik string, stale bool) any {
		index, owned := people.Owner(nik)
		if !owned {
			return household{NIK: nik}
		}
		return of(index, nik, stale)
	}
	byKK := func(kk string, stale bool) any {
		number, known := population.HouseholdOfKK(kk)
		first := number * population.HouseholdSize
		if !known || people.Person(first).KK != kk {
			return household{KK: kk}
		}
		found := of(first, "", stale)
		found.KK = kk
		return found
	}
	return []topic{{"/dtks/households/", "nik", byNIK}, {"/dtks/cards/", "kk", byKK}}
}
