package population

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"slices"
	"strings"
	"time"

	"github.com/ombak-sim/ombak/workload"
)

// Population is a set of people; see the package comment. Copies are cheap and share data.
type Population struct{ made *made }

type made struct {
	salt    string // begins every e-mail address; empty for the people of the seed alone
	shift   uint64 // added to the indexes in phone numbers
	seed    workload.Seed
	traits  workload.Streams
	welfare workload.Streams
	opens   date
	odds    odds
	custom  *custom
}

// New returns the people of one seed, Indonesians, with ages relative to the day (WIB) on which registration opens. The shares must be
// valid; see [Shares.Validate].
func New(seed workload.Seed, opens time.Time, shares Shares) Population {
	return Population{&made{seed: seed, traits: seed.Streams(traitPurpose), welfare: seed.Streams(welfarePurpose), opens: dateOf(opens), odds: newOdds(shares), custom: customOf(Indonesia)}}
}

// Fresh returns the same people, traits and names, with e-mail addresses and phone numbers that no other run has, so that
// a service that has met them before takes them for new. [IndexOfEmail] still leads to the index; [IndexOfPhone] does not.
func (p Population) Fresh(run string) Population {
	made, digest := *p.made, sha256.Sum256([]byte(run))
	made.salt = strings.ToLower(base32.HexEncoding.EncodeToString(digest[:5])) + "."
	made.shift = 1 + binary.BigEndian.Uint64(digest[8:])%(Size-1)
	return Population{&made}
}

// Identity is a person's identity, as a registry holds it or as the person states it.
type Identity struct {
	NIK        string    // 16 digits
	KK         string    // 16 digits
	Name       string    // as on the card, mixed case
	BirthPlace string    // a city
	BirthDate  time.Time // midnight UTC of the day
	Woman      bool
}

// Person is one synthetic person with their true data.
type Person struct {
	Identity
	Index  uint64
	Traits Traits
	Email  string // their own mailbox, which mail to a mistyped address does not reach
	Phone  string // their own phone, +62… in Indonesia
	School School // the zero value for people who attend none
}

// School is where a pupil or student is active.
type School struct {
	Level string // "school", "college", or empty
	NPSN  string // 8 digits
	NISN  string // 10 digits; empty for students
}

// Form is what a person submits at one attempt.
type Form struct {
	Identity
	Email   string
	Phone   string
	Mailbox string // where mail to the right address arrives
}

// Record is what the registry holds under a person's NIK.
type Record struct {
	Identity
	State Traits // one of NotFound, Deceased, Duplicate, Inactive, Mismatch; 0 for a clean record
}

var (
	agePurpose   = workload.NewPurpose("population.age")
	namePurpose  = workload.NewPurpose("population.name")
	cardPurpose  = workload.NewPurpose("population.card")
	digitPurpose = workload.NewPurpose("population.digit")
	otherPurpose = workload.NewPurpose("population.mismatch")
)

// Person returns a person in full. It panics if the index is not below [Size].
func (p Population) Person(index uint64) Person {
	traits := p.Traits(index)
	identity := p.identity(index, traits)
	return Person{
		Identity: identity,
		Index:    index,
		Traits:   traits,
		Email:    p.email(identity.Name, index, false),
		Phone:    p.phone(index, 0),
		School:   schoolOf(index, traits),
	}
}

// BirthDate returns a person's date of birth, at midnight UTC. It is cheaper than [Population.Person].
func (p Population) BirthDate(index uint64) time.Time { return p.birthDate(index, p.Traits(index)) }

// Form returns what a person submits. The first attempt is 1. A wrong NIK or phone digit is corrected at the second
// attempt, because the person is told. A wrong e-mail domain stays, because no message tells them.
func (p Population) Form(index uint64, attempt int) Form {
	person := p.Person(index)
	form := Form{Identity: person.Identity, Email: person.Email, Phone: person.Phone, Mailbox: person.Email}
	if person.Traits.Has(MistypedEmail) {
		form.Email = p.email(person.Name, index, true)
	}
	if attempt > 1 {
		return form
	}
	stream := p.made.seed.Stream(digitPurpose, index, 0, 0)
	if person.Traits.Has(MistypedPhone) {
		form.Phone = p.phone(index, uint64(1+stream.IntN(9)))
	}
	if person.Traits.Has(MistypedNIK) {
		nik := []byte(form.NIK)
		wrongDigit(nik, stream.IntN)
		form.NIK = string(nik)
	}
	return form
}

func (p Population) email(name string, index uint64, typo bool) string {
	domain := p.made.custom.domains[index%mailProviders]
	return string(appendEmail(append(make([]byte, 0, 64), p.made.salt...), name, index, domain.spelt(typo)))
}

func (p Population) phone(index, wrong uint64) string {
	return string(p.made.custom.phone(make([]byte, 0, 15), (index+p.made.shift)%Size, wrong))
}

// Record returns what the registry holds. If the record mismatches, half of the people have another birth date there and
// half another name. The NIK is theirs all the same, because it is never reissued.
func (p Population) Record(index uint64) Record {
	traits := p.Traits(index)
	record := Record{Identity: p.identity(index, traits), State: traits & (NotFound | Deceased | Duplicate | Inactive | Mismatch)}
	if !traits.Has(Mismatch) {
		return record
	}
	stream := p.made.seed.Stream(otherPurpose, index, 0, 0)
	if stream.IntN(2) == 0 {
		record.BirthDate = record.BirthDate.AddDate(0, 0, 1+stream.IntN(300))
		return record
	}
	for own := record.Name; record.Name == own; {
		record.Name = p.made.custom.name(record.Woman, stream.IntN)
	}
	return record
}

// Owner returns the index of the owner of a NIK if all of its digits are correct, date included.
func (p Population) Owner(nik string) (index uint64, ok bool) {
	index, ok = IndexOfNIK(nik)
	if !ok {
		return 0, false
	}
	var typed, right [nikLength]byte
	digits, _ := digitsOf(nik, typed[:0])
	traits := p.Traits(index)
	own := appendNIK(right[:0], index, p.birthDate(index, traits), traits.Has(Woman))
	return index, string(digits) == string(own)
}

func (p Population) identity(index uint64, traits Traits) Identity {
	if index >= Size {
		panic("population: the index of a person must be below Size")
	}
	born, woman := p.birthDate(index, traits), traits.Has(Woman)
	stream := p.made.seed.Stream(namePurpose, index, 0, 0)
	return Identity{
		NIK:        string(appendNIK(make([]byte, 0, nikLength), index, born, woman)),
		KK:         p.card(HouseholdOf(index)),
		Name:       p.made.custom.name(woman, stream.IntN),
		BirthPlace: p.made.custom.places[stream.IntN(len(p.made.custom.places))],
		BirthDate:  born,
		Woman:      woman,
	}
}

// card returns the KK of a household, issued on a day in the ten years before registration opens.
func (p Population) card(household uint64) string {
	stream := p.made.seed.Stream(cardPurpose, household, 0, 0)
	issued := p.made.opens.yearsBefore(0).AddDate(0, 0, -1-stream.IntN(3650))
	return string(appendKK(make([]byte, 0, nikLength), household, issued))
}

// schoolOf returns school and pupil numbers that are not in use: a real NPSN begins with a digit other than 0, and a real
// NISN with the year of birth without its first digit (inferred).
func schoolOf(index uint64, traits Traits) School {
	npsn := string(appendDigits(make([]byte, 0, 8), HouseholdOf(index)%regions, 8))
	switch {
	case traits.Has(Pupil):
		return School{Level: "school", NPSN: npsn, NISN: string(appendDigits([]byte{'4'}, index, 9))}
	case traits.Has(Student):
		return School{Level: "college", NPSN: npsn}
	}
	return School{}
}

// Fact returns a trait of a person as true or false, or another fact by its name: age, index, or what they enter in a
// form when they make no mistake. It returns nil for an unknown name.
func (p Population) Fact(index uint64, name string) any {
	if bit := slices.Index(traitNames[:], name); bit >= 0 {
		return p.Traits(index).Has(1 << bit)
	}
	switch name {
	case "index":
		return int(index)
	case "age":
		return p.Age(p.BirthDate(index))
	}
	const correct = 2 // the attempt at which nothing is mistyped
	form := p.Form(index, correct)
	switch name {
	case "name":
		return form.Name
	case "email":
		return form.Email
	case "mailbox":
		return form.Mailbox
	case "phone":
		return form.Phone
	case "nik":
		return form.NIK
	case "kk":
		return form.KK
	case "birth_date":
		return form.BirthDate.Format(time.DateOnly)
	}
	return nil
}

// FactNames returns the names that [Population.Fact] knows.
func FactNames() []string {
	return append(slices.Clone(traitNames[:]), "index", "age", "name", "email", "mailbox", "phone", "nik", "kk", "birth_date")
}
