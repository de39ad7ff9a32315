package draft

import (
	"encoding/json"
	"fmt"
	"strings"
)

// auth adds the credential of a request.
func (p *postman) auth(one *call, auth *postmanAuth) {
	if auth == nil {
		return
	}
	values := func(raw json.RawMessage) map[string]string {
		var pairs []postmanPair
		all := map[string]string{}
		if json.Unmarshal(raw, &pairs) != nil { // version 2.0: an object
			var object map[string]any
			_ = json.Unmarshal(raw, &object) // what is not there stays empty
			for key, value := range object {
				all[key] = p.fill(fmt.Sprint(value))
			}
		}
		for _, pair := range pairs {
			all[pair.Key] = p.fill(pair.text())
		}
		return all
	}
	switch auth.Type {
	case "", "noauth":
	case "bearer":
		one.headers = append(one.headers, [2]string{"Authorization", "Bearer " + first(values(auth.Bearer)["token"], mark("${var."+word("token")+"}"))})
		if values(auth.Bearer)["token"] == "" {
			p.secret("token")
		}
	case "basic":
		login := values(auth.Basic)
		one.headers = append(one.headers, basicLogin(login["username"], login["password"]))
		if strings.Contains(login["username"]+login["password"], openMark) {
			p.secret("basic_login")
		}
	case "apikey":
		given := values(auth.APIKey)
		if given["in"] == "query" {
			separator := "?"
			if strings.Contains(one.address, "?") {
				separator = "&"
			}
			one.address += separator + given["key"] + "=" + given["value"]
			return
		}
		one.headers = append(one.headers, [2]string{first(given["key"], "X-Api-Key"), given["value"]})
	default:
		p.notes.at(p.place, "its authorization of type %s becomes a bearer token; give it with --var token=…", auth.Type)
		one.headers = append(one.headers, [2]string{"Authorization", "Bearer " + mark(p.secret("token"))})
	}
}

func (p *postman) body(one *call, request *postmanRequest) {
	body := request.Body
	if body == nil || body.Disabled {
		return
	}
	typed := func(mediaType string) {
		if !formHeader(one.headers, func(string) bool { return true }) {
			one.headers = append(one.headers, [2]string{"Content-Type", mediaType})
		}
	}
	switch body.Mode {
	case "raw":
		one.body = p.fill(body.Raw)
		mediaType := map[string]string{"json": "application/json", "xml": "application/xml", "html": "text/html", "javascript": "application/javascript", "text": "text/plain"}[body.Options.Raw.Language]
		if mediaType != "" && one.body != "" {
			typed(mediaType)
		}
	case "urlencoded":
		for _, pair := range body.URLEncoded {
			if !pair.Disabled {
				one.form = append(one.form, [2]string{p.fill(pair.Key), p.fill(pair.text())})
			}
		}
	case "formdata":
		for _, pair := range body.FormData {
			if pair.Disabled {
				continue
			}
			part := harField{Name: p.fill(pair.Key), Value: p.fill(pair.text()), ContentType: pair.ContentType}
			if pair.Type == "file" {
				part.FileName = first(strings.Trim(fmt.Sprint(pair.Source), "[]"), "file")
			}
			one.parts = append(one.parts, part)
		}
	case "graphql":
		variables := body.GraphQL.Variables
		if text, is := variables.(string); is {
			variables = nil
			_ = json.Unmarshal([]byte(text), &variables) // empty if there are none
		}
		text, err := json.Marshal(map[string]any{"query": body.GraphQL.Query, "variables": variables})
		if err == nil {
			one.body = p.fill(string(text))
			typed("application/json")
		}
	case "file":
		one.body = "content"
		p.notes.at(p.place, "its body is a file, which is not in the collection; the step sends a text in its place")
	}
}
