package population

import "strings"

// An Indonesian phone number is +62 84r ddddddddd: the nine digits are the index, and r is 0. The wrong digit that some
// people type is r. Mistyped numbers therefore still lead to the index and belong to nobody else.
const (
	phonePrefix = "+6284"
	phoneDigits = 9
)

func appendPhone(buffer []byte, index, wrong uint64) []byte {
	buffer = append(buffer, phonePrefix...)
	buffer = appendDigits(buffer, wrong, 1)
	return appendDigits(buffer, index, phoneDigits)
}

// A number of the English locale is +1 N9 dddddddd. The North American Numbering Plan keeps the area codes N90 to N99 for
// longer numbers to come, and has none that begins with 0 or 1, so that nobody has such a number. N, counted from 2, and the
// eight digits are the index. Who types it wrong types a digit, 1 to 9, twice too many after the 9.
//
// Note: the numbers that are set aside for fiction are too few for people with a number each. Ofcom names a thousand mobile
// numbers (07700 900000 to 900999), and the plan of North America a hundred per area code (555-0100 to 555-0199).
const (
	englishPrefix = "+1"
	englishDigits = 8
	englishFirst  = 2 // N of the first people
	englishPerN   = 100_000_000
)

func appendEnglishPhone(buffer []byte, index, wrong uint64) []byte {
	buffer = append(buffer, englishPrefix...)
	buffer = append(appendDigits(buffer, (englishFirst+index/englishPerN)%10, 1), '9')
	return appendDigits(appendTwice(buffer, wrong), index%englishPerN, englishDigits)
}

// indexOfEnglish reads the digits after the country code.
func indexOfEnglish(national []byte) (index, wrong uint64, ok bool) {
	if len(national) < 2 || national[1] != '9' {
		return 0, 0, false
	}
	rest, wrong, ok := cutTwice(national[2:], englishDigits)
	index = (number(national[:1])+10-englishFirst)%10*englishPerN + number(rest)
	return index, wrong, ok && index < Size
}

// appendTwice appends a wrong digit twice, and nothing if none is wrong.
//
// Note: twice, because a number of India with one digit too many would be somebody's without the 0 before it, which some
// programs take away.
func appendTwice(buffer []byte, wrong uint64) []byte {
	if wrong == 0 {
		return buffer
	}
	return append(buffer, '0'+byte(wrong), '0'+byte(wrong))
}

// cutTwice returns so many digits, without those before them that somebody typed by mistake.
func cutTwice(digits []byte, many int) (rest []byte, wrong uint64, ok bool) {
	if len(digits) == 2+many && digits[0] != '0' && digits[0] == digits[1] {
		wrong, digits = number(digits[:1]), digits[2:]
	}
	if len(digits) != many {
		return nil, 0, false
	}
	return digits, wrong, true
}

// A number of India is +91 0 ddddddddd. No number of the Indian plan begins with 0 after the country code, because 0 leads
// out of the local network, and without it nine digits are too few, so that nobody has one. The nine digits are the index.
// Who types it wrong types a digit, 1 to 9, twice too many after the 0.
const indianPrefix = "+910"

func appendIndianPhone(buffer []byte, index, wrong uint64) []byte {
	buffer = append(buffer, indianPrefix...)
	return appendDigits(appendTwice(buffer, wrong), index, phoneDigits)
}

// indexOfIndian reads the digits after the country code and the 0.
func indexOfIndian(rest []byte) (index, wrong uint64, ok bool) {
	rest, wrong, ok = cutTwice(rest, phoneDigits)
	index = number(rest)
	return index, wrong, ok && index < Size
}

// IndexOfPhone returns the index of the owner of a phone number of any locale, mistyped or not. It accepts it with and
// without the plus, an Indonesian one also as 0…, and ignores spaces, dots and hyphens.
func IndexOfPhone(phone string) (index uint64, ok bool) {
	index, _, ok = splitPhone(phone)
	return index, ok
}

// Rings reports whether a phone number belongs to one of our people and is typed correctly, so that a message arrives.
func Rings(phone string) bool {
	_, wrong, ok := splitPhone(phone)
	return ok && wrong == 0
}

func splitPhone(phone string) (index, wrong uint64, ok bool) {
	var space [len(phonePrefix) + phoneDigits]byte
	digits, ok := digitsOf(strings.TrimPrefix(strings.TrimSpace(phone), "+"), space[:0])
	if !ok {
		return 0, 0, false
	}
	if rest, found := cut(digits, englishPrefix[1:]); found {
		return indexOfEnglish(rest)
	}
	if rest, found := cut(digits, indianPrefix[1:]); found {
		return indexOfIndian(rest)
	}
	national, found := cut(digits, "62")
	if !found {
		national, found = cut(digits, "0")
	}
	rest, ours := cut(national, "84")
	if !found || !ours || len(rest) != 1+phoneDigits {
		return 0, 0, false
	}
	index = number(rest[1:])
	return index, number(rest[:1]), index < Size
}

func cut(digits []byte, prefix string) ([]byte, bool) {
	if len(digits) < len(prefix) || string(digits[:len(prefix)]) != prefix {
		return digits, false
	}
	return digits[len(prefix):], true
}
