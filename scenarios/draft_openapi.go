package scenarios

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
)

// document is an OpenAPI description, version 3.x, in YAML or JSON, with its keys in order.
type document struct{ root any }

// at follows keys into a value. It resolves references within the document.
func (d document) at(value any, keys ...string) any {
	for _, key := range keys {
		value = d.resolve(value, 0)
		mapping, ok := value.(yaml.MapSlice)
		if !ok {
			return nil
		}
		value = nil
		for _, item := range mapping {
			if fmt.Sprint(item.Key) == key {
				value = item.Value
			}
		}
	}
	return d.resolve(value, 0)
}

// resolve replaces {$ref: "#/…"} by the value that it refers to.
func (d document) resolve(value any, depth int) any {
	const maxDepth = 16
	mapping, ok := value.(yaml.MapSlice)
	if !ok || depth > maxDepth {
		return value
	}
	for _, item := range mapping {
		reference, isText := item.Value.(string)
		if fmt.Sprint(item.Key) != "$ref" || !isText || !strings.HasPrefix(reference, "#/") {
			continue
		}
		target := d.root
		for _, key := range strings.Split(reference[2:], "/") {
			key = strings.NewReplacer("~1", "/", "~0", "~").Replace(key)
			inner, ok := target.(yaml.MapSlice)
			if !ok {
				return nil
			}
			target = nil
			for _, entry := range inner {
				if fmt.Sprint(entry.Key) == key {
					target = entry.Value
				}
			}
		}
		return d.resolve(target, depth+1)
	}
	return value
}

func (d document) text(value any, keys ...string) string {
	text, _ := d.at(value, keys...).(string)
	return text
}

// readOpenAPI makes a step of every operation, in the order of the file. It fills parameters and bodies with
// their examples or made-up values.
func (d *draft) readOpenAPI(text []byte) (err error) {
	defer func() {
		if cause := recover(); cause != nil { // the YAML parser panics on hostile input
			err = fmt.Errorf("it cannot be read (%v)", cause)
		}
	}()
	var doc document
	if err := yaml.UnmarshalWithOptions(text, &doc.root, yaml.UseOrderedMap()); err != nil {
		return errors.New(firstLine(err.Error()))
	}
	paths, ok := doc.at(doc.root, "paths").(yaml.MapSlice)
	if !ok || doc.text(doc.root, "openapi") == "" {
		return errors.New("it lacks openapi or paths; give a description of OpenAPI 3")
	}
	d.source = "an OpenAPI description"
	d.arrivals = steadyArrivals()
	base := d.server(doc)
	for _, entry := range paths {
		path := fmt.Sprint(entry.Key)
		for _, method := range []string{"get", "post", "put", "patch", "delete"} {
			if operation, ok := doc.at(entry.Value, method).(yaml.MapSlice); ok && strings.HasPrefix(path, "/") {
				d.add(d.operation(doc, base, path, method, entry.Value, operation))
			}
		}
	}
	if len(d.steps) == 0 {
		return errors.New("it describes no operation")
	}
	return nil
}

// server adds the first server as the target, and returns the path with which all operations begin.
func (d *draft) server(doc document) string {
	servers, _ := doc.at(doc.root, "servers").([]any)
	address := &url.URL{Scheme: "http", Host: "127.0.0.1:8080"}
	base := ""
	if len(servers) > 0 {
		if parsed, err := url.Parse(doc.text(servers[0], "url")); err == nil {
			if base = strings.Trim(parsed.EscapedPath(), "/"); base != "" {
				base = "/" + base
			}
			if parsed.Host != "" && (parsed.Scheme == "http" || parsed.Scheme == "https") {
				address = parsed
			}
		}
	}
	d.target(address)
	return base
}

func (d *draft) operation(doc document, base, path, method string, shared, operation any) draftStep {
	step := draftStep{
		name: slug(doc.text(operation, "operationId")), comment: doc.text(operation, "summary"),
		target: d.targets[0].name, method: strings.ToUpper(method),
	}
	if doc.text(operation, "operationId") == "" {
		step.name = slug(method + "-" + path)
	}
	if len(d.steps) > 0 {
		step.think = "exponential(3s)"
	}
	query := url.Values{}
	for _, list := range []any{doc.at(shared, "parameters"), doc.at(operation, "parameters")} {
		parameters, _ := list.([]any)
		for _, parameter := range parameters {
			path = d.parameter(doc, parameter, path, query, &step)
		}
	}
	step.path = base + path
	if len(query) > 0 {
		step.path += "?" + query.Encode()
	}
	if media := doc.at(operation, "requestBody", "content", "application/json"); media != nil {
		step.json = doc.sample(media, 0)
	}
	if doc.at(operation, "security") != nil || doc.at(doc.root, "security") != nil {
		step.headers = append(step.headers, [2]string{"Authorization", "Bearer " + d.secret("token")})
	}
	responses, _ := doc.at(operation, "responses").(yaml.MapSlice)
	for _, response := range responses {
		status, err := strconv.Atoi(fmt.Sprint(response.Key))
		switch {
		case err != nil:
		case status >= 200 && status < 400:
			step.completed = append(step.completed, status)
		case status == 409 || status == 422:
			step.declined = append(step.declined, status)
		}
	}
	return step
}

// parameter puts a value for one parameter where it belongs, and returns the path.
func (d *draft) parameter(doc document, parameter any, path string, query url.Values, step *draftStep) string {
	name := doc.text(parameter, "name")
	required, _ := doc.at(parameter, "required").(bool)
	value := fmt.Sprint(doc.sample(parameter, 0))
	switch doc.text(parameter, "in") {
	case "path":
		return strings.ReplaceAll(path, "{"+name+"}", url.PathEscape(value))
	case "query":
		if required {
			query.Set(name, value)
		}
	case "header":
		if required && name != "" {
			step.headers = append(step.headers, [2]string{name, plain(value)})
		}
	}
	return path
}

// sample returns the example of a parameter, a media type or a schema, or makes one up.
func (d document) sample(of any, depth int) any {
	const maxDepth = 6
	for _, key := range []string{"example", "default"} {
		if value := d.at(of, key); value != nil {
			return plainValue(value)
		}
	}
	if examples, ok := d.at(of, "examples").(yaml.MapSlice); ok && len(examples) > 0 {
		return plainValue(d.at(examples[0].Value, "value"))
	}
	if schema := d.at(of, "schema"); schema != nil {
		return d.sample(schema, depth)
	}
	if values, ok := d.at(of, "enum").([]any); ok && len(values) > 0 {
		return plainValue(values[0])
	}
	if depth > maxDepth {
		return nil
	}
	return d.madeUp(of, depth)
}

// madeUp returns a value of the schema's type. A name that people have gets the value of a person.
func (d document) madeUp(schema any, depth int) any {
	switch d.text(schema, "type") {
	case "integer", "number":
		return 1
	case "boolean":
		return true
	case "array":
		if item := d.sample(d.at(schema, "items"), depth+1); item != nil {
			return []any{item}
		}
		return []any{}
	case "string":
		switch d.text(schema, "format") {
		case "date":
			return "2030-01-01"
		case "date-time":
			return "2030-01-01T09:00:00Z"
		case "uuid":
			return "00000000-0000-4000-8000-000000000001"
		case "email":
			return "someone@example.com"
		}
		return "text"
	}
	properties, _ := d.at(schema, "properties").(yaml.MapSlice)
	object := map[string]any{}
	for _, property := range properties {
		object[fmt.Sprint(property.Key)] = d.sample(d.resolve(property.Value, 0), depth+1)
	}
	return object
}

// plainValue turns ordered mappings into maps, which can be encoded as JSON.
func plainValue(value any) any {
	switch value := value.(type) {
	case yaml.MapSlice:
		object := map[string]any{}
		for _, item := range value {
			object[fmt.Sprint(item.Key)] = plainValue(item.Value)
		}
		return object
	case []any:
		list := make([]any, len(value))
		for i, item := range value {
			list[i] = plainValue(item)
		}
		return list
	}
	return value
}
