package backend_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/ombak-sim/ombak/backend"
)

// document is the OpenAPI document, read by an independent library.
var document = sync.OnceValues(func() (*openapi3.T, error) {
	loader := openapi3.NewLoader()
	return loader.LoadFromData(backend.OpenAPI())
})

// documented reports an answer that the OpenAPI document does not describe. Statuses 404 and 405 mean that
// there is no such route, so they are not described.
func (s *service) documented(method, path string, a answer) {
	s.t.Helper()
	doc, err := document()
	if err != nil {
		s.t.Fatal(err)
	}
	path, _, _ = strings.Cut(path, "?")
	path = regexp.MustCompile(`^/v1/stocks/[^/]+`).ReplaceAllString(path, "/v1/stocks/{name}")
	item := doc.Paths.Value(path)
	if item == nil || item.GetOperation(method) == nil {
		if a.status != http.StatusNotFound && a.status != http.StatusMethodNotAllowed {
			s.t.Errorf("%s %s answers %d and is not in the document", method, path, a.status)
		}
		return
	}
	response := item.GetOperation(method).Responses.Value(strconv.Itoa(a.status))
	if response == nil {
		s.t.Errorf("%s %s: status %d is not in the document", method, path, a.status)
		return
	}
	media, _, _ := strings.Cut(a.header["Content-Type"], ";")
	content := response.Value.Content.Get(media)
	if content == nil {
		s.t.Errorf("%s %s: %d has content type %q, not in the document", method, path, a.status, media)
		return
	}
	if media != "application/json" {
		return
	}
	var body any
	if err := json.Unmarshal([]byte(a.body), &body); err != nil {
		s.t.Errorf("%s %s: %v", method, path, err)
		return
	}
	if err := content.Schema.Value.VisitJSON(body); err != nil {
		s.t.Errorf("%s %s: %d: %v", method, path, a.status, err)
	}
}

func TestOpenAPIIsServedAndSound(t *testing.T) {
	s := startService(t, func(s *service) { s.config.Passwords = backend.PasswordAfterVerify })
	a := s.send("GET", "/openapi.json", "", "", nil)
	var served, known bytes.Buffer
	if json.Compact(&served, []byte(a.body)) != nil || json.Compact(&known, backend.OpenAPI()) != nil || served.String() != known.String() {
		t.Errorf("%d: the served document differs from the tested one", a.status)
	}
	doc, err := document()
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Error(err)
	}
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			if a := s.send(method, path, "", "", nil); slices.Contains([]int{404, 405, 500}, a.status) {
				t.Errorf("%s %s is in the document and answers %d", method, path, a.status)
			}
		}
	}
}
