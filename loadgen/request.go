package loadgen

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"sort"
	"strings"

	"github.com/valyala/fasthttp"

	"github.com/ombak-sim/ombak/population"
	"github.com/ombak-sim/ombak/workload"
)

// boundary separates the parts of a multipart body. It cannot occur in a JPEG that ombak makes, and files that contain
// it are refused.
const boundary = "ombak-7d1a0e3c5b"

// compiled is a request ready to be rendered.
type compiled struct {
	Request
	client    int // index of the target's client
	looks     int // index of the request that polls for this one's result; 0 if there is none
	uri       template
	headers   []header
	body      template
	parts     []part
	extracts  []extraction
	tickets   bool // some values are extracted from rejected answers too
	checks    []check
	readsBody bool // an extraction or a check reads the body
	step      workload.Purpose
	person    bool     // rendering needs the person's data
	linked    bool     // the path begins with a link that an earlier answer gave
	fixed     bool     // the request is the same for everybody
	name      string   // of the step
	call      *call    // nil unless the request is a gRPC call
	gesture   *gesture // nil unless the request is an action on a WebSocket
}

type header struct {
	name  string
	value template
}

type part struct {
	name  string
	value template
	photo bool
	file  File // the value, if it has a name
}

// StepFault is an error in the request of one step.
type StepFault struct {
	Step int // place in the journey
	Name string
	Err  error
}

// Error returns the step's name and what is wrong.
func (f StepFault) Error() string { return fmt.Sprintf("step %s: %v", f.Name, f.Err) }

// Unwrap returns what is wrong.
func (f StepFault) Unwrap() error { return f.Err }

// compile compiles the requests, those of the steps first. The map targets holds the index of each target. The second
// result holds the slot of each extracted value.
func compile(config Config, targets map[string]int) ([]compiled, map[string]int, error) {
	s := scope{got: map[string]int{}, vars: config.Vars, fed: sortedKeys(config.Feeders), data: config.Feeders, files: config.Files, run: config.RunValues, runID: config.RunID, impersonal: config.impersonal}
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
			return nil, nil, StepFault{i, config.Journey.Steps[i].Name, err}
		}
		requests[i].client = targets[request.Target]
		requests[i].name = config.Journey.Steps[i].Name
		requests[i].step = workload.NewPurpose(requests[i].name)
	}
	for i, request := range config.Requests {
		if request.Look == nil {
			continue
		}
		look, err := s.compile(request.look(), config.Targets[request.Target])
		if err != nil {
			return nil, nil, StepFault{i, config.Journey.Steps[i].Name, fmt.Errorf("look: %w", err)}
		}
		look.client, look.step, look.name = requests[i].client, requests[i].step, requests[i].name
		requests[i].looks = len(requests)
		requests = append(requests, look)
	}
	return requests, s.got, nil
}

func (s scope) compile(request Request, target string) (compiled, error) {
	c := compiled{Request: request}
	s.computed = new(int)
	base, err := LocationOf(target)
	if err != nil {
		return c, err
	}
	if login := base.User; login != nil {
		c.headers = append(c.headers, basicLogin(login))
		base.User = nil
	}
	path, err := s.parseTemplate(request.Path)
	if err != nil {
		return c, err
	}
	if c.linked = len(path) > 0 && (path[0].kind == got || path[0].kind == given); c.linked && slices.ContainsFunc(path, func(piece segment) bool { return !slices.Contains([]valueKind{got, literal, given}, piece.kind) }) {
		return c, errors.New("path: after a link as in ${got.NAME} only text, got, var and run may follow")
	}
	c.uri = append(template{{text: strings.TrimSuffix(base.String(), "/")}}, path.inURI()...)
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
	if c.call, err = s.compileCall(request.GRPC, base); err != nil {
		return c, err
	}
	if err := s.compileGesture(&c, request.WebSocket); err != nil {
		return c, err
	}
	for _, key := range sortedKeys(request.Extract) {
		pattern, err := regexp.Compile(request.Extract[key].Regexp)
		if err != nil {
			return c, fmt.Errorf("extract %s: %w", key, err)
		}
		c.extracts = append(c.extracts, extraction{request.Extract[key], s.got[key], pattern, workload.NewPurpose("request/pick/" + key)})
		c.readsBody = c.readsBody || request.Extract[key].Header == ""
		c.tickets = c.tickets || request.Extract[key].Rejected
	}
	for _, wanted := range request.Checks {
		pattern, err := regexp.Compile(wanted.Regexp)
		if err != nil {
			return c, fmt.Errorf("check: %w", err)
		}
		c.readsBody = c.readsBody || wanted.Header == ""
		c.checks = append(c.checks, check{wanted, extraction{wanted.Extract, 0, pattern, 0}})
	}
	c.person, c.fixed = c.needs(template.needsPerson), !c.needs(template.varies) && !c.upgrades() && !c.Trace
	return c, nil
}

// basicLogin returns the header for the login in a target's URL. A header of the step overrides it.
func basicLogin(login *url.Userinfo) header {
	password, _ := login.Password()
	text := base64.StdEncoding.EncodeToString([]byte(login.Username() + ":" + password))
	return header{"Authorization", template{{text: "Basic " + text}}}
}

func (s scope) compileBody(c *compiled) (err error) {
	switch {
	case c.JSON != "":
		if !c.names("Content-Type") {
			c.headers = append(c.headers, header{"Content-Type", template{{text: "application/json"}}})
		}
		s.quoted = true
		c.body, err = s.parseTemplate(c.JSON)
		c.body = c.body.inJSON()
	case len(c.Multipart) > 0:
		c.headers = append(c.headers, header{"Content-Type", template{{text: "multipart/form-data; boundary=" + boundary}}})
		for _, key := range sortedKeys(c.Multipart) {
			value, err := s.parseTemplate(c.Multipart[key])
			if err != nil {
				return err
			}
			part := s.part(key, value)
			if bytes.Contains(part.file.Content, []byte(boundary)) {
				return fmt.Errorf("multipart %s: the file %s holds the text %s, which separates the parts; take another file", key, part.file.Name, boundary)
			}
			c.parts = append(c.parts, part)
		}
	default:
		c.body, err = s.parseTemplate(c.Text)
		if c.isForm() {
			c.body = c.body.inForm()
		}
	}
	return err
}

// isForm reports whether the step itself says that its body is an url-encoded form.
func (c *compiled) isForm() bool {
	for name, value := range c.Headers {
		if strings.EqualFold(name, "Content-Type") && strings.HasPrefix(strings.ToLower(value), "application/x-www-form-urlencoded") {
			return true
		}
	}
	return false
}

// names reports whether the step itself gives a header.
func (c *compiled) names(header string) bool {
	for name := range c.Headers {
		if strings.EqualFold(name, header) {
			return true
		}
	}
	return false
}

func (s scope) part(name string, value template) part {
	p := part{name: quoted.Replace(name), value: value}
	if len(value) == 1 {
		p.photo = value[0].kind == photo
		if value[0].kind == upload {
			p.file = s.files[sortedKeys(s.files)[value[0].slot]]
			p.file.Name = quoted.Replace(p.file.Name)
		}
	}
	return p
}

// quoted escapes the name of a field or file as browsers do (HTML standard, multipart/form-data).
var quoted = strings.NewReplacer("\"", "%22", "\r", "%0D", "\n", "%0A")

// needs reports whether test is true of any template of the request.
func (c *compiled) needs(test func(template) bool) bool {
	needs := test(c.uri) || test(c.body)
	for _, h := range c.headers {
		needs = needs || test(h.value)
	}
	for _, p := range c.parts {
		needs = needs || p.photo || test(p.value)
	}
	return needs || c.call.needs(test) || c.gesture.needs(test)
}

// fill renders the request. It reuses scratch and returns it.
func (c *compiled) fill(req *fasthttp.Request, v *values, photos population.Photos, scratch []byte) []byte {
	scratch = c.uri.render(v, scratch[:0])
	req.Header.SetMethod(c.Method)
	req.SetRequestURIBytes(scratch)
	req.URI().DisablePathNormalizing = true // it would decode the slashes of values
	for _, h := range c.headers {
		scratch = h.value.render(v, scratch[:0])
		req.Header.SetBytesV(h.name, scratch)
	}
	req.UseHostHeader = len(req.Header.Host()) > 0
	if len(c.parts) > 0 {
		scratch = c.multipart(v, photos, scratch[:0])
	} else {
		scratch = c.body.render(v, scratch[:0])
	}
	if len(scratch) > 0 {
		req.SetBody(scratch)
	}
	return scratch
}

func (c *compiled) multipart(v *values, photos population.Photos, body []byte) []byte {
	for _, p := range c.parts {
		body = append(body, "--"+boundary+"\r\nContent-Disposition: form-data; name=\""+p.name+"\""...)
		switch {
		case p.photo:
			body = append(body, "; filename=\"photo.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n"...)
			v.photo = photos.Photo(v.person, v.photo)
			body = append(body, v.photo...)
		case p.file.Name != "":
			body = append(body, "; filename=\""+p.file.Name+"\"\r\nContent-Type: "+p.file.Type+"\r\n\r\n"...)
			body = append(body, p.file.Content...)
		default:
			body = append(body, "\r\n\r\n"...)
			body = p.value.render(v, body)
		}
		body = append(body, "\r\n"...)
	}
	return append(body, "--"+boundary+"--\r\n"...)
}

func sortedKeys[T any](m map[string]T) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}
