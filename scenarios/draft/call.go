package draft

import (
	"errors"
	"fmt"
	"mime"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// A reference inside a text that is not yet a template stands between these characters of the private use area.
const openMark, shutMark = "\ue000", "\ue001"

// mark returns a reference such as ${var.token} as a part of a text.
func mark(reference string) string { return openMark + reference + shutMark }

// unmark makes a template of a value with references.
func (l *leaf) unmark() {
	if l.template != "" || !strings.Contains(l.raw, openMark) {
		return
	}
	var out strings.Builder
	for rest := l.raw; rest != ""; {
		before, after, found := strings.Cut(rest, openMark)
		if l.in == inPath || l.in == inQuery || l.in == inForm {
			before = l.escape(before)
		}
		out.WriteString(plain(before))
		if !found {
			break
		}
		reference, after, _ := strings.Cut(after, shutMark)
		out.WriteString(reference)
		rest = after
	}
	l.template, l.bare = out.String(), false
}

// unmarked returns a text with its references as they are, for people.
func unmarked(text string) string {
	return strings.NewReplacer(openMark, "", shutMark, "").Replace(text)
}

// call is a request that a script, a collection or a command makes. Its texts may hold marked references.
type call struct {
	place           int
	name, comment   string
	method, address string
	headers         [][2]string
	body            string
	form            [][2]string // url-encoded
	parts           []harField
}

// addCall adds the step of a call.
func (d *draft) addCall(c call) (*step, error) {
	address, err := d.callAddress(c.address)
	if err != nil {
		return nil, err
	}
	method := strings.ToUpper(c.method)
	if !isMethod(method) {
		return nil, fmt.Errorf("the method %q is not an HTTP method", unmarked(c.method))
	}
	made := &step{place: c.place, name: slug(unmarked(c.name)), comment: unmarked(c.comment), method: method}
	if c.name == "" {
		made.name = ""
	}
	if login := address.User; login != nil {
		password, _ := login.Password()
		c.headers = append(c.headers, basicLogin(login.Username(), password))
		address.User = nil
	}
	made.target = d.target(&url.URL{Scheme: address.Scheme, Host: address.Host})
	made.path, made.query = splitPath(address.EscapedPath()), splitPairs(inQuery, address.RawQuery)
	mediaType := ""
	for _, header := range c.headers {
		switch name := strings.ToLower(header[0]); {
		case name == "cookie" && made.headerLeaf(name) != nil:
			made.headerLeaf(name).raw += "; " + header[1]
		case name == "cookie":
			made.header(header[0], header[1])
		case ownHeaders.MatchString(name) || !isToken(header[0]) || name == "content-type" && len(c.parts) > 0:
		case made.headerLeaf(name) != nil:
			made.headerLeaf(name).raw = header[1]
		default:
			made.header(header[0], header[1])
		}
		if strings.EqualFold(header[0], "Content-Type") {
			mediaType = header[1]
		}
	}
	d.callBody(c, made, mediaType)
	for _, leaf := range made.leaves() {
		leaf.unmark()
	}
	d.hideCookie(made)
	d.steps = append(d.steps, made)
	return made, nil
}

func (d *draft) callBody(c call, made *step, mediaType string) {
	switch {
	case len(c.parts) > 0:
		d.setParts(made, c.parts)
	case len(c.form) > 0:
		for _, field := range c.form {
			made.body.form = append(made.body.form, &leaf{in: inForm, key: field[0], raw: field[1]})
		}
		if made.headerLeaf("Content-Type") == nil {
			made.header("Content-Type", "application/x-www-form-urlencoded")
		}
	default:
		made.setBody(mediaType, c.body)
	}
	if made.body.json != nil && mediaType == "" {
		made.header("Content-Type", "application/json")
	}
}

// hideCookie makes variables of the values of a Cookie header that was written by hand.
func (d *draft) hideCookie(made *step) {
	cookie := made.headerLeaf("Cookie")
	if cookie == nil || cookie.template != "" {
		return
	}
	var words []string
	for pair := range strings.SplitSeq(cookie.raw, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
		if value == "" {
			continue
		}
		words = append(words, plain(name)+"="+d.secretFor("cookie_"+name, value))
	}
	cookie.template = strings.Join(words, "; ")
	if cookie.template == "" {
		made.headers = slices.DeleteFunc(made.headers, func(l *leaf) bool { return l == cookie })
	}
}

var marked = regexp.MustCompile(openMark + `\$\{var\.([^}]*)\}` + shutMark)

// callAddress reads an address whose beginning may be a reference.
func (d *draft) callAddress(text string) (*url.URL, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return nil, errors.New("it has no URL")
	}
	host, rest := text, ""
	from := 0
	if at := strings.Index(text, "://"); at >= 0 {
		from = at + 3
	}
	if at := strings.IndexAny(text[from:], "/?#"); at >= 0 {
		host, rest = text[:from+at], text[from+at:]
	}
	host = marked.ReplaceAllStringFunc(host, func(reference string) string {
		name := marked.FindStringSubmatch(reference)[1]
		if value, known := d.defaults[name]; known && value != "" {
			d.usedInHost = append(d.usedInHost, name)
			return strings.TrimSuffix(value, "/")
		}
		return reference
	})
	if strings.Contains(host, openMark) || strings.HasPrefix(text, "/") {
		d.notes.say("the address %q is not in the file; %s stands for it, and --target gives another", unmarked(host), unknownService())
		host = unknownService().String()
	}
	if !strings.Contains(host, "://") {
		host = "http://" + host
	}
	address, err := url.Parse(host + rest)
	if err != nil {
		return nil, fmt.Errorf("the URL %q cannot be read", unmarked(text))
	}
	if address.Scheme != "http" && address.Scheme != "https" {
		return nil, fmt.Errorf("cannot replay %s: URLs", slug(address.Scheme))
	}
	if address.Hostname() == "" || !isPort(address.Port()) {
		return nil, fmt.Errorf("the URL %q names no host", unmarked(text))
	}
	return address, nil
}

// formHeader reports whether headers name a media type that fits.
func formHeader(headers [][2]string, fits func(string) bool) bool {
	return slices.ContainsFunc(headers, func(h [2]string) bool {
		if !strings.EqualFold(h[0], "Content-Type") {
			return false
		}
		if name, _, err := mime.ParseMediaType(h[1]); err == nil {
			return fits(name)
		}
		return fits(h[1])
	})
}
