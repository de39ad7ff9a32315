package loadgen

import (
	"fmt"
	"net/url"
	"regexp"
	"sort"
	"strings"
	"time"

	"github.com/tidwall/gjson"
	"github.com/valyala/fasthttp"

	"github.com/ombak-sim/ombak/population"
)

// boundary separates the parts of a multipart body; it cannot occur in a JPEG that ombak makes.
const boundary = "ombak-7d1a0e3c5b"

// compiled is a request ready to be rendered.
type compiled struct {
	Request
	client   int // index of the target's client
	uri      template
	headers  []header
	body     template
	parts    []part
	escape   func([]byte, string) []byte
	host     string
	extracts []extraction
	tickets  bool // some of them come with rejected answers
	person   bool // rendering needs the person's data
	fixed    bool // the request is the same for everybody
}

type header struct {
	name  string
	value template
}

type part struct {
	name  string
	value template
	file  bool
}

type extraction struct {
	Extract
	slot    int
	pattern *regexp.Regexp
}

// compile turns the requests into templates; targets gives each target's index.
func compile(config Config, targets map[string]int) ([]compiled, int, error) {
	s := scope{got: map[string]int{}, vars: config.Vars}
	for _, request := range config.Requests {
		for _, key := range sortedKeys(request.Extract) {
			if _, known := s.got[key]; !known {
				s.got[key] = len(s.got)
			}
		}
	}
	requests := make([]compiled, len(config.Requests))
	for i, request := range config.Requests {
		var err error
		if requests[i], err = s.compile(request, config.Targets[request.Target]); err != nil {
			return nil, 0, fmt.Errorf("step %s: %w", config.Journey.Steps[i].Name, err)
		}
		requests[i].client = targets[request.Target]
	}
	return requests, len(s.got), nil
}

func (s scope) compile(request Request, target string) (compiled, error) {
	c := compiled{Request: request}
	base, err := url.Parse(target)
	if err != nil {
		return c, err
	}
	c.host = base.Host
	if c.uri, err = s.parseTemplate(strings.TrimSuffix(target, "/") + request.Path); err != nil {
		return c, err
	}
	for _, key := range sortedKeys(request.Headers) {
		value, err := s.parseTemplate(request.Headers[key])
		if err != nil {
			return c, err
		}
		c.headers = append(c.headers, header{key, value})
	}
	if err := s.compileBody(&c); err != nil {
		return c, err
	}
	for _, key := range sortedKeys(request.Extract) {
		pattern, err := regexp.Compile(request.Extract[key].Regexp)
		if err != nil {
			return c, fmt.Errorf("extract %s: %w", key, err)
		}
		c.extracts = append(c.extracts, extraction{request.Extract[key], s.got[key], pattern})
		c.tickets = c.tickets || request.Extract[key].Rejected
	}
	c.person, c.fixed = c.needs(template.needsPerson), !c.needs(template.varies)
	return c, nil
}

func (s scope) compileBody(c *compiled) (err error) {
	switch {
	case c.JSON != "":
		c.escape = escapeJSON
		c.headers = append(c.headers, header{"Content-Type", template{{text: "application/json"}}})
		c.body, err = s.parseTemplate(c.JSON)
	case len(c.Multipart) > 0:
		c.headers = append(c.headers, header{"Content-Type", template{{text: "multipart/form-data; boundary=" + boundary}}})
		for _, key := range sortedKeys(c.Multipart) {
			value, err := s.parseTemplate(c.Multipart[key])
			if err != nil {
				return err
			}
			c.parts = append(c.parts, part{key, value, len(value) == 1 && value[0].kind == photo})
		}
	default:
		c.body, err = s.parseTemplate(c.Text)
	}
	return err
}

// needs says whether any of the request's templates does.
func (c *compiled) needs(test func(template) bool) bool {
	needs := test(c.uri) || test(c.body)
	for _, h := range c.headers {
		needs = needs || test(h.value)
	}
	for _, p := range c.parts {
		needs = needs || p.file || test(p.value)
	}
	return needs
}

// fill renders the request; scratch is reused and returned.
func (c *compiled) fill(req *fasthttp.Request, v *values, photos population.Photos, scratch []byte) []byte {
	scratch = c.uri.render(v, scratch[:0], nil)
	req.Header.SetMethod(c.Method)
	req.SetRequestURIBytes(scratch)
	for _, h := range c.headers {
		scratch = h.value.render(v, scratch[:0], nil)
		req.Header.SetBytesV(h.name, scratch)
	}
	if len(c.parts) > 0 {
		scratch = c.multipart(v, photos, scratch[:0])
	} else {
		scratch = c.body.render(v, scratch[:0], c.escape)
	}
	if len(scratch) > 0 {
		req.SetBody(scratch)
	}
	return scratch
}

func (c *compiled) multipart(v *values, photos population.Photos, body []byte) []byte {
	for _, p := range c.parts {
		body = append(body, "--"+boundary+"\r\nContent-Disposition: form-data; name=\""+p.name+"\""...)
		if p.file {
			body = append(body, "; filename=\"photo.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n"...)
			v.photo = photos.Photo(v.person, v.photo)
			body = append(body, v.photo...)
		} else {
			body = append(body, "\r\n\r\n"...)
			body = p.value.render(v, body, nil)
		}
		body = append(body, "\r\n"...)
	}
	return append(body, "--"+boundary+"--\r\n"...)
}

// extract takes the wanted values out of an answer; false where one is missing that must be there.
func (c *compiled) extract(resp *fasthttp.Response, rejected bool, take func(slot int, value string)) bool {
	for _, e := range c.extracts {
		if rejected && !e.Rejected {
			continue
		}
		value, found := e.value(resp)
		if found {
			take(e.slot, value)
		} else if !e.Rejected {
			return false
		}
	}
	return true
}

func (e extraction) value(resp *fasthttp.Response) (string, bool) {
	var text string
	switch {
	case e.JSON != "":
		result := gjson.GetBytes(resp.Body(), e.JSON)
		if !result.Exists() {
			return "", false
		}
		text = result.String()
	case e.Header != "":
		text = string(resp.Header.Peek(e.Header))
	default:
		text = string(resp.Body())
	}
	if e.Regexp == "" {
		return text, text != ""
	}
	match := e.pattern.FindStringSubmatch(text)
	if match == nil {
		return "", false
	}
	return strings.Clone(match[len(match)-1]), true
}

// retryAfter reads the header of that name.
func retryAfter(resp *fasthttp.Response) time.Duration {
	return retrySeconds(resp.Header.Peek("Retry-After"))
}

func sortedKeys[T any](m map[string]T) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}
