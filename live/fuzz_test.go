package live

import (
	"net/http"
	"strings"
	"testing"
)

// Whatever is sent as an order is an action that passes its own check, or a mistake that says so.
func FuzzOrder(f *testing.F) {
	for _, body := range []string{
		remark, `{"id":"b","do":"arrivals","with":{"factor":2},"for":90}`, `{"do":"fault","on":"mail","with":{"fault":"outage","status":500},"for":"1m"}`,
		`{"for":1e400}`, `{"with":{"a":[]}}`, `[]`, `{"do":"hold","for":-1}`, `{"do":"hold","for":true}`,
	} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		request, err := http.NewRequest(http.MethodPost, "/v1/actions", strings.NewReader(body))
		if err != nil {
			t.Skip(err)
		}
		_, action, err := readOrder(request)
		if err == nil && (action.Check() != nil || action.Text() == "") {
			t.Errorf("%q becomes %v", body, action)
		}
		if err != nil && err.Error() == "" {
			t.Errorf("%q is refused without a word", body)
		}
	})
}
