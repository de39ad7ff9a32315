package backend

import (
	"errors"
	"strings"
)

var errEmail = errors.New("email must be an address such as name@example.org")

// normaliseEmail returns the canonical spelling of an address: trimmed and in lower case. The grammar is that
// of a valid e-mail address in the HTML standard, sec. 4.10.5.1.5, with the lengths of RFC 5321, sec. 4.5.3.1.
//
// Note: dots and tags are kept. Providers such as Gmail interpret them in their own ways.
func normaliseEmail(text string) (string, error) {
	email := strings.ToLower(strings.TrimSpace(text))
	local, domain, found := strings.Cut(email, "@")
	if !found || len(local) < 1 || len(local) > 64 || len(domain) < 1 || len(email) > 254 {
		return "", errEmail
	}
	for i := range len(local) {
		if c := local[i]; !isAlphanumeric(c) && strings.IndexByte(".!#$%&'*+/=?^_`{|}~-", c) < 0 {
			return "", errEmail
		}
	}
	for label := range strings.SplitSeq(domain, ".") {
		if !isLabel(label) {
			return "", errEmail
		}
	}
	return email, nil
}

// isLabel reports whether a text is one label of a domain name.
func isLabel(label string) bool {
	if len(label) < 1 || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
		return false
	}
	for i := range len(label) {
		if c := label[i]; !isAlphanumeric(c) && c != '-' {
			return false
		}
	}
	return true
}

func isAlphanumeric(c byte) bool { return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' }

type sessionBody struct {
	Session string `json:"session"`
}
