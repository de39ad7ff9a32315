package population

import "strings"

// A phone number is +62 84r ddddddddd: the nine digits are the index, and r is 0. The wrong digit that some people type is
// r. Mistyped numbers therefore still lead to the index and belong to nobody else.
const (
	phonePrefix = "+6284"
	phoneDigits = 9
)

func appendPhone(buffer []byte, index, wrong uint64) []byte {
	buffer = append(buffer, phonePrefix...)
	buffer = appendDigits(buffer, wrong, 1)
	return appendDigits(buffer, index, phoneDigits)
}

// IndexOfPhone returns the index of the owner of a phone number, mistyped or not. It accepts +62…, 62… and 0…, and ignores
// spaces, dots and hyphens.
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
