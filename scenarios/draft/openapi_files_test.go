package draft_test

import (
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/ombak-sim/ombak/scenarios/draft"
)

// shopFiles are a description in three files, one of them in a folder of its own, whose references lead back and in a
// circle.
func shopFiles() fstest.MapFS {
	return fstest.MapFS{
		"paths/orders.yaml": {Data: []byte(`post:
  operationId: placeOrder
  parameters: [{$ref: "../models.yaml#/parameters/Lang"}]
  requestBody: {content: {application/json: {schema: {$ref: "../models.yaml#/schemas/Order"}}}}
  responses: {"201": {description: made}}
`)},
		"models.yaml": {Data: []byte(`parameters:
  Lang: {name: lang, in: query, required: true, schema: {type: string}, example: id}
schemas:
  Order: {type: object, properties: {item: {$ref: "#/schemas/Item"}, count: {type: integer, example: 3}}}
  Item: {type: object, properties: {name: {type: string, example: shoe}, box: {$ref: "Box.json"}, part: {$ref: "#/schemas/Item"}}}
`)},
		"Box.json":  {Data: []byte(`{"type": "object", "properties": {"width": {"type": "integer", "example": 7}, "weight": {"$ref": "shop.yaml#/components/schemas/Weight"}}}`)},
		"shop.yaml": {Data: []byte(shopRoot)},
	}
}

const shopRoot = `openapi: 3.0.3
info: {title: Shop, version: "1"}
paths:
  /orders: {$ref: paths/orders.yaml}
  /items/{id}:
    get: {operationId: getItem, parameters: [{name: id, in: path, required: true, schema: {type: integer}, example: 42}], responses: {"200": {description: ok, content: {application/json: {schema: {$ref: "models.yaml#/schemas/Item"}}}}}}
components: {schemas: {Weight: {type: integer, example: 9}}}
`

func TestDescriptionsInSeveralFiles(t *testing.T) {
	_, made := drawn(t, shopRoot, draft.Options{Kind: "openapi", Beside: shopFiles()})
	holds(t, made, `name: "placeorder"`, `path: "/orders?lang=id"`, `"item":{"name":"shoe","box":{"width":7,"weight":9},"part":{"name":"shoe"`, `"count":3}`, `path: "/items/42"`,
		"note:4 other files of the description read from its folder", "note:2 of 2 operations became steps", "no:leads into another file")
}

// TestFilesThatAreNotRead checks that references lead out of the folder neither by their path, nor by a link, nor over
// the network, and that one sentence says so.
func TestFilesThatAreNotRead(t *testing.T) {
	outside, inside := t.TempDir(), t.TempDir()
	write := func(path, text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const secret = `{type: object, properties: {leaked: {type: string, example: leaked}}}`
	write(filepath.Join(outside, "other.yaml"), secret)
	write(filepath.Join(inside, "broken.yaml"), "a: [")
	if err := os.Symlink(filepath.Join(outside, "other.yaml"), filepath.Join(inside, "link.yaml")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(inside, "linked")); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(inside)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = root.Close() }()
	for _, test := range []struct{ why, reference, want string }{
		{"a file that is not there", "none.yaml", "the reference none.yaml leads into another file, which is not in the folder of the description; what it stands for is left out"},
		{"up", "../other.yaml#/x", "the reference ../other.yaml#/x leads into another file, which is outside the folder of the description"},
		{"from the root", filepath.Join(outside, "other.yaml"), "which is outside the folder of the description"},
		{"a link to a file", "link.yaml", "which is no regular file in the folder of the description"},
		{"a link to a folder", "linked/other.yaml", "which is no regular file in the folder of the description"},
		{"a folder", ".", "which is no regular file in the folder of the description"},
		{"another host", "https://a.example/x.yaml#/y", "which is on another host, and nothing is fetched"},
		{"the host alone", "//a.example/x.yaml", "which is on another host, and nothing is fetched"},
		{"a file by its URL", "file:///etc/passwd", "which is on another host, and nothing is fetched"},
		{"no YAML", "broken.yaml", "which is neither YAML nor JSON"},
	} {
		t.Run(test.why, func(t *testing.T) {
			text := described("3.0.0", `  /x: {post: {operationId: x, requestBody: {content: {application/json: {schema: {type: object, properties: {a: {$ref: "`+test.reference+`"}, b: {type: integer, example: 5}}}}}}, responses: {"200": {description: ok}}}}`, "")
			_, made := drawn(t, text, draft.Options{Kind: "openapi", Beside: root.FS()})
			holds(t, made, "note:"+test.want, `"b":5`, "no:leaked")
		})
	}
	// A place that the file does not have is told like one that the description does not have.
	write(filepath.Join(inside, "models.yaml"), "schemas: {}")
	text := described("3.0.0", `  /x: {post: {operationId: x, requestBody: {content: {application/json: {schema: {type: object, properties: {a: {$ref: "models.yaml#/schemas/None"}, b: {type: integer, example: 5}}}}}}, responses: {"200": {description: ok}}}}`, "")
	_, made := drawn(t, text, draft.Options{Kind: "openapi", Beside: root.FS()})
	holds(t, made, "note:the reference models.yaml#/schemas/None leads nowhere", `"b":5`)
}

func FuzzOpenAPIFiles(f *testing.F) {
	f.Add(shopRoot, "a: {$ref: 'shop.yaml#/a'}")
	f.Fuzz(func(t *testing.T, text, other string) {
		files := shopFiles()
		files["models.yaml"] = &fstest.MapFile{Data: []byte(other)}
		mustLoad(t, text, draft.Options{Kind: "openapi", Beside: files})
	})
}
