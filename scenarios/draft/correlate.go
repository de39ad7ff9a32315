package draft

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// carried is a value that goes from an answer into later requests.
type carried struct {
	name string
	from *step
	how  extraction
	sure bool
	into []*step
}

// correlate turns values that an earlier answer held into references to it.
func (d *draft) correlate(walked []*exchange) {
	found := make([]map[string][]held, len(walked))
	for i, one := range walked {
		found[i] = map[string][]held{}
		for _, held := range one.held() {
			found[i][held.value] = append(found[i][held.value], held)
		}
	}
	sent := map[string]int{} // the first exchange whose request has a value
	for i, one := range walked {
		for _, leaf := range one.step.leaves() {
			value := leaf.raw[len(scheme.FindString(leaf.raw)):]
			if _, known := sent[value]; !known {
				sent[value] = i
			}
		}
	}
	for i, one := range walked {
		for _, leaf := range one.step.leaves() {
			if prefix, value := leaf.wanted(); value != "" {
				d.correlateLeaf(walked, found, sent[value], i, leaf, prefix, value)
			}
		}
	}
	d.tellCookies(walked)
}

// wanted returns the part of a leaf that may come from an answer.
func (l *leaf) wanted() (prefix, value string) {
	switch {
	case l.template != "" || l.raw == "" || l.raw == "null" || l.raw == "true" || l.raw == "false":
		return "", ""
	case l.in == inHeader && dullRequestHeader.MatchString(l.key):
		return "", ""
	case l.in == inHeader:
		prefix = scheme.FindString(l.raw)
	case strings.Contains(strings.ToLower(l.key), "passw"):
		return "", ""
	}
	return prefix, l.raw[len(prefix):]
}

var dullRequestHeader = regexp.MustCompile(`(?i)^(accept.*|content-.*|origin|referer|range|access-control-.*|x-requested-with)$`)

// correlateLeaf looks for the earliest answer before exchange i that gave the leaf its value.
func (d *draft) correlateLeaf(walked []*exchange, found []map[string][]held, sent, i int, leaf *leaf, prefix, value string) {
	for k := range i {
		if sent <= k || !walked[k].before(walked[i]) { // the client knew the value before
			continue
		}
		for _, held := range found[k][value] {
			sure, linked := linked(held, leaf)
			if linked && held.takes(walked[k]) {
				d.carry(walked[k].step, walked[i].step, held, leaf, prefix, sure)
				return
			}
		}
	}
	if !opaque(value) || len(value) < 12 {
		return
	}
	for k := range i {
		if sent <= k || !walked[k].before(walked[i]) {
			continue
		}
		if held, is := heldInText(walked[k].entry.Response.Content.Text, leaf.key, value); is && held.takes(walked[k]) {
			d.carry(walked[k].step, walked[i].step, held, leaf, prefix, false)
			return
		}
	}
}

// before reports whether the answer of e had come when the other request was sent.
func (e *exchange) before(other *exchange) bool {
	return e.ended.IsZero() || other.began.IsZero() || !e.ended.After(other.began)
}

// carry makes the leaf a reference to a value that the step from extracts.
func (d *draft) carry(from, into *step, held held, leaf *leaf, prefix string, sure bool) {
	at := slices.IndexFunc(d.carried, func(c *carried) bool { return c.from == from && c.how == held.how })
	if at < 0 {
		made := &carried{name: d.gotName(held, leaf), from: from, how: held.how, sure: sure}
		held.how.name = made.name
		from.extract = append(from.extract, held.how)
		d.carried, at = append(d.carried, made), len(d.carried)
	}
	value := d.carried[at]
	value.sure = value.sure && sure
	if !slices.Contains(value.into, into) {
		value.into = append(value.into, into)
	}
	leaf.refer(prefix, "${got."+value.name+"}")
	if leaf.isSecret() || secretKey.MatchString(held.key) {
		d.secretValues[held.value] = leaf.template
	}
}

// gotName returns a name for a value that is not taken yet.
func (d *draft) gotName(held held, leaf *leaf) string {
	base := held.key
	switch name := strings.ToLower(base); {
	case base == "":
		base = leaf.key
	case (name == "id" || name == "uuid" || name == "value" || name == "key") && held.noun != "":
		base = held.noun + "_" + name
	}
	base = word(camel.ReplaceAllString(base, "${1}_$2"))
	name := base
	for n := 2; slices.ContainsFunc(d.carried, func(c *carried) bool { return c.name == name }); n++ {
		name = fmt.Sprintf("%s_%d", base, n)
	}
	return name
}

var (
	camel    = regexp.MustCompile(`([a-z0-9])([A-Z])`)
	date     = regexp.MustCompile(`^\d{4}-\d\d-\d\d|^\d{2}:\d{2}`)
	uuidForm = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
	idKey    = regexp.MustCompile(`(?i)^(id|_id|uuid|guid|key|slug|code|number|handle|sku|token|ticket|ref|reference)$|[a-z](Id|ID|Uuid|Key|Code)$|(?i)[_-](id|uuid|key|code|token|ref|slug|no)$`)
	oneWord  = regexp.MustCompile(`^[\p{L}_/ .:-]*$`)
)

// opaque reports whether nobody would guess a value or choose it twice by chance.
func opaque(value string) bool {
	switch {
	case uuidForm.MatchString(value):
		return true
	case len(value) < 8 || strings.ContainsAny(value, " \n\t<>{}") || mailAddress.MatchString(value) || date.MatchString(value):
		return false
	case strings.Contains(value, "://") || strings.HasPrefix(value, "/"):
		return false
	case oneWord.MatchString(value):
		return len(value) >= 20 && !strings.ContainsAny(value, "-_ /.")
	}
	letters := strings.ContainsFunc(value, func(r rune) bool { return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' })
	return letters && len(value) >= 8 || len(value) >= 10
}

// linked reports whether a value in a request is the one that an answer held, and whether that is sure.
func linked(held held, leaf *leaf) (sure, is bool) {
	if opaque(held.value) {
		return true, true
	}
	if !idKey.MatchString(held.key) && !secretKey.MatchString(held.key) || len(held.value) > 100 {
		return false, false
	}
	same := strings.EqualFold(clean(held.key), clean(leaf.key))
	switch leaf.in {
	case inPath:
		noun := singular(leaf.key)
		return false, noun != "" && (held.noun == noun || strings.HasPrefix(clean(held.key), clean(noun)))
	case inHeader:
		return false, same
	}
	return false, idKey.MatchString(leaf.key) && (same && clean(leaf.key) != "id" || held.noun != "" && clean(leaf.key) == clean(held.noun)+"id" || same && held.noun != "") ||
		secretKey.MatchString(leaf.key) && same
}

// clean returns a name in lower case without separators.
func clean(name string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("_-[]. ", r) {
			return -1
		}
		return r
	}, strings.ToLower(name))
}

// tellCorrelation notes every value that is carried over, and how sure that is.
func (d *draft) tellCorrelation() {
	for _, value := range d.carried {
		sureness := "likely; check it"
		if value.sure {
			sureness = "sure"
		}
		names := make([]string, len(value.into))
		for i, step := range value.into {
			names[i] = step.name
		}
		place := value.how
		place.name = ""
		d.notes.say("${got.%s} is taken from the answer of %s (%s) and sent in %s: %s", value.name, value.from.name, place.text(), strings.Join(names, ", "), sureness)
	}
}

// tellCookies notes cookies that the browser had before the recording began.
func (d *draft) tellCookies(walked []*exchange) {
	set := map[string]bool{}
	for _, one := range walked {
		var before []string
		for _, header := range one.entry.Request.Headers {
			if strings.EqualFold(header.Name, "Cookie") {
				before = append(before, d.unsetCookies(header.Value, set)...)
			}
		}
		const listed = 5
		switch {
		case len(before) == 1:
			d.notes.at(one.place, "it sends the cookie %s, which no earlier answer set; people start without it", before[0])
		case len(before) > listed:
			d.notes.at(one.place, "it sends %d cookies that no earlier answer set (%s and %d more); people start without them", len(before), strings.Join(before[:listed], ", "), len(before)-listed)
		case len(before) > 0:
			d.notes.at(one.place, "it sends %d cookies that no earlier answer set (%s); people start without them", len(before), strings.Join(before, ", "))
		}
		for _, header := range one.entry.Response.Headers {
			if strings.EqualFold(header.Name, "Set-Cookie") {
				d.cookies = true
				for _, cookie := range heldInCookies(header) {
					set[cookie.key] = true
				}
			}
		}
	}
}

// unsetCookies returns the names of the cookies in a header that are not in set, and adds them to it. Values of
// cookies are written nowhere.
func (d *draft) unsetCookies(header string, set map[string]bool) (names []string) {
	for pair := range strings.SplitSeq(header, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
		if _, known := d.secretValues[value]; len(value) >= minMasked && !known && opaque(value) {
			d.secretValues[value] = "${var." + word("cookie_"+name) + "}"
		}
		if name != "" && !set[name] {
			names = append(names, name)
			set[name] = true
		}
	}
	return names
}
