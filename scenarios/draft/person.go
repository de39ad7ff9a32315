package draft

import (
	"regexp"
	"strings"
)

var (
	mailAddress = regexp.MustCompile(`^[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$`)
	phoneNumber = regexp.MustCompile(`^\+?[0-9][0-9 ()-]{6,18}$`)
	birthDay    = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}$`)

	mailKey  = regexp.MustCompile(`(?i)e?-?mail(_?address)?\]?$`)
	nameKey  = regexp.MustCompile(`(?i)^(.*[\[_.-])?(full|first|last|given|family|middle|display|sur|customer|user|your|your-)?[-_]?(name|nama)(_?lengkap)?\]?$`)
	loginKey = regexp.MustCompile(`(?i)user[-_]?name`)
	phoneKey = regexp.MustCompile(`(?i)(phone|mobile|msisdn|telp|telephone|^tel$|handphone|no_?hp)(_?number)?\]?$`)
	birthKey = regexp.MustCompile(`(?i)(birth_?(date|day)|date_?of_?birth|^dob$|tanggal_?lahir)\]?$`)
)

// personify turns what says who somebody is into data of the people of the scenario.
func (d *draft) personify() {
	for _, step := range d.steps {
		d.personifyStep(step)
	}
	mail := map[string]bool{}
	for _, step := range d.steps {
		for _, leaf := range step.leaves() {
			if leaf.template == "${person.email}" && leaf.raw != "" {
				mail[leaf.raw] = true
			}
		}
	}
	for _, step := range d.steps { // the same address inside other values
		for _, leaf := range step.leaves() {
			if leaf.template == "" && leaf.in != inPath && mail[leaf.raw] {
				leaf.refer("", "${person.email}")
			}
		}
	}
}

// personifyStep rewrites the values of one request. A name is a person's only beside an address or a
// password, because products have names too.
func (d *draft) personifyStep(step *step) {
	leaves := step.leaves()
	someone := false
	for _, leaf := range leaves {
		someone = someone || leaf.in != inHeader && (mailAddress.MatchString(leaf.raw) || phoneKey.MatchString(leaf.key) || leaf.in != inPath && strings.Contains(strings.ToLower(leaf.key), "passw"))
	}
	for _, leaf := range leaves {
		if leaf.template != "" || leaf.bare || leaf.raw == "" || leaf.in == inHeader {
			continue
		}
		switch {
		case mailAddress.MatchString(leaf.raw):
			leaf.refer("", "${person.email}")
			d.notes.at(step.place, "%s holds an e-mail address; it became ${person.email}", oneOf(leaf.key, "the path"))
		case leaf.in == inPath:
		case phoneKey.MatchString(leaf.key) && phoneNumber.MatchString(leaf.raw):
			leaf.refer("", "${person.phone}")
			d.notes.at(step.place, "%s holds a phone number; it became ${person.phone}", leaf.key)
		case birthKey.MatchString(leaf.key) && birthDay.MatchString(leaf.raw):
			leaf.refer("", "${person.birth_date}")
		case someone && nameKey.MatchString(leaf.key) && !loginKey.MatchString(leaf.key):
			leaf.refer("", "${person.name}")
			d.notes.at(step.place, "%s holds a name; it became ${person.name}", leaf.key)
		}
	}
}

func oneOf(word, instead string) string {
	if word == "" {
		return instead
	}
	return word
}
