package population

import (
	"strings"

	"github.com/ombak-sim/ombak/workload"
)

// Traits is the set of a person's traits.
type Traits uint32

// The traits. At most one of MistypedEmail, FullMailbox and SpamFolder and at most one of
// NotFound to Mismatch is set; Pupil excludes Student; a Student is no Minor.
const (
	Woman Traits = 1 << iota
	Minor
	Pupil
	Student
	Welfare
	MistypedEmail
	FullMailbox
	SpamFolder
	MistypedNIK
	MistypedPhone
	NotFound
	Deceased
	Duplicate
	Inactive
	Mismatch
)

var traitNames = [...]string{
	"woman", "minor", "pupil", "student", "welfare", "mistyped_email", "full_mailbox", "spam_folder",
	"mistyped_nik", "mistyped_phone", "not_found", "deceased", "duplicate", "inactive", "mismatch",
}

// Has reports whether all of the given traits are set.
func (t Traits) Has(traits Traits) bool { return t&traits == traits }

// HasAny reports whether at least one of the given traits is set.
func (t Traits) HasAny(traits Traits) bool { return t&traits != 0 }

// String returns the names of the traits, joined by "+".
func (t Traits) String() string {
	var names []string
	for i, name := range traitNames {
		if t.Has(1 << i) {
			names = append(names, name)
		}
	}
	return strings.Join(names, "+")
}

var (
	traitPurpose   = workload.NewPurpose("population.traits")
	welfarePurpose = workload.NewPurpose("population.welfare")
)

// odds holds the shares, rearranged so that one uniform number decides each question.
type odds struct {
	minor, minorPupil, adultPupil, adultStudent float64 // the last three among minors or adults only; adultStudent counts adult pupils in
	welfare, mistypedNIK, mistypedPhone         float64
	mail                                        [3]float64 // cumulative: MistypedEmail, FullMailbox, SpamFolder
	record                                      [5]float64 // cumulative: NotFound, Deceased, Duplicate, Inactive, Mismatch
}

func newOdds(s Shares) odds {
	o := odds{minor: s.Minors, welfare: s.Welfare, mistypedNIK: s.MistypedNIK, mistypedPhone: s.MistypedPhone}
	if s.Minors > 0 {
		o.minorPupil = s.minorPupils() / s.Minors
	}
	if s.Minors < 1 {
		o.adultPupil = s.adultPupils() / (1 - s.Minors)
		o.adultStudent = o.adultPupil + s.Students/(1-s.Minors)
	}
	accumulate(o.mail[:], s.mail())
	accumulate(o.record[:], s.records())
	return o
}

func accumulate(cumulative []float64, fields []named) {
	sum := 0.0
	for i, field := range fields {
		sum += field.share
		cumulative[i] = sum
	}
}

// Traits returns the traits of a person, in well under a microsecond and without allocating. Every question has its own
// uniform number, so that changing one share affects only its own trait.
func (p Population) Traits(index uint64) Traits {
	o := &p.made.odds
	stream := p.made.traits.Of(index, 0, 0)
	var t Traits
	if stream.Float64() < 0.5 {
		t = Woman
	}
	t |= o.education(stream.Float64(), stream.Float64())
	t |= pick(stream.Float64(), o.mail[:], MistypedEmail)
	t |= pick(stream.Float64(), o.record[:], NotFound)
	if stream.Float64() < o.mistypedNIK {
		t |= MistypedNIK
	}
	if stream.Float64() < o.mistypedPhone {
		t |= MistypedPhone
	}
	if welfare := p.made.welfare.Of(HouseholdOf(index), 0, 0); welfare.Chance(o.welfare) {
		t |= Welfare
	}
	return t
}

func (o *odds) education(age, school float64) Traits {
	switch {
	case age < o.minor && school < o.minorPupil:
		return Minor | Pupil
	case age < o.minor:
		return Minor
	case school < o.adultPupil:
		return Pupil
	case school < o.adultStudent:
		return Student
	}
	return 0
}

// pick returns the trait, counted from first, whose part of [0, 1) contains u, or 0 if none does.
func pick(u float64, cumulative []float64, first Traits) Traits {
	if u >= cumulative[len(cumulative)-1] {
		return 0
	}
	for i, bound := range cumulative {
		if u < bound {
			return first << i
		}
	}
	return 0
}
