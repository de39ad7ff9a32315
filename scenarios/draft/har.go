package draft

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// harEntry holds the parts of an entry of an HTTP archive, version 1.2, that are used.
type harEntry struct {
	Started   string  `json:"startedDateTime"`
	Time      float64 `json:"time"` // milliseconds
	FromCache string  `json:"_fromCache"`
	Resource  string  `json:"_resourceType"`
	Request   struct {
		Method   string      `json:"method"`
		URL      string      `json:"url"`
		Headers  []harField  `json:"headers"`
		PostData *harContent `json:"postData"`
	} `json:"request"`
	Answer   *harAnswer `json:"response"`
	Response harAnswer  `json:"-"` // empty if there is none
}

type harAnswer struct {
	Status  int        `json:"status"`
	Headers []harField `json:"headers"`
	Content harContent `json:"content"`
}

type harContent struct {
	MimeType string     `json:"mimeType"`
	Text     string     `json:"text"`
	Encoding string     `json:"encoding"`
	Params   []harField `json:"params"`
}

type harField struct {
	Name        string `json:"name"`
	Value       string `json:"value"`
	FileName    string `json:"fileName"`
	ContentType string `json:"contentType"`
}

// exchange is a request with its answer.
type exchange struct {
	place int
	began time.Time // zero if it is not known
	ended time.Time
	entry harEntry
	step  *step
}

// readHAR makes a step of every request except pictures, fonts, scripts and style sheets. The pauses between
// requests become think times.
func (d *draft) readHAR(text []byte) error {
	d.source, d.notes.unit, d.notes.units = "an HTTP archive (HAR)", "entry", "entries"
	entries, err := harEntries(text)
	if len(entries) == 0 && err != nil {
		return err
	}
	if err != nil {
		d.notes.say("the archive ends in the middle of entry %d (%v); what comes before is used", len(entries)+1, err)
	}
	var walked []*exchange
	for i, raw := range entries {
		if one := d.harExchange(i+1, raw); one != nil {
			walked = append(walked, one)
		}
	}
	slices.SortStableFunc(walked, func(a, b *exchange) int {
		if a.began.IsZero() || b.began.IsZero() {
			return 0
		}
		return a.began.Compare(b.began)
	})
	var last time.Time
	for _, one := range walked {
		if pause := one.began.Sub(last).Round(100 * time.Millisecond); !last.IsZero() && !one.began.IsZero() && pause > 0 {
			if pause > maxPause {
				d.notes.at(one.place, "the pause of %v before it became %v", pause, maxPause)
			}
			one.step.think = fmt.Sprintf("exponential(%v)", min(pause, maxPause))
		}
		if one.ended.After(last) {
			last = one.ended
		}
		d.steps = append(d.steps, one.step)
	}
	d.tally = func() string { return fmt.Sprintf("%d of %d entries became steps", len(d.steps), len(entries)) }
	d.tellHosts()
	d.correlate(walked)
	return nil
}

// maxPause is the longest pause that becomes a think time.
const maxPause = 10 * time.Minute

// callback is the beginning of an archive that calls a function with itself.
var callback = regexp.MustCompile(`^\s*[A-Za-z_$][\w$.]*\s*\(\s*\{`)

// harEntries returns the entries of an archive one by one, those before a fault too.
func harEntries(text []byte) ([]json.RawMessage, error) {
	if wrapped := callback.Find(text); wrapped != nil { // JSONP
		text = text[len(wrapped)-1:]
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	if err := enter(decoder, '{'); err != nil {
		return nil, err
	}
	for _, wanted := range []string{"log", "entries"} {
		found := false
		for !found && decoder.More() {
			key, err := decoder.Token()
			if err != nil {
				return nil, err
			}
			if found = key == wanted; found {
				break
			}
			var skipped json.RawMessage
			if err := decoder.Decode(&skipped); err != nil {
				return nil, err
			}
		}
		if !found {
			return nil, fmt.Errorf("it has no %s; an HTTP archive is {\"log\": {\"entries\": […]}}", wanted)
		}
		if err := enter(decoder, map[string]json.Delim{"log": '{', "entries": '['}[wanted]); err != nil {
			return nil, err
		}
	}
	var entries []json.RawMessage
	for decoder.More() {
		var entry json.RawMessage
		if err := decoder.Decode(&entry); err != nil {
			return entries, err
		}
		entries = append(entries, entry)
	}
	_, err := decoder.Token() // the end of the list
	return entries, err
}

func enter(decoder *json.Decoder, wanted json.Delim) error {
	token, err := decoder.Token()
	if errors.Is(err, io.EOF) {
		return errors.New("it is empty")
	}
	if err != nil {
		return err
	}
	if token != wanted {
		return errors.New(`it is no HTTP archive, which is {"log": {"entries": […]}}`)
	}
	return nil
}

// harExchange reads one entry. It returns nil, with a note, if the entry cannot be replayed.
func (d *draft) harExchange(place int, raw json.RawMessage) *exchange {
	one := &exchange{place: place}
	entry := &one.entry
	if err := json.Unmarshal(raw, entry); err != nil {
		var mistyped *json.UnmarshalTypeError
		if !errors.As(err, &mistyped) || entry.Request.URL == "" { // a field of another type is left empty
			d.notes.at(place, "it cannot be read (%v); skipped", err)
			return nil
		}
	}
	if entry.Answer != nil {
		entry.Response = *entry.Answer
	}
	address, err := url.Parse(entry.Request.URL)
	if reason := d.harRefusal(entry, address, err); reason != "" {
		d.notes.at(place, "%s; skipped", reason)
		return nil
	}
	if began, err := anyTime(entry.Started); err == nil {
		one.began = began
		one.ended = began
		if entry.Time > 0 && entry.Time < float64(math.MaxInt64)/2e6 {
			one.ended = began.Add(time.Duration(entry.Time * float64(time.Millisecond)))
		}
	} else {
		d.notes.at(place, "its start %q is no time; it keeps its place in the file", entry.Started)
	}
	if entry.Response.Content.Encoding == "base64" {
		if decoded, err := base64.StdEncoding.DecodeString(entry.Response.Content.Text); err == nil {
			entry.Response.Content.Text = string(decoded)
		}
	}
	one.step = d.harStep(one, address)
	return one
}

// harRefusal returns why an entry is not replayed, or nothing.
func (d *draft) harRefusal(entry *harEntry, address *url.URL, err error) string {
	method := strings.ToUpper(entry.Request.Method)
	scheme, _, _ := strings.Cut(entry.Request.URL, ":")
	switch {
	case method == "CONNECT":
		return "cannot replay CONNECT, which opens a tunnel"
	case err != nil || entry.Request.URL == "":
		return "its URL cannot be read"
	case address.Scheme == "":
		return "its URL has no scheme"
	case address.Scheme != "http" && address.Scheme != "https":
		return "cannot replay " + slug(scheme) + ": URLs"
	case address.Hostname() == "" || !isPort(address.Port()):
		return "its URL names no host"
	case !isMethod(method):
		return fmt.Sprintf("the method %q is not an HTTP method", entry.Request.Method)
	case entry.isAsset():
		return "a picture, font, script or style sheet"
	case entry.FromCache != "":
		return "answered from the browser's cache"
	case entry.Response.Status == 101:
		return "it changes to another protocol (WebSocket)"
	case entry.Answer != nil && entry.Response.Status <= 0:
		return "it got no answer (blocked or cancelled)"
	}
	return ""
}

func (e *harEntry) isAsset() bool {
	if slices.Contains([]string{"image", "font", "stylesheet", "script", "media", "texttrack", "manifest"}, e.Resource) {
		return true
	}
	if path, _, _ := strings.Cut(e.Request.URL, "?"); strings.HasSuffix(path, "/favicon.ico") {
		return true // the browser asks for it by itself, and some services answer with a page
	}
	mimeType := strings.ToLower(e.Response.Content.MimeType)
	for _, kind := range []string{"image/", "font/", "text/css", "javascript", "ecmascript", "video/", "audio/", "application/font", "application/wasm"} {
		if strings.Contains(mimeType, kind) {
			return true
		}
	}
	return false
}

// tellHosts notes that there are several hosts.
func (d *draft) tellHosts() {
	if len(d.targets) < 2 {
		return
	}
	names := make([]string, len(d.targets))
	for i, target := range d.targets {
		n := 0
		for _, step := range d.steps {
			if step.target == target.name {
				n++
			}
		}
		names[i] = fmt.Sprintf("%s (%d)", strings.TrimPrefix(strings.TrimPrefix(target.url, "https://"), "http://"), n)
	}
	d.notes.say("requests go to %d hosts: %s; remove the steps of those that are not yours", len(names), strings.Join(names, ", "))
}
