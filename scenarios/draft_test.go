package scenarios_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/ombak-sim/ombak/scenarios"
)

const openAPI = `openapi: 3.0.3
info: {title: Shop, version: "1"}
servers: [{url: "https://api.shop.example/v1"}]
security: [{bearer: []}]
paths:
  /items/{id}:
    parameters: [{name: id, in: path, required: true, schema: {type: integer}, example: 42}]
    get:
      operationId: getItem
      summary: "One item: with a colon"
      parameters:
        - {name: lang, in: query, required: true, schema: {type: string, enum: [id, en]}}
        - {name: X-Client, in: header, required: true, schema: {type: string}}
      responses: {"200": {description: ok}, "404": {description: none}}
  /orders:
    post:
      requestBody: {content: {application/json: {schema: {$ref: "#/components/schemas/Order"}}}}
      responses: {"201": {description: made}, "422": {description: wrong}, default: {description: else}}
components:
  schemas:
    Order:
      type: object
      properties:
        item: {type: integer, example: 42}
        when: {type: string, format: date}
        lines: {type: array, items: {$ref: "#/components/schemas/Order"}}
`

const archive = `{"log":{"entries":[
 {"startedDateTime":"2026-01-01T10:00:00.000Z","time":200,"request":{"method":"GET","url":"https://shop.example/?q=a%20b","headers":[{"name":"Cookie","value":"s=secret"},{"name":"Accept","value":"text/html"}]},"response":{"status":200,"content":{"mimeType":"text/html"}}},
 {"startedDateTime":"2026-01-01T10:00:00.300Z","time":50,"request":{"method":"GET","url":"https://cdn.example/logo.png","headers":[]},"response":{"status":200,"content":{"mimeType":"image/png"}}},
 {"startedDateTime":"2026-01-01T10:00:03.200Z","time":90,"request":{"method":"POST","url":"https://api.shop.example/login","headers":[{"name":"Authorization","value":"Basic c2VjcmV0"},{"name":"Content-Type","value":"application/json"}],"postData":{"mimeType":"application/json","text":"{\"user\":\"${a}\\\"b\"}"}},"response":{"status":204,"content":{"mimeType":""}}}
]}}`

func TestDraftsCanBeLoaded(t *testing.T) {
	for _, test := range []struct {
		kind, text string
		want       []string
		steps      []string
	}{
		{
			"openapi", openAPI,
			[]string{`path: "/v1/items/42?lang=id"`, "# One item: with a colon", `"X-Client": "text"`, `"Authorization": "Bearer ${var.token}"`, `json: {"item":42,"lines":[`, "completed: [201], declined: [422]", `hosts: ["127.0.0.1", "localhost", "api.shop.example"]`},
			[]string{"getitem", "post-orders"},
		},
		{
			"har", archive,
			[]string{"exponential(3s)", `path: "/?q=a%20b"`, "cookies: true", `"Authorization": "${var.authorization}"`, `$${a}`, `url: "https://api.shop.example"`},
			[]string{"get", "post-login"},
		},
		{
			"access-log",
			`h - - [11/Apr/2020:19:00:00 +0700] "GET /items/1 HTTP/1.1" 200 5
h - - [11/Apr/2020:19:00:01 +0700] "GET /items/2?x=1 HTTP/1.1" 304 5
h - - [11/Apr/2020:19:00:01 +0700] "GET /items/3 HTTP/1.1" 500 5
h - - [11/Apr/2020:19:00:02 +0700] "GET /items/4 HTTP/1.1" 200 5
h - - [11/Apr/2020:19:00:02 +0700] "POST /orders HTTP/1.1" 202 5
h - - [11/Apr/2020:19:00:03 +0700] "\x16\x03" 400 0
`,
			[]string{"# 4 of the log's requests", "continue: 25%", "completed: [200, 304]", "{for: 3s, rate: 1.33333/s}"},
			[]string{"get-items-1", "post-orders"},
		},
	} {
		text, err := scenarios.Draft(test.kind, "My shop", []byte(test.text))
		if err != nil {
			t.Errorf("%s: %v", test.kind, err)
			continue
		}
		s, err := scenarios.Parse("draft.yaml", text, fstest.MapFS{})
		if err != nil {
			t.Errorf("%s: %v in\n%s", test.kind, err, text)
			continue
		}
		for _, want := range test.want {
			if !strings.Contains(string(text), want) {
				t.Errorf("%s: %q is not in\n%s", test.kind, want, text)
			}
		}
		var names []string
		for _, step := range s.Journey {
			names = append(names, step.Name)
		}
		if strings.Join(names, " ") != strings.Join(test.steps, " ") || s.Name != "my-shop" {
			t.Errorf("%s: scenario %s with the steps %v, want %v", test.kind, s.Name, names, test.steps)
		}
		if strings.Contains(string(text), "c2VjcmV0") || strings.Contains(string(text), "s=secret") {
			t.Errorf("%s: a secret stands in\n%s", test.kind, text)
		}
	}
}

func TestDraftsSayWhatIsWrong(t *testing.T) {
	for _, test := range []struct{ kind, text, want string }{
		{"swagger", "", `cannot be made from "swagger"; use openapi, har or access-log`},
		{"openapi", "swagger: '2.0'\n", "give a description of OpenAPI 3"},
		{"openapi", "openapi: 3.0.0\npaths: {}\n", "it describes no operation"},
		{"openapi", "a: [", "no scenario can be made from this openapi file"},
		{"har", "{}", "it holds no request for a page or data"},
		{"har", `{"log":{"entries":[{"request":{"url":"about:blank"}}]}}`, "is not that of a service"},
		{"access-log", "nonsense", "line 1: the line has no time"},
	} {
		if _, err := scenarios.Draft(test.kind, "x", []byte(test.text)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s %q: %v, want %q", test.kind, test.text, err, test.want)
		}
	}
}

// Every draft can be loaded.
func FuzzDraft(f *testing.F) {
	f.Add("openapi", openAPI)
	f.Add("har", archive)
	f.Add("access-log", `h - - [11/Apr/2020:19:00:00 +0700] "GET /items/1 HTTP/1.1" 200 5`)
	f.Fuzz(func(t *testing.T, kind, text string) {
		draft, err := scenarios.Draft(kind, "x", []byte(text))
		if err != nil {
			return
		}
		if _, err := scenarios.Parse("draft.yaml", draft, fstest.MapFS{}); err != nil {
			t.Errorf("%v in\n%s", err, draft)
		}
	})
}
