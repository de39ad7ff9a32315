package scenarios

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
)

// har holds the parts of an HTTP archive, version 1.2, that are used.
type har struct {
	Log struct {
		Entries []harEntry `json:"entries"`
	} `json:"log"`
}

type harEntry struct {
	Started time.Time `json:"startedDateTime"`
	Time    float64   `json:"time"` // milliseconds
	Request struct {
		Method   string      `json:"method"`
		URL      string      `json:"url"`
		Headers  []harHeader `json:"headers"`
		PostData *struct {
			MimeType string `json:"mimeType"`
			Text     string `json:"text"`
		} `json:"postData"`
	} `json:"request"`
	Response struct {
		Status  int `json:"status"`
		Content struct {
			MimeType string `json:"mimeType"`
		} `json:"content"`
	} `json:"response"`
}

type harHeader struct{ Name, Value string }

// readHAR makes a step of every request except pictures, fonts, scripts and style sheets. The pauses between
// requests become think times.
func (d *draft) readHAR(text []byte) error {
	var archive har
	if err := json.Unmarshal(text, &archive); err != nil {
		return err
	}
	d.source = "an HTTP archive (HAR)"
	d.arrivals = steadyArrivals()
	var previous time.Time
	for _, entry := range archive.Log.Entries {
		address, err := url.Parse(entry.Request.URL)
		if err != nil || address.Host == "" || address.Scheme != "http" && address.Scheme != "https" {
			return fmt.Errorf("the URL %q is not that of a service", entry.Request.URL)
		}
		if entry.isAsset() {
			continue
		}
		if !isMethod(entry.Request.Method) {
			return fmt.Errorf("the method %q is not an HTTP method", entry.Request.Method)
		}
		step := d.harStep(entry, address)
		if pause := entry.Started.Sub(previous).Round(100 * time.Millisecond); !previous.IsZero() && pause > 0 {
			step.think = fmt.Sprintf("exponential(%v)", min(pause, 10*time.Minute))
		}
		previous = entry.Started.Add(time.Duration(entry.Time * float64(time.Millisecond)))
		if !d.add(step) {
			break
		}
	}
	if len(d.steps) == 0 {
		return errors.New("it holds no request for a page or data")
	}
	return nil
}

func steadyArrivals() []string {
	return []string{"signups:   # people per second; raise it", "  - {for: 10s, from: 0/s, to: 10/s}", "  - {for: 60s, rate: 10/s}"}
}

func (e harEntry) isAsset() bool {
	for _, kind := range []string{"image/", "font/", "text/css", "javascript", "video/", "audio/"} {
		if strings.Contains(e.Response.Content.MimeType, kind) {
			return true
		}
	}
	return false
}

func (d *draft) harStep(entry harEntry, address *url.URL) draftStep {
	path := address.EscapedPath()
	if path == "" {
		path = "/"
	}
	step := draftStep{name: slug(strings.ToLower(entry.Request.Method) + "-" + path), target: d.target(address), method: entry.Request.Method, path: path}
	if address.RawQuery != "" {
		step.path += "?" + address.RawQuery
	}
	if entry.Response.Status >= 100 && entry.Response.Status < 600 {
		step.completed = []int{entry.Response.Status}
	}
	for _, header := range entry.Request.Headers {
		switch name := strings.ToLower(header.Name); {
		case name == "cookie":
			d.cookies = true
		case strings.Contains(name, "authorization") || strings.Contains(name, "api-key") || strings.Contains(name, "token"):
			step.headers = append(step.headers, [2]string{header.Name, d.secret(name)})
		case slices.Contains([]string{"accept", "content-type", "x-requested-with"}, name):
			step.headers = append(step.headers, [2]string{header.Name, plain(header.Value)})
		}
	}
	if body := entry.Request.PostData; body != nil && body.Text != "" {
		step.text = body.Text
	}
	return step
}
