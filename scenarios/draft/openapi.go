package draft

import (
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/pb33f/libopenapi"
	"github.com/pb33f/libopenapi/datamodel"
	v3 "github.com/pb33f/libopenapi/datamodel/high/v3"
	"github.com/pb33f/libopenapi/orderedmap"
)

// description is an OpenAPI description that is turned into steps.
type description struct {
	*draft
	model    *v3.Document
	objects  map[string]string // name of the value that identifies a new object, by the path where it was made
	optional int               // parameters that were left out
}

// readOpenAPI makes a step of every operation, in the order of the description.
func (d *draft) readOpenAPI(text []byte) (err error) {
	d.source, d.notes.unit, d.notes.units = "an OpenAPI description", "operation", "operations"
	if externalReference.Match(text) {
		text, _ = d.mend(d.bundle(text))
	}
	model, err := parseOpenAPI(text)
	if err != nil {
		if mended, is := d.mend(text); is {
			model, err = parseOpenAPI(mended)
		}
	}
	if model == nil {
		return err
	}
	if err != nil {
		for _, line := range strings.Split(err.Error(), "\n") {
			d.notes.say("the description has a fault: %s", line)
		}
	}
	o := &description{draft: d, model: model, objects: map[string]string{}}
	place := 0
	if model.Paths != nil && model.Paths.PathItems != nil {
		for path, item := range model.Paths.PathItems.FromOldest() {
			if item == nil {
				d.notes.say("the path %s is empty; left out", path)
				continue
			}
			for method, operation := range item.GetOperations().FromOldest() {
				place++
				o.guarded(place, path, strings.ToUpper(method), item, operation)
			}
		}
	}
	o.prune()
	if o.optional > 0 {
		d.notes.say("%s without an example left out", count(o.optional, "optional parameter"))
	}
	if n := orderedmap.Len(model.Webhooks); n > 0 {
		d.notes.say("%s left out: the service sends them", count(n, "webhook"))
	}
	if len(d.steps) == 0 {
		return fmt.Errorf("it describes no operation under paths%s", d.because())
	}
	d.tally = func() string {
		return fmt.Sprintf("%d of %d operations became steps; the values are examples of the description or made up", len(d.steps), place)
	}
	return nil
}

// parseOpenAPI returns the model of a description. Faults in a part of it are returned beside the model.
func parseOpenAPI(text []byte) (model *v3.Document, err error) {
	defer func() {
		if failure := recover(); failure != nil { // the parser is no part of ombak, and descriptions are written by hand
			model, err = nil, fmt.Errorf("the description cannot be read: %v", failure)
		}
	}()
	config := datamodel.NewDocumentConfiguration()
	config.Logger = slog.New(slog.NewTextHandler(io.Discard, nil))
	config.SkipCircularReferenceCheck = true
	config.IgnoreArrayCircularReferences = true
	config.IgnorePolymorphicCircularReferences = true
	config.SkipExternalRefResolution = true
	config.SkipJSONConversion = true
	document, err := libopenapi.NewDocumentWithConfiguration(text, config)
	if err != nil {
		return nil, fmt.Errorf("%w; give a description of OpenAPI 3 in YAML or JSON", err)
	}
	if !strings.HasPrefix(document.GetVersion(), "3.") {
		return nil, fmt.Errorf("its version is %q; give a description of OpenAPI 3", document.GetVersion())
	}
	built, err := document.BuildV3Model()
	if built == nil {
		return nil, err
	}
	return &built.Model, err
}

// guarded adds the step of an operation. An operation on which the parser fails is left out.
func (o *description) guarded(place int, path, method string, item *v3.PathItem, operation *v3.Operation) {
	defer func() {
		if failure := recover(); failure != nil {
			o.notes.at(place, "%s %s cannot be read (%v); skipped", method, path, failure)
		}
	}()
	if operation == nil {
		o.notes.at(place, "%s %s is empty; skipped", method, path)
		return
	}
	o.operation(place, path, method, item, operation)
}

// operation adds the step of an operation.
func (o *description) operation(place int, path, method string, item *v3.PathItem, operation *v3.Operation) {
	if !isMethod(method) {
		o.notes.at(place, "%s %s: it has no method of HTTP; skipped", method, path)
		return
	}
	made := &step{place: place, method: method, name: slug(operation.OperationId), comment: operation.Summary}
	if operation.OperationId == "" {
		made.name = slug(method + "-" + path)
	}
	if len(o.steps) > 0 {
		made.think = "exponential(3s)"
	}
	base := o.server(made, slices.Concat(operation.Servers, item.Servers, o.model.Servers))
	values := o.parameters(made, path, item.Parameters, operation.Parameters)
	made.path = splitTemplate(base+path, values)
	if operation.RequestBody != nil {
		o.requestBody(made, operation.RequestBody)
	}
	o.security(made, operation)
	o.responses(made, path, operation.Responses)
	o.steps = append(o.steps, made)
	if orderedmap.Len(operation.Callbacks) > 0 {
		o.notes.at(place, "its callbacks are left out: the service sends them")
	}
}

// server chooses the first server of a list, and returns the path before all paths.
func (o *description) server(made *step, servers []*v3.Server) (base string) {
	text := "/"
	if len(servers) > 0 && servers[0] != nil {
		text = servers[0].URL
		if servers[0].Variables != nil {
			for name, variable := range servers[0].Variables.FromOldest() {
				value := variable.Default
				if value == "" && len(variable.Enum) > 0 {
					value = variable.Enum[0]
				}
				text = strings.ReplaceAll(text, "{"+name+"}", value)
			}
		}
	}
	address, err := url.Parse(text)
	if err != nil || strings.ContainsAny(text, "{}") {
		o.notes.say("the server %q cannot be read; %s is used", text, unknownService())
		address = unknownService()
	}
	if address.Hostname() == "" || address.Scheme != "http" && address.Scheme != "https" || !isPort(address.Port()) {
		known := unknownService()
		if address.Hostname() != "" && address.Scheme == "" { // such as //api.example.com/v1
			known = &url.URL{Scheme: "https", Host: address.Host}
		}
		address.Scheme, address.Host = known.Scheme, known.Host
	}
	made.target = o.target(address)
	return strings.TrimSuffix(address.EscapedPath(), "/")
}

var templated = regexp.MustCompile(`\{[^{}/]+\}`)

// splitTemplate returns the segments of a path such as /items/{id}, with values for its parameters.
func splitTemplate(path string, values map[string]*leaf) []*leaf {
	path, _, _ = strings.Cut(path, "?")
	path, _, _ = strings.Cut(path, "#")
	leaves := splitPath(path)
	for i, segment := range leaves {
		name := strings.Trim(segment.raw, "{}")
		if given := values[name]; given != nil && segment.raw == "{"+name+"}" {
			given.key = segment.key
			leaves[i] = given
			continue
		}
		filled := templated.ReplaceAllStringFunc(segment.raw, func(part string) string {
			if given := values[strings.Trim(part, "{}")]; given != nil {
				return given.raw
			}
			return "1"
		})
		if filled != segment.raw {
			leaves[i] = &leaf{in: inPath, key: segment.key, raw: filled, encoded: url.PathEscape(filled)}
		}
	}
	return leaves
}

// security adds what the operation's schemes ask for: the first of several alternatives.
func (o *description) security(made *step, operation *v3.Operation) {
	requirements := o.model.Security
	if operation.Security != nil {
		requirements = operation.Security
	}
	if len(requirements) == 0 || requirements[0] == nil || requirements[0].Requirements == nil {
		return
	}
	for _, requirement := range requirements {
		if requirement.ContainsEmptyRequirement {
			return // it works without
		}
	}
	for name := range requirements[0].Requirements.FromOldest() {
		var wanted *v3.SecurityScheme
		if o.model.Components != nil && o.model.Components.SecuritySchemes != nil {
			wanted = o.model.Components.SecuritySchemes.GetOrZero(name)
		}
		if wanted == nil {
			wanted = &v3.SecurityScheme{Type: "http", Scheme: "bearer"}
			o.notes.say("the security scheme %q is not described; a bearer token is sent", name)
		}
		o.credential(made, name, wanted)
	}
}

// credential adds the credential of one security scheme.
func (o *description) credential(made *step, name string, wanted *v3.SecurityScheme) {
	header := map[string]string{"cookie": "Cookie", "header": wanted.Name}[wanted.In]
	if wanted.Type != "apiKey" {
		header = "Authorization"
	}
	if header != "" && made.headerLeaf(header) != nil && !strings.EqualFold(wanted.Type, "mutualTLS") {
		o.notes.at(made.place, "the security scheme %s would send %s a second time; left out", name, header)
		return
	}
	reference := func(name string) *leaf { return &leaf{raw: "", template: o.secret(name)} }
	switch kind := strings.ToLower(wanted.Type); {
	case kind == "apikey" && wanted.In == "query":
		given := reference(name)
		given.in, given.key = inQuery, wanted.Name
		made.query = append(made.query, given)
	case kind == "apikey" && wanted.In == "cookie":
		made.header("Cookie", "").refer(wanted.Name+"=", o.secret(name))
	case kind == "apikey" && isToken(wanted.Name):
		made.header(wanted.Name, "").refer("", o.secret(name))
	case kind == "http" && strings.EqualFold(wanted.Scheme, "basic"):
		made.header("Authorization", "").refer("Basic ", o.secret("basic_login"))
	case kind == "mutualtls":
		o.notes.say("the service wants client certificates; see connections.tls in the reference of scenarios")
	default:
		made.header("Authorization", "").refer("Bearer ", o.secret("token"))
	}
}

// responses reads which statuses complete the step, and which are a correct no.
func (o *description) responses(made *step, path string, responses *v3.Responses) {
	if responses == nil || responses.Codes == nil {
		return
	}
	for code, response := range responses.Codes.FromOldest() {
		status, err := strconv.Atoi(code)
		switch {
		case strings.EqualFold(code, "2XX"):
			made.completed = append(made.completed, 200, 201, 202, 204)
		case err != nil:
		case status >= 200 && status < 400 && status != 304:
			made.completed = append(made.completed, status)
		case status == 409 || status == 422:
			made.declined = append(made.declined, status)
		}
		if status == 200 || status == 201 {
			o.identify(made, path, response)
		}
	}
	slices.Sort(made.completed)
	made.completed, made.declined = slices.Compact(made.completed), slices.Compact(made.declined)
	if len(made.completed) == 0 {
		o.notes.at(made.place, "it describes no answer of success; 200, 201, 202 and 204 are expected")
	}
}

// identify remembers that a POST answers with the id of what it made, so that later operations use it.
func (o *description) identify(made *step, path string, response *v3.Response) {
	if made.method != "POST" || response == nil || response.Content == nil || strings.HasSuffix(path, "}") {
		return
	}
	for mediaType, content := range response.Content.FromOldest() {
		if !isJSON(mediaType) || content == nil || content.Schema == nil {
			continue
		}
		schema := mergedSchema(content.Schema, 0)
		if schema == nil || schema.Properties == nil || o.objects[path] != "" {
			continue
		}
		noun := singular(path[strings.LastIndexByte(path, '/')+1:])
		for _, key := range []string{"id", noun + "Id", noun + "_id", "uuid", "_id"} {
			if property := schema.Properties.GetOrZero(key); property != nil {
				name := word(noun + "_id")
				for _, known := range o.carried {
					if known.name == name {
						name += "_" + strconv.Itoa(made.place)
					}
				}
				o.objects[path] = name
				made.extract = append(made.extract, extraction{name: name, json: inPathExpression.ReplaceAllString(key, `\$0`)})
				o.carried = append(o.carried, &carried{name: name, from: made, how: made.extract[0]})
				return
			}
		}
	}
}

// prune removes the extractions that no later operation uses.
func (o *description) prune() {
	o.carried = slices.DeleteFunc(o.carried, func(c *carried) bool {
		if len(c.into) == 0 {
			c.from.extract = slices.DeleteFunc(c.from.extract, func(e extraction) bool { return e.name == c.name })
		}
		return len(c.into) == 0
	})
}
