package draft

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"slices"
	"sort"
	"strings"
)

// secret adds a variable for a value that must not be in a file, and returns its reference.
func (d *draft) secret(name string) string {
	name = word(name)
	if !slices.Contains(d.secrets, name) {
		d.secrets = append(d.secrets, name)
	}
	return "${var." + name + "}"
}

// variable adds a variable with a default, and returns its reference.
func (d *draft) variable(name, value string) string {
	name = word(name)
	if !slices.Contains(d.secrets, name) {
		d.defaults[name] = value
	}
	return "${var." + name + "}"
}

// secretFor returns the reference of the variable that holds a value, which must be written nowhere. Values
// of one name that differ get variables of their own.
func (d *draft) secretFor(name, value string) string {
	if reference, known := d.secretValues[value]; known && len(value) >= minMasked {
		return reference
	}
	if _, short := d.secretValues[value]; (short || value == "") && slices.Contains(d.secrets, word(name)) {
		return d.secret(name)
	}
	base := word(name)
	name = base
	for n := 2; slices.Contains(d.secrets, name) || d.isDefault(name); n++ {
		name = fmt.Sprintf("%s_%d", base, n)
	}
	reference := d.secret(name)
	if value != "" {
		d.secretValues[value] = reference
	}
	return reference
}

func (d *draft) isDefault(name string) bool { _, known := d.defaults[name]; return known }

var (
	secretHeader = regexp.MustCompile(`(?i)authorization|api[-_]?key|token|secret|passw|csrf|xsrf|signature|session|credential|^x-auth`)
	secretKey    = regexp.MustCompile(`(?i)^(.*[-_.\[])?(access|auth|refresh|id|csrf|xsrf|api|bearer|session|reset|invite|verification|confirmation|authenticity)?[-_]?(token|tokens|passwords?|passwd|pwd|passphrase|passcode|pass|secret|credentials?|jwt|signature|sig|sid)(\d|[-_](confirmation|confirm|again|repeat|new|old|hash)|\])*$|(?i)^(.*[-_])?(api|access|secret|private|client|auth|app)[-_]?(key|secret)\]?$|(?i)^(sessionid|session_id|phpsessid|jsessionid|x-amz-.*|card_?number|cvv|cvc|otp|pin)$|(?i)(password|passwort|accesstoken|refreshtoken|authtoken|secret|csrf|xsrf|apikey)[-_a-z0-9]{0,12}\]?$`)
	keyOfQuery   = regexp.MustCompile(`(?i)^(key|code|auth|session|ticket|hash)$`)
	tokenPlace   = regexp.MustCompile(`(?i)^(reset|reset-password|verify|confirm|confirmation|activate|invite|invitation|token|unsubscribe|magic|magic-link)$`)
	scheme       = regexp.MustCompile(`(?i)^(bearer|basic|token|apikey|digest|negotiate|jwt|key) `)
	opaqueForm   = regexp.MustCompile(`^[A-Za-z0-9._~+/=-]{8,}$`)
)

// isSecret reports whether a leaf holds a credential, by its name.
func (l *leaf) isSecret() bool {
	switch l.in {
	case inHeader:
		return secretHeader.MatchString(l.key)
	case inPath:
		return tokenPlace.MatchString(l.key) && len(l.raw) >= 8 && strings.ContainsAny(l.raw, "0123456789")
	case inQuery:
		return secretKey.MatchString(l.key) || keyOfQuery.MatchString(l.key) && opaqueForm.MatchString(l.raw)
	case inForm, inPart, inJSON:
		return secretKey.MatchString(l.key)
	}
	return false
}

// hide turns credentials into variables.
func (d *draft) hide() {
	for _, step := range d.steps {
		for _, leaf := range step.leaves() {
			if leaf.in == inHeader && strings.EqualFold(leaf.key, "Idempotency-Key") {
				leaf.refer("", "${step.key}")
			}
			if leaf.template != "" || leaf.raw == "" || leaf.bare && leaf.raw == "null" || !leaf.isSecret() || leaf.bare && (leaf.raw == "true" || leaf.raw == "false") {
				continue
			}
			d.hideLeaf(step, leaf)
		}
	}
}

func (d *draft) hideLeaf(step *step, leaf *leaf) {
	name, prefix, value := leaf.key, "", leaf.raw
	if leaf.in == inHeader {
		prefix = scheme.FindString(value)
		value = value[len(prefix):]
		if strings.EqualFold(leaf.key, "Authorization") {
			name = map[string]string{"bearer": "token", "basic": "basic_login"}[strings.ToLower(strings.TrimSpace(prefix))]
			if name == "" {
				name = "authorization"
			}
		}
		if login, err := base64.StdEncoding.DecodeString(value); err == nil && strings.EqualFold(prefix, "Basic ") {
			if _, password, found := strings.Cut(string(login), ":"); found && len(password) >= minMasked {
				d.secretFor("password", password)
			}
		}
	}
	if leaf.in == inPath {
		name = leaf.key + "_token"
	}
	leaf.refer(prefix, d.secretFor(name, value))
	d.notes.at(step.place, "the value of %s is a credential; give it with --var %s=…", leaf.key, strings.TrimSuffix(strings.TrimPrefix(leaf.template, "${var."), "}"))
}

// minMasked is the length of the shortest secret that is searched for inside other texts.
const minMasked = 6

// longSecrets returns the secrets that are searched for inside other texts, the longest first.
func (d *draft) longSecrets() []string {
	var values []string
	for value := range d.secretValues {
		if len(value) >= minMasked {
			values = append(values, value)
		}
	}
	sort.Slice(values, func(i, k int) bool {
		return len(values[i]) > len(values[k]) || len(values[i]) == len(values[k]) && values[i] < values[k]
	})
	return values
}

// hideInside replaces secrets that stand inside other values.
func (d *draft) hideInside(step *step) {
	secrets := d.longSecrets()
	for _, leaf := range step.leaves() {
		if leaf.template == "" && slices.ContainsFunc(secrets, func(secret string) bool { return strings.Contains(leaf.raw, secret) }) {
			leaf.template = d.conceal(leaf, leaf.raw, secrets)
		}
	}
}

// conceal returns a value as a template in which references stand for the secrets, the longest first.
func (d *draft) conceal(leaf *leaf, value string, secrets []string) string {
	for i, secret := range secrets {
		before, after, found := strings.Cut(value, secret)
		if !found {
			continue
		}
		reference := d.secretValues[secret]
		if name, is := strings.CutPrefix(reference, "${var."); is {
			d.secret(strings.TrimSuffix(name, "}"))
		}
		return d.conceal(leaf, before, secrets[i+1:]) + reference + d.conceal(leaf, after, secrets[i:])
	}
	return plain(leaf.escape(value))
}

// mask replaces secrets in a text that is no part of a request.
func (d *draft) mask(text string) string {
	for _, secret := range d.longSecrets() {
		text = strings.ReplaceAll(text, secret, "***")
	}
	return text
}
