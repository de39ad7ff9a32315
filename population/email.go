package population

import (
	"strconv"
	"strings"
)

// mailDomain is a provider and its mistyped form. Neither exists outside: .example is reserved (RFC 2606).
type mailDomain struct{ right, typo string }

// spelt returns the domain as it is typed.
func (d mailDomain) spelt(typo bool) string {
	if typo {
		return d.typo
	}
	return d.right
}

// mailProviders is the number of providers in each locale.
const mailProviders = 5

var mailDomains = [mailProviders]mailDomain{
	{"posel.example", "posle.example"},
	{"surat.example", "surta.example"},
	{"kotakpos.example", "kotakpso.example"},
	{"warta.example", "wrata.example"},
	{"suratku.example", "suratkuu.example"},
}

// appendEmail appends an address like siti.rahayu81733@surat.example: the digits are the index.
func appendEmail(buffer []byte, name string, index uint64, domain string) []byte {
	for i := range len(name) {
		switch c := name[i]; {
		case c >= 'A' && c <= 'Z':
			buffer = append(buffer, c+'a'-'A')
		case c >= 'a' && c <= 'z':
			buffer = append(buffer, c)
		case c == ' ':
			buffer = append(buffer, '.')
		}
	}
	buffer = strconv.AppendUint(buffer, index, 10)
	return append(append(buffer, '@'), domain...)
}

// IndexOfEmail returns the index of the owner of an address, with a mistyped domain too. It ignores case, surrounding
// spaces, dots in the local part, and a part after "+".
func IndexOfEmail(address string) (index uint64, ok bool) {
	index, _, ok = splitEmail(address)
	return index, ok
}

// Deliverable reports whether an address belongs to one of our people and its domain is typed correctly.
func Deliverable(address string) bool {
	_, typo, ok := splitEmail(address)
	return ok && !typo
}

func splitEmail(address string) (index uint64, typo, ok bool) {
	local, domain, found := strings.Cut(strings.TrimSpace(address), "@")
	if !found {
		return 0, false, false
	}
	local, _, _ = strings.Cut(local, "+")
	start := len(local)
	for start > 0 && local[start-1] >= '0' && local[start-1] <= '9' {
		start--
	}
	digits := local[start:]
	if start == 0 || len(digits) == 0 || len(digits) > 9 || len(digits) > 1 && digits[0] == '0' {
		return 0, false, false
	}
	index, err := strconv.ParseUint(digits, 10, 64)
	if err != nil || index >= Size {
		return 0, false, false
	}
	for _, domains := range []*[mailProviders]mailDomain{&mailDomains, &englishDomains, &indianDomains} { // their names all differ
		provider := domains[index%mailProviders]
		typo = strings.EqualFold(domain, provider.typo)
		if typo || strings.EqualFold(domain, provider.right) {
			return index, typo, true
		}
	}
	return 0, false, false
}
