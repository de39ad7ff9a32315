package draft_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ombak-sim/ombak/scenarios/draft"
)

// described writes a description with the given paths and components.
func described(version, paths, rest string) string {
	return fmt.Sprintf("openapi: %s\ninfo: {title: Shop, version: '1'}\n%s\npaths:\n%s\n", version, rest, paths)
}

func TestDescriptions(t *testing.T) {
	ok := `responses: {"200": {description: ok}}`
	post := func(content string) string {
		return `  /x: {post: {operationId: x, requestBody: {content: {` + content + `}}, ` + ok + `}}`
	}
	query := func(parameter string) string {
		return `  /x: {get: {operationId: x, parameters: [` + parameter + `], ` + ok + `}}`
	}
	for _, test := range []struct {
		why, text string
		want      []string
	}{
		{
			"parameters of path and operation, examples, and answers",
			described("3.0.3", `  /items/{id}:
    parameters: [{name: id, in: path, required: true, schema: {type: integer}, example: 42}, {name: lang, in: query, required: true, schema: {type: string, enum: [id, en]}}]
    get:
      operationId: getItem
      summary: "One item: with a colon"
      parameters: [{name: lang, in: query, required: true, schema: {type: string, default: en}}, {name: X-Client, in: header, required: true, schema: {type: string}}, {name: page, in: query, schema: {type: integer}}]
      responses: {"200": {description: ok}, "201": {description: made}, "304": {description: same}, "404": {description: none}, "409": {description: twice}, default: {description: else}}`, `servers: [{url: "https://api.shop.example/v1"}]`),
			[]string{`name: "getitem"`, `path: "/v1/items/42?lang=en"`, "# One item: with a colon", `"X-Client": "text"`, "completed: [200, 201], declined: [409]", "note:1 optional parameter without an example left out", "note:1 of 1 operations became steps"},
		},
		{
			"allOf is merged, of oneOf and anyOf the first that is no null is taken",
			described("3.1.0", post(`application/json: {schema: {$ref: "#/components/schemas/All"}}`), `components: {schemas: {Base: {type: object, properties: {a: {type: integer, minimum: 3}}}, All: {allOf: [{$ref: "#/components/schemas/Base"}, {type: object, properties: {b: {oneOf: [{type: "null"}, {type: boolean}]}, c: {anyOf: [{type: object, properties: {d: {const: x}}}, {type: string}]}}}]}}}`),
			[]string{`json: {"a":3,"b":true,"c":{"d":"x"}}`},
		},
		{
			"a list of types, and the limits of texts and numbers",
			described("3.1.0", post(`application/json: {schema: {type: [object, "null"], properties: {a: {type: ["null", string], minLength: 6}, b: {type: string, maxLength: 2}, c: {type: number, exclusiveMinimum: 4}, d: {type: integer, multipleOf: 5, minimum: 7}, e: {type: array, items: {type: string}, minItems: 2}, f: {type: string, format: uuid}, g: {type: string, format: email}, h: {examples: [deep]}}}}`), ""),
			[]string{`{"a":"textte","b":"te","c":5,"d":10,"e":["text","text"],"f":"00000000-0000-4000-8000-000000000001","g":"${person.email}","h":"deep"}`},
		},
		{
			"what the service sets is not sent, and secrets are variables",
			described("3.0.0", post(`application/json: {schema: {type: object, properties: {id: {type: integer, readOnly: true}, password: {type: string}, name: {type: string}, email: {type: string}}}}`), ""),
			[]string{`json: {"password":"${var.password}","name":"${person.name}","email":"${person.email}"}`},
		},
		{
			"a schema that holds itself ends",
			described("3.0.0", post(`application/json: {schema: {$ref: "#/components/schemas/Node"}}`), `components: {schemas: {Node: {type: object, required: [child], properties: {v: {type: integer}, child: {$ref: "#/components/schemas/Node"}, all: {type: array, items: {$ref: "#/components/schemas/Node"}}}}}}`),
			[]string{`{"v":1,"child":{"v":1,"child":`},
		},
		{
			"a list in a query is repeated by default",
			described("3.0.0", query(`{name: ids, in: query, required: true, schema: {type: array, items: {type: integer}}, example: [3, 4]}`), ""),
			[]string{`path: "/x?ids=3&ids=4"`},
		},
		{
			"other styles of lists and objects",
			described("3.0.0", query(`{name: a, in: query, required: true, explode: false, example: [1, 2], schema: {type: array, items: {type: integer}}}, {name: b, in: query, required: true, style: pipeDelimited, example: [1, 2], schema: {type: array, items: {type: integer}}}, {name: c, in: query, required: true, style: deepObject, example: {k: 1, l: 2}, schema: {type: object}}, {name: d, in: query, required: true, example: {m: 1, n: 2}, schema: {type: object}}`), ""),
			[]string{`path: "/x?a=1,2&b=1%7C2&c%5Bk%5D=1&c%5Bl%5D=2&m=1&n=2"`},
		},
		{
			"security of the whole, and none for one operation",
			described("3.0.0", `  /a: {get: {operationId: a, `+ok+`}}
  /b: {get: {operationId: b, security: [], `+ok+`}}
  /c: {get: {operationId: c, security: [{}, {key: []}], `+ok+`}}
  /d: {get: {operationId: d, security: [{key: []}], `+ok+`}}
  /e: {get: {operationId: e, security: [{inQuery: []}], `+ok+`}}
  /f: {get: {operationId: f, security: [{login: []}], `+ok+`}}`, `security: [{bearer: []}]
components: {securitySchemes: {bearer: {type: http, scheme: bearer}, key: {type: apiKey, in: header, name: X-Api-Key}, inQuery: {type: apiKey, in: query, name: api_key}, login: {type: http, scheme: basic}}}`),
			[]string{`path: "/a"
      headers:
        "Authorization": "Bearer ${var.token}"`, `path: "/b"
    expect`, `path: "/c"
    expect`, `"X-Api-Key": "${var.key}"`, `path: "/e?api_key=${var.inquery}"`, `"Authorization": "Basic ${var.basic_login}"`},
		},
		{
			"variables of a server, and a server without a host",
			described("3.0.0", `  /a: {get: {operationId: a, `+ok+`}}
  /b: {servers: [{url: /other}], get: {operationId: b, `+ok+`}}`, `servers: [{url: "https://{region}.shop.example:{port}/v2", variables: {region: {default: id}, port: {enum: ["8443"], default: "8443"}}}]`),
			[]string{`{url: "https://id.shop.example:8443"}`, `path: "/v2/a"`, `{url: "http://127.0.0.1:8080"}`, `path: "/other/b"`},
		},
		{
			"other content types",
			described("3.0.0", `  /a: {post: {operationId: a, requestBody: {content: {application/xml: {}, application/x-www-form-urlencoded: {schema: {type: object, properties: {q: {type: string, example: a b}, t: {type: array, items: {type: integer}, minItems: 2}}}}}}, `+ok+`}}
  /b: {post: {operationId: b, requestBody: {content: {multipart/form-data: {schema: {type: object, properties: {title: {type: string}, meta: {type: object, properties: {k: {type: integer}}}}}}}}, `+ok+`}}
  /c: {patch: {operationId: c, requestBody: {content: {application/merge-patch+json: {example: {a: null, b: 1.50}}}}, `+ok+`}}
  /d: {put: {operationId: d, requestBody: {content: {text/csv: {example: "a;b"}}}, `+ok+`}}
  /e: {post: {operationId: e, requestBody: {content: {application/octet-stream: {schema: {type: string, format: binary}}}}, `+ok+`}}
  /f: {post: {operationId: f, requestBody: {content: {application/xml: {schema: {type: object, properties: {a: {type: string}}}}}}, `+ok+`}}`, ""),
			[]string{`text: "q=a+b&t=1&t=1"`, `"meta": "{\"k\":1}"`, `text: "{\"a\":null,\"b\":1.5}"`, `text: "a;b"`, `"Content-Type": "text/csv"`, "note:operation 5: its body is application/octet-stream", "note:operation 6: a body of application/xml cannot be made up"},
		},
		{
			"a new object is asked for by the id that it got",
			described("3.0.0", `  /orders: {post: {operationId: make, responses: {"201": {description: made, content: {application/json: {schema: {type: object, properties: {id: {type: integer}}}}}}}}}
  /orders/{orderId}: {get: {operationId: look, parameters: [{name: orderId, in: path, required: true, schema: {type: integer}}], `+ok+`}}`, ""),
			[]string{`"order_id": {json: "id"}`, `path: "/orders/${got.order_id}"`, "note:${got.order_id} is taken from the answer of make (json: \"id\") and sent in look: likely; check it"},
		},
		{
			"references to nothing cost a value, not the file",
			described("3.0.0", `  /a: {post: {operationId: a, requestBody: {content: {application/json: {schema: {type: object, properties: {b: {$ref: "#/components/schemas/Missing"}, c: {type: integer}}}}}}, `+ok+`}}`, ""),
			[]string{`"c":1`, "note:Missing"},
		},
		{
			"references into other files are told, and cost no more than themselves",
			described("3.0.0", `  /a: {get: {operationId: a, `+ok+`}}
  /b: {$ref: "paths/b.yaml"}
  /c: {post: {operationId: c, requestBody: {content: {application/json: {schema: {type: object, properties: {d: {$ref: "models.yaml#/D"}, e: {type: integer}}}}}}, `+ok+`}}`, ""),
			[]string{`path: "/a"`, `"e":1`, "note:the reference paths/b.yaml leads into another file", "note:2 references into other files; bundle the description"},
		},
		{
			"several schemes that use one header",
			described("3.0.0", `  /a: {get: {operationId: a, security: [{one: [], two: []}], `+ok+`}}`, `components: {securitySchemes: {one: {type: http, scheme: basic}, two: {type: oauth2}}}`),
			[]string{`"Authorization": "Basic ${var.basic_login}"`, "note:operation 1: the security scheme two would send Authorization a second time"},
		},
		{
			"what is not an operation is told",
			described("3.1.0", `  /a: {get: {operationId: a, callbacks: {done: {"{$request.body#/url}": {post: {`+ok+`}}}}, `+ok+`}}`, `webhooks: {w: {post: {`+ok+`}}}`),
			[]string{"note:1 webhook left out", "note:operation 1: its callbacks are left out"},
		},
	} {
		t.Run(test.why, func(t *testing.T) {
			_, made := drawn(t, test.text, draft.Options{Kind: "openapi"})
			holds(t, made, test.want...)
		})
	}
}

// A large interface is not cut.
func TestDescriptionsAreNotCut(t *testing.T) {
	var paths strings.Builder
	for i := range 150 {
		fmt.Fprintf(&paths, "  /r%d: {get: {responses: {\"200\": {description: ok}}}}\n", i)
	}
	if scenario, _ := drawn(t, described("3.0.0", paths.String(), ""), draft.Options{Kind: "openapi"}); len(scenario.Journey) != 150 {
		t.Errorf("%d of 150 steps", len(scenario.Journey))
	}
}

func FuzzOpenAPI(f *testing.F) {
	f.Add(described("3.0.3", `  /items/{id}: {get: {parameters: [{name: id, in: path, required: true, schema: {type: integer}}, {name: ids, in: query, required: true, example: [3, 4]}], responses: {"200": {description: ok}}}}`, `servers: [{url: "https://a.example/v1"}]`))
	f.Add(described("3.1.0", `  /a: {post: {requestBody: {content: {application/json: {schema: {$ref: "#/components/schemas/N"}}}}}}`, `components: {schemas: {N: {type: object, properties: {n: {$ref: "#/components/schemas/N"}}}}}`))
	f.Fuzz(func(t *testing.T, text string) { mustLoad(t, text, draft.Options{Kind: "openapi"}) })
}
