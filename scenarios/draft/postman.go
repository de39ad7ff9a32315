package draft

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// collection is a Postman collection, version 2.1; 2.0 differs only in what is read here as raw values.
type collection struct {
	Info struct {
		Name   string `json:"name"`
		Schema string `json:"schema"`
	} `json:"info"`
	Items     []postmanItem     `json:"item"`
	Variables []postmanPair     `json:"variable"`
	Auth      *postmanAuth      `json:"auth"`
	Events    []postmanEvent    `json:"event"`
	Requests  []json.RawMessage `json:"requests"` // of version 1
}

type postmanItem struct {
	Name     string            `json:"name"`
	Items    []postmanItem     `json:"item"`
	Request  json.RawMessage   `json:"request"` // an object, or the URL alone
	Answers  []postmanResponse `json:"response"`
	Events   []postmanEvent    `json:"event"`
	Auth     *postmanAuth      `json:"auth"`
	Variable []postmanPair     `json:"variable"`
}

type postmanResponse struct {
	Code int `json:"code"`
}

type postmanRequest struct {
	Method string          `json:"method"`
	URL    json.RawMessage `json:"url"` // an object with raw, or a text
	Header json.RawMessage `json:"header"`
	Auth   *postmanAuth    `json:"auth"`
	Body   *struct {
		Mode       string        `json:"mode"`
		Raw        string        `json:"raw"`
		URLEncoded []postmanPair `json:"urlencoded"`
		FormData   []postmanPair `json:"formdata"`
		GraphQL    struct {
			Query     string `json:"query"`
			Variables any    `json:"variables"`
		} `json:"graphql"`
		Options struct {
			Raw struct {
				Language string `json:"language"`
			} `json:"raw"`
		} `json:"options"`
		Disabled bool `json:"disabled"`
	} `json:"body"`
}

type postmanPair struct {
	Key         string `json:"key"`
	ID          string `json:"id"`
	Value       any    `json:"value"`
	Type        string `json:"type"`
	Source      any    `json:"src"`
	ContentType string `json:"contentType"`
	Disabled    bool   `json:"disabled"`
}

// text returns the value of a pair as a text.
func (p postmanPair) text() string {
	if p.Value == nil {
		return ""
	}
	return fmt.Sprint(p.Value)
}

type postmanAuth struct {
	Type   string          `json:"type"`
	Bearer json.RawMessage `json:"bearer"`
	Basic  json.RawMessage `json:"basic"`
	APIKey json.RawMessage `json:"apikey"`
}

type postmanEvent struct {
	Listen string `json:"listen"`
	Script struct {
		Exec json.RawMessage `json:"exec"` // lines, or one text
	} `json:"script"`
}

// postman reads a collection.
type postman struct {
	*script
	values map[string]string // of the collection's variables, and what its scripts set
	place  int
}

// readPostman makes a step of every request of a collection, folder by folder.
func (d *draft) readPostman(text []byte) error {
	d.source, d.notes.unit, d.notes.units = "a Postman collection", "request", "requests"
	var read collection
	if err := json.Unmarshal(text, &read); err != nil {
		var mistyped *json.UnmarshalTypeError
		if !errors.As(err, &mistyped) {
			return err
		}
		d.notes.say("a part of the collection has another type than expected (%s)", mistyped.Field)
	}
	if len(read.Items) == 0 {
		var wrapped struct{ Collection collection }
		if json.Unmarshal(text, &wrapped) == nil && len(wrapped.Collection.Items) > 0 {
			read = wrapped.Collection
		}
	}
	if len(read.Items) == 0 && len(read.Requests) > 0 {
		return errors.New("it is of version 1; export it as a collection of version 2.1")
	}
	s, err := newScript(d, "test", "", .5)
	if err != nil {
		return err
	}
	p := &postman{script: s, values: map[string]string{}}
	p.variables(read.Variables)
	if len(read.Events) > 0 {
		d.notes.say("scripts of the whole collection are left out")
	}
	p.items(read.Items, read.Auth, "")
	p.settle(nil, nil)
	for _, step := range d.steps[min(1, len(d.steps)):] {
		step.think = "exponential(3s)"
	}
	d.tally = func() string { return fmt.Sprintf("%d of %d requests became steps", len(d.steps), p.place) }
	return nil
}

// variables takes over the values of variables. Credentials are not written.
func (p *postman) variables(pairs []postmanPair) {
	for _, pair := range pairs {
		name := first(pair.Key, pair.ID)
		if name == "" || pair.Disabled {
			continue
		}
		switch value := pair.text(); {
		case secretKey.MatchString(name) || pair.Type == "secret":
			p.values[name] = mark(p.secretFor(name, value))
		case strings.Contains(value, "{{"):
			p.values[name] = value // filled in where it is used
		case value == "":
			p.values[name] = p.given(name)
		default:
			p.values[name] = mark(p.variable(name, value))
		}
	}
}

func (p *postman) items(items []postmanItem, auth *postmanAuth, folder string) {
	for _, item := range items {
		used := auth
		if item.Auth != nil {
			used = item.Auth
		}
		p.variables(item.Variable)
		if len(item.Items) > 0 || item.Request == nil {
			p.items(item.Items, used, item.Name)
			continue
		}
		p.place++
		p.item(item, used, folder)
	}
}

// item adds the step of one request, and runs its test for the values that it keeps.
func (p *postman) item(item postmanItem, auth *postmanAuth, folder string) {
	var request postmanRequest
	if err := json.Unmarshal(item.Request, &request); err != nil {
		request = postmanRequest{Method: "GET", URL: item.Request}
	}
	if request.Auth != nil {
		auth = request.Auth
	}
	one := call{place: p.place, name: item.Name, comment: folder, method: first(request.Method, "GET"), address: p.fill(addressOf(request.URL))}
	one.headers = p.headers(request.Header)
	p.auth(&one, auth)
	p.body(&one, &request)
	step, err := p.addCall(one)
	p.calls = append(p.calls, &scriptCall{line: p.place, pause: -1, step: step})
	if err != nil {
		p.notes.at(p.place, "%q: %v; skipped", item.Name, err)
		return
	}
	for _, answer := range item.Answers {
		if answer.Code >= 200 && answer.Code < 400 && !slices.Contains(step.completed, answer.Code) {
			step.completed = append(step.completed, answer.Code)
		}
	}
	for _, event := range item.Events {
		p.event(event)
	}
}

// addressOf returns the URL of a request, which is a text or an object.
func addressOf(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	var parts struct {
		Raw      string        `json:"raw"`
		Protocol string        `json:"protocol"`
		Host     any           `json:"host"`
		Port     string        `json:"port"`
		Path     any           `json:"path"`
		Query    []postmanPair `json:"query"`
		Variable []postmanPair `json:"variable"`
	}
	if err := json.Unmarshal(raw, &parts); err != nil && parts.Raw == "" {
		return ""
	}
	address := parts.Raw
	if address == "" {
		address = first(parts.Protocol, "http") + "://" + joined(parts.Host, ".")
		if parts.Port != "" {
			address += ":" + parts.Port
		}
		address += "/" + joined(parts.Path, "/")
		for i, pair := range parts.Query {
			address += map[bool]string{true: "?", false: "&"}[i == 0] + pair.Key + "=" + pair.text()
		}
	}
	for _, pair := range parts.Query {
		if pair.Disabled { // raw does not hold it, or it does and is not sent
			address = strings.Replace(strings.Replace(address, "&"+pair.Key+"="+pair.text(), "", 1), "?"+pair.Key+"="+pair.text()+"&", "?", 1)
		}
	}
	for _, pair := range parts.Variable {
		address = regexp.MustCompile(`/:`+regexp.QuoteMeta(pair.Key)+`(/|\?|$)`).ReplaceAllString(address, "/"+strings.ReplaceAll(first(pair.text(), "1"), "$", "$$")+"$1")
	}
	return address
}

// joined joins a list, or returns a text.
func joined(value any, separator string) string {
	list, is := value.([]any)
	if !is {
		return strings.TrimPrefix(first(fmt.Sprint(value), ""), "/")
	}
	words := make([]string, len(list))
	for i, part := range list {
		words[i] = fmt.Sprint(part)
		if object, is := part.(map[string]any); is {
			words[i] = fmt.Sprint(object["value"])
		}
	}
	return strings.Join(words, separator)
}

var postmanVariable = regexp.MustCompile(`\{\{\s*([^{}]+?)\s*\}\}`)

// fill replaces {{name}} by a marked reference.
func (p *postman) fill(text string) string {
	for range 4 { // values may hold variables themselves
		if !strings.Contains(text, "{{") {
			break
		}
		text = postmanVariable.ReplaceAllStringFunc(text, func(found string) string {
			name := postmanVariable.FindStringSubmatch(found)[1]
			if value, known := p.values[name]; known {
				return value
			}
			if dynamic, is := strings.CutPrefix(name, "$"); is {
				return p.dynamic(dynamic)
			}
			p.values[name] = p.given(name)
			return p.values[name]
		})
	}
	return text
}

// dynamic returns what stands for a value that Postman makes up.
func (p *postman) dynamic(name string) string {
	switch lower := strings.ToLower(name); {
	case lower == "guid" || lower == "randomuuid":
		return mark("${step.key}")
	case strings.Contains(lower, "email"):
		return mark("${person.email}")
	case strings.Contains(lower, "phone"):
		return mark("${person.phone}")
	case strings.HasSuffix(lower, "name") && strings.HasPrefix(lower, "random"):
		return mark("${person.name}")
	case lower == "timestamp":
		return "1893488400"
	case lower == "isotimestamp":
		return "2030-01-01T09:00:00Z"
	case lower == "randomint":
		return "500"
	}
	p.notes.at(p.place, "{{$%s}} is made up by Postman at each request; the step sends the same text each time", name)
	return "text"
}

func (p *postman) headers(raw json.RawMessage) [][2]string {
	var pairs []postmanPair
	_ = json.Unmarshal(raw, &pairs) // a text instead of a list has no headers that can be told apart
	var all [][2]string
	for _, pair := range pairs {
		if !pair.Disabled && pair.Key != "" {
			all = append(all, [2]string{p.fill(pair.Key), p.fill(pair.text())})
		}
	}
	return all
}
