package population_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ombak-sim/ombak/population"
)

// provable tells the numbers of a locale that nobody can have.
var provable = map[population.Locale]func(phone string) bool{
	population.Indonesia: func(phone string) bool { return strings.HasPrefix(phone, "+6284") && len(phone) == 15 },
	population.English: func(phone string) bool {
		return strings.HasPrefix(phone, "+1") && (len(phone) == 12 || len(phone) == 14) && phone[3] == '9'
	},
	population.India: func(phone string) bool {
		return strings.HasPrefix(phone, "+910") && (len(phone) == 13 || len(phone) == 15)
	},
}

// TestPeopleOfEachLocale checks that people keep traits, dates and identity numbers wherever they live, that what they submit
// leads back to them, and that their addresses are nobody's.
func TestPeopleOfEachLocale(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		locale := rapid.SampledFrom(population.Locales()).Draw(t, "locale")
		p, index, attempt := busy(4).In(locale), drawIndex(t), rapid.IntRange(1, 3).Draw(t, "attempt")
		if rapid.Bool().Draw(t, "fresh") {
			p = p.Fresh("run")
		}
		person, form, home := p.Person(index), p.Form(index, attempt), busy(4).Person(index)
		check(t, person.Traits == home.Traits && person.NIK == home.NIK && person.KK == home.KK && person.BirthDate.Equal(home.BirthDate), "%s changed %+v to %+v", locale, home, person)
		for _, address := range []string{person.Email, form.Email, form.Mailbox, strings.ToUpper(form.Email)} {
			same(t, "e-mail", address, population.IndexOfEmail, index)
			check(t, strings.HasSuffix(strings.ToLower(address), ".example"), "%s may exist", address)
		}
		check(t, population.Deliverable(form.Email) != person.Traits.Has(population.MistypedEmail), "e-mail %s is delivered wrongly", form.Email)
		check(t, provable[locale](form.Phone), "%s: the phone %s may be somebody's", locale, form.Phone)
		wrong := attempt == 1 && person.Traits.Has(population.MistypedPhone)
		check(t, population.Rings(form.Phone) != wrong && population.Rings(person.Phone), "%s: the phone %s rings wrongly", locale, form.Phone)
		check(t, (form.Phone == person.Phone) != wrong, "%s: phone %s typed %s", locale, person.Phone, form.Phone)
		if p.Person(0).Phone == busy(4).In(locale).Person(0).Phone { // not of a fresh run
			same(t, "phone", form.Phone, population.IndexOfPhone, index)
			same(t, "phone without plus", form.Phone[1:], population.IndexOfPhone, index)
			same(t, "phone with separators", form.Phone[:4]+" "+form.Phone[4:8]+"-"+form.Phone[8:], population.IndexOfPhone, index)
		}
		for _, letter := range person.Name {
			check(t, letter < 0x80, "the name %s cannot be part of an address", person.Name)
		}
	})
}

// TestPhonesOfEveryLocaleDiffer checks that no two people share a number or an address, in whatever locales they live.
func TestPhonesOfEveryLocaleDiffer(t *testing.T) {
	seen := map[string]uint64{}
	for _, locale := range population.Locales() {
		p := busy(1).In(locale)
		for _, from := range []uint64{0, 99_995_000, 199_995_000, population.Size - 10_000} {
			for index := from; index < from+10_000; index++ {
				for _, text := range []string{p.Person(index).Phone, p.Form(index, 1).Phone, p.Person(index).Email, p.Form(index, 1).Email} {
					if other, taken := seen[text]; taken && other != index {
						t.Fatalf("%s belongs to both %d and %d", text, other, index)
					}
					seen[text] = index
				}
			}
		}
	}
}

// TestIndonesiaIsTheDefault checks that a scenario without a locale has the people that it always had.
func TestIndonesiaIsTheDefault(t *testing.T) {
	for index := range uint64(1000) {
		if plain := people(7).Person(index); plain != people(7).In(population.Indonesia).Person(index) || plain != people(7).In("").Person(index) {
			t.Fatalf("person %d differs", index)
		}
	}
	const first = "Mega Permata" // of seed 7, before there were locales
	if got := people(7).Person(0).Name; got != first {
		t.Errorf("person 0 is called %s; want %s", got, first)
	}
	if english, indian := people(7).In(population.English).Person(0), people(7).In(population.India).Person(0); english.Name == indian.Name || english.BirthPlace == indian.BirthPlace {
		t.Errorf("%s of %s lives everywhere", english.Name, english.BirthPlace)
	}
}

// TestNumbersOfOthersAreNobodys rejects numbers that look like ours.
func TestNumbersOfOthersAreNobodys(t *testing.T) {
	for why, phone := range map[string]string{
		"an area code of New York":            "+12125550123",
		"an area code that is kept, too long": "+1290000000111",
		"beyond the people there are":         "+11970000000",
		"beyond the people of India":          "+910970000000",
		"a landline of Delhi":                 "+911123456789",
		"a mobile of India":                   "+919812345678",
		"one digit too many":                  "+91012345678901",
		"two different digits too many":       "+91012123456789",
		"a wrong digit that is 0":             "+91000123456789",
		"a mobile of the United Kingdom":      "+447700900123",
	} {
		if index, ok := population.IndexOfPhone(phone); ok {
			t.Errorf("%s: %s leads to %d", why, phone, index)
		}
	}
}
