package population

import "slices"

// Locale says in which country people live: it decides names, places of birth, phone numbers and e-mail domains. Identity
// numbers and ages are the same in all.
type Locale string

// The locales. The empty one is Indonesia.
const (
	Indonesia Locale = "id"
	English   Locale = "en" // English-speaking countries
	India     Locale = "in"
)

// Locales returns the names of all locales.
func Locales() []Locale { return []Locale{Indonesia, English, India} }

// In returns the same people, by traits, dates and numbers of cards, as they are named and reached in a locale. It panics if
// the locale is unknown.
func (p Population) In(locale Locale) Population {
	if locale != "" && !slices.Contains(Locales(), locale) {
		panic("population: the locale must be one of Locales")
	}
	made := *p.made
	made.custom = customOf(locale)
	return Population{&made}
}

// custom is what differs between locales.
type custom struct {
	women, men, last []string
	places           []string
	domains          *[mailProviders]mailDomain
	phone            func(buffer []byte, index, wrong uint64) []byte
}

func customOf(locale Locale) *custom {
	switch locale {
	case English:
		return &custom{englishWomen[:], englishMen[:], englishLast[:], englishPlaces[:], &englishDomains, appendEnglishPhone}
	case India:
		return &custom{indianWomen[:], indianMen[:], indianLast[:], indianPlaces[:], &indianDomains, appendIndianPhone}
	}
	return &custom{womenNames[:], menNames[:], lastNames[:], birthPlaces[:], &mailDomains, appendPhone}
}

// name combines two or three parts. The func choose(n) returns a number below n.
func (c *custom) name(woman bool, choose func(n int) int) string {
	first := c.men
	if woman {
		first = c.women
	}
	name := first[choose(len(first))]
	middle := first[choose(len(first))]
	last := c.last[choose(len(c.last))]
	if choose(2) == 0 || middle == name || middle == last {
		return name + " " + last
	}
	return name + " " + middle + " " + last
}
