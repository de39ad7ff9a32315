package population_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ombak-sim/ombak/population"
	"github.com/ombak-sim/ombak/workload"
)

// opens is the evening on which registration opened in 2020 (WIB).
func opens() time.Time { return time.Date(2020, 4, 11, 12, 0, 0, 0, time.UTC) }

func people(seed uint64) population.Population {
	return population.New(workload.Seed{Value: seed}, opens(), population.DefaultShares())
}

// busy gives every trait to many people, so that few indexes meet all of them.
func busy(seed uint64) population.Population {
	return population.New(workload.Seed{Value: seed}, opens(), population.Shares{
		Minors: 0.3, Pupils: 0.3, Students: 0.2, Welfare: 0.5, MistypedEmail: 0.3, FullMailbox: 0.3, SpamFolder: 0.3,
		MistypedNIK: 0.5, MistypedPhone: 0.5, NotFound: 0.15, Deceased: 0.15, Duplicate: 0.15, Inactive: 0.15, Mismatch: 0.3,
	})
}

func drawIndex(t *rapid.T) uint64 {
	return rapid.OneOf(rapid.Uint64Range(0, population.Size-1), rapid.Uint64Range(0, 5000),
		rapid.Uint64Range(population.Size-5000, population.Size-1)).Draw(t, "index")
}

func TestWhatPeopleSubmitLeadsBackToThem(t *testing.T) {
	p := busy(1)
	rapid.Check(t, func(t *rapid.T) {
		index := drawIndex(t)
		attempt := rapid.IntRange(1, 3).Draw(t, "attempt")
		form := p.Form(index, attempt)
		same(t, "NIK", form.NIK, population.IndexOfNIK, index)
		same(t, "NIK with separators", " "+form.NIK[:6]+"."+form.NIK[6:12]+"-"+form.NIK[12:]+" ", population.IndexOfNIK, index)
		same(t, "KK", form.KK, population.HouseholdOfKK, population.HouseholdOf(index))
		same(t, "e-mail", form.Email, population.IndexOfEmail, index)
		same(t, "e-mail in capitals", "  "+strings.ToUpper(form.Email)+"\n", population.IndexOfEmail, index)
		local, domain, _ := strings.Cut(form.Email, "@")
		same(t, "e-mail without dots", strings.ReplaceAll(local, ".", "")+"+tag@"+domain, population.IndexOfEmail, index)
		same(t, "phone", form.Phone, population.IndexOfPhone, index)
		same(t, "national phone", "0"+strings.TrimPrefix(form.Phone, "+62"), population.IndexOfPhone, index)
		same(t, "phone with separators", form.Phone[:3]+" "+form.Phone[3:7]+"-"+form.Phone[7:], population.IndexOfPhone, index)
	})
}

func same(t *rapid.T, what, text string, invert func(string) (uint64, bool), want uint64) {
	t.Helper()
	if got, ok := invert(text); !ok || got != want {
		t.Fatalf("%s %q leads to %d, %v; want %d", what, text, got, ok, want)
	}
}

func TestPeopleAreConsistent(t *testing.T) {
	p := busy(2)
	rapid.Check(t, func(t *rapid.T) {
		index := drawIndex(t)
		person := p.Person(index)
		traits := p.Traits(index)
		check(t, person.Traits == traits, "Person and Traits disagree")
		check(t, person.Woman == traits.Has(population.Woman), "sex and trait disagree")
		check(t, person.Woman == (person.NIK[6] >= '4'), "NIK %s does not tell a woman by its day", person.NIK)
		check(t, (p.Age(person.BirthDate) < 18) == traits.Has(population.Minor), "age %d, traits %s", p.Age(person.BirthDate), traits)
		check(t, (person.School.Level == "school") == traits.Has(population.Pupil), "school %+v, traits %s", person.School, traits)
		check(t, (person.School.Level == "college") == traits.Has(population.Student), "school %+v, traits %s", person.School, traits)
		if traits.Has(population.Pupil) {
			check(t, len(person.School.NPSN) == 8 && len(person.School.NISN) == 10, "school %+v", person.School)
		}
		day := person.BirthDate.Day()
		if person.Woman {
			day += 40
		}
		encoded := time.Date(2000, person.BirthDate.Month(), 1, 0, 0, 0, 0, time.UTC).Format("01") + person.BirthDate.Format("06")
		check(t, person.NIK[6:8] == string([]byte{'0' + byte(day/10), '0' + byte(day%10)}), "day of %s, born %v", person.NIK, person.BirthDate)
		check(t, person.NIK[8:12] == encoded, "month and year of %s, born %v", person.NIK, person.BirthDate)
		check(t, len(person.NIK) == 16 && len(person.KK) == 16 && person.NIK[0] == '4' && person.KK[0] == '4', "NIK %s KK %s", person.NIK, person.KK)
		check(t, person.KK == p.Person(index/4*4).KK, "members of one household have different cards")
		check(t, traits.Has(population.Welfare) == p.Traits(index/4*4).Has(population.Welfare), "one household, two answers on welfare")
	})
}

func check(t *rapid.T, ok bool, format string, arguments ...any) {
	t.Helper()
	if !ok {
		t.Fatalf(format, arguments...)
	}
}

func TestTypingMistakes(t *testing.T) {
	p := busy(3)
	rapid.Check(t, func(t *rapid.T) {
		index := drawIndex(t)
		person, first, second := p.Person(index), p.Form(index, 1), p.Form(index, 2)
		traits := person.Traits
		check(t, second.Identity == person.Identity && second.Phone == person.Phone, "the second attempt is not right")
		check(t, differing(first.NIK, person.NIK) == count(traits.Has(population.MistypedNIK)), "NIK %s typed %s", person.NIK, first.NIK)
		check(t, differing(first.Phone, person.Phone) == count(traits.Has(population.MistypedPhone)), "phone %s typed %s", person.Phone, first.Phone)
		check(t, population.Rings(first.Phone) != traits.Has(population.MistypedPhone), "phone %s rings wrongly", first.Phone)
		check(t, first.Email == second.Email, "the e-mail changed between attempts")
		check(t, (first.Email == person.Email) != traits.Has(population.MistypedEmail), "e-mail %s typed %s", person.Email, first.Email)
		check(t, population.Deliverable(first.Email) != traits.Has(population.MistypedEmail), "e-mail %s is delivered wrongly", first.Email)
		owner, owned := p.Owner(first.NIK)
		check(t, owned != traits.Has(population.MistypedNIK) && owner == index, "NIK %s belongs to %d, %v", first.NIK, owner, owned)
		day := []byte(first.NIK[6:8])
		if day[0] >= '4' {
			day[0] -= 4 // a woman's
		}
		_, err := time.Parse("060102", first.NIK[10:12]+first.NIK[8:10]+string(day))
		check(t, err == nil, "NIK %s is not well-formed: %v", first.NIK, err)
	})
}

func count(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

func differing(a, b string) int {
	if len(a) != len(b) {
		return -1
	}
	places := 0
	for i := range len(a) {
		places += count(a[i] != b[i])
	}
	return places
}

func TestRecordsDifferOnlyWhereTheyMismatch(t *testing.T) {
	p := busy(4)
	rapid.Check(t, func(t *rapid.T) {
		index := drawIndex(t)
		person, record := p.Person(index), p.Record(index)
		mismatch := person.Traits.Has(population.Mismatch)
		check(t, record.NIK == person.NIK, "the registry reissued a NIK")
		check(t, (record.Identity != person.Identity) == mismatch, "person %+v, record %+v", person.Identity, record.Identity)
		check(t, person.Traits.Has(record.State), "state %s, traits %s", record.State, person.Traits)
	})
}

func TestNothingIsIssuedTwice(t *testing.T) {
	p := people(1)
	seen := make(map[string]uint64)
	for _, from := range []uint64{0, 97_020*4 - 10_000, population.Size - 20_000} {
		for index := from; index < from+20_000; index++ {
			person := p.Person(index)
			for _, text := range []string{person.NIK, person.Email, person.Phone} {
				if other, taken := seen[text]; taken {
					t.Fatalf("%s belongs to both %d and %d", text, other, index)
				}
				seen[text] = index
			}
		}
	}
}

func TestSharesHold(t *testing.T) {
	const n = 200_000
	shares := population.Shares{
		Minors: 0.05, Pupils: 0.06, Students: 0.1, Welfare: 0.2, MistypedEmail: 0.05, FullMailbox: 0.02,
		SpamFolder: 0.08, MistypedNIK: 0.03, MistypedPhone: 0.01, NotFound: 0.02, Deceased: 0.005, Duplicate: 0.01, Inactive: 0.015, Mismatch: 0.04,
	}
	p := population.New(workload.Seed{Value: 7}, opens(), shares)
	counts := map[population.Traits]int{}
	minorPupils := 0
	for index := range uint64(n) {
		traits := p.Traits(index * 997)
		for trait := population.Woman; trait <= population.Mismatch; trait <<= 1 {
			counts[trait] += count(traits.Has(trait))
		}
		minorPupils += count(traits.Has(population.Minor | population.Pupil))
	}
	for trait, share := range map[population.Traits]float64{
		population.Woman: 0.5, population.Minor: shares.Minors, population.Pupil: shares.Pupils, population.Student: shares.Students,
		population.Welfare: shares.Welfare, population.MistypedEmail: shares.MistypedEmail, population.FullMailbox: shares.FullMailbox,
		population.SpamFolder: shares.SpamFolder, population.MistypedNIK: shares.MistypedNIK, population.MistypedPhone: shares.MistypedPhone,
		population.NotFound: shares.NotFound, population.Deceased: shares.Deceased, population.Duplicate: shares.Duplicate,
		population.Inactive: shares.Inactive, population.Mismatch: shares.Mismatch,
	} {
		// Four standard errors of a binomial share.
		tolerance := 4 * math.Sqrt(share*(1-share)/n)
		if got := float64(counts[trait]) / n; math.Abs(got-share) > tolerance {
			t.Errorf("%s: share %v, want %v ± %v", trait, got, share, tolerance)
		}
	}
	if 2*minorPupils < counts[population.Pupil] {
		t.Errorf("of %d pupils only %d are minors", counts[population.Pupil], minorPupils)
	}
}

func TestSharesChangeOnlyTheirOwnPeople(t *testing.T) {
	shares := population.DefaultShares()
	before := population.New(workload.Seed{Value: 1}, opens(), shares)
	shares.MistypedNIK = 0.5
	after := population.New(workload.Seed{Value: 1}, opens(), shares)
	for index := range uint64(20_000) {
		a, b := before.Traits(index), after.Traits(index)
		if a|population.MistypedNIK != b|population.MistypedNIK || a.Has(population.MistypedNIK) && !b.Has(population.MistypedNIK) {
			t.Fatalf("person %d was %s and is %s", index, a, b)
		}
	}
}

// Fresh people keep names, numbers of cards and traits; their addresses still lead to them.
func TestFreshPeople(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, index := busy(1), rapid.Uint64Range(0, population.Size-1).Draw(t, "index")
		fresh, other := p.Fresh("a"), p.Fresh("b")
		was, is := p.Person(index), fresh.Person(index)
		if was.Identity != is.Identity || was.Traits != is.Traits {
			t.Fatalf("%+v became %+v", was, is)
		}
		if was.Email == is.Email || was.Phone == is.Phone || is.Email == other.Person(index).Email || is.Phone == other.Person(index).Phone {
			t.Fatalf("%s and %s are not of this run alone", is.Email, is.Phone)
		}
		form := fresh.Form(index, 1)
		for _, address := range []string{is.Email, form.Email, form.Mailbox} {
			if owner, ok := population.IndexOfEmail(address); !ok || owner != index {
				t.Fatalf("%s leads to %d, %v; want %d", address, owner, ok, index)
			}
		}
		if !population.Rings(is.Phone) {
			t.Fatalf("%s is nobody's", is.Phone)
		}
	})
}

func TestSeedMakesThePeople(t *testing.T) {
	a, again, b := people(1), people(1), people(2)
	differ := 0
	for index := range uint64(1000) {
		if a.Person(index) != again.Person(index) {
			t.Fatalf("person %d differs under one seed", index)
		}
		differ += count(a.Person(index) != b.Person(index))
	}
	if differ < 900 {
		t.Errorf("only %d of 1000 people differ under another seed", differ)
	}
}

func TestAgesOnALeapDay(t *testing.T) {
	leap := time.Date(2020, 2, 29, 12, 0, 0, 0, time.UTC)
	p := population.New(workload.Seed{Value: 1}, leap, population.Shares{Minors: 0.5})
	for index := range uint64(20_000) {
		person := p.Person(index)
		if (p.Age(person.BirthDate) < 18) != person.Traits.Has(population.Minor) {
			t.Fatalf("person %d born %v is %s", index, person.BirthDate, person.Traits)
		}
	}
}

func TestTraitsAllocateNothing(t *testing.T) {
	p := people(1)
	if n := testing.AllocsPerRun(1000, func() { _ = p.Traits(12345) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestValidateNamesTheField(t *testing.T) {
	for _, row := range []struct {
		why    string
		change func(*population.Shares)
		want   string // "" means valid
	}{
		{"the defaults hold", func(*population.Shares) {}, ""},
		{"everyone may be a minor", func(s *population.Shares) { *s = population.Shares{Minors: 1, Pupils: 1} }, ""},
		{"everyone may be a pupil", func(s *population.Shares) { *s = population.Shares{Minors: 0.1, Pupils: 1} }, ""},
		{"three tenths of mail make a whole in floating point", func(s *population.Shares) { s.MistypedEmail, s.FullMailbox, s.SpamFolder = 0.1, 0.2, 0.7 }, ""},
		{"negative", func(s *population.Shares) { s.Welfare = -0.1 }, "welfare is -0.1"},
		{"above one", func(s *population.Shares) { s.Mismatch = 1.5 }, "mismatch is 1.5"},
		{"no number", func(s *population.Shares) { s.Minors = math.NaN() }, "minors is NaN"},
		{"mail shares exclude one another", func(s *population.Shares) { s.SpamFolder = 0.99 }, "spam_folder add up"},
		{"records exclude one another", func(s *population.Shares) { s.NotFound = 0.99 }, "not_found, deceased"},
		{"students are neither minors nor pupils", func(s *population.Shares) { s.Minors, s.Students = 0.5, 0.6 }, "students is 0.6"},
	} {
		shares := population.DefaultShares()
		row.change(&shares)
		err := shares.Validate()
		if row.want == "" && err != nil || row.want != "" && (err == nil || !strings.Contains(err.Error(), row.want)) {
			t.Errorf("%s: got %v, want %q", row.why, err, row.want)
		}
	}
}

func BenchmarkTraits(b *testing.B) {
	p := people(1)
	index := uint64(0)
	for b.Loop() {
		_ = p.Traits(index)
		index++
	}
}

func BenchmarkForm(b *testing.B) {
	p := people(1)
	index := uint64(0)
	for b.Loop() {
		_ = p.Form(index, 1)
		index++
	}
}
