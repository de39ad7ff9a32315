package loadgen

import "testing"

// Values in an url-encoded form are escaped, so that a token with a plus sign arrives as it was.
func TestFormsEscapeValues(t *testing.T) {
	form := map[string]string{"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
	for _, test := range []struct {
		why, text string
		headers   map[string]string
		want      string
	}{
		{"a field of a form", "csrf=${got.x}&a=b+c", form, "csrf=a%2Bb%26%2F%3D&a=b+c"},
		{"a value that is the whole form", "${got.x}", form, "a+b&/="},
		{"a text of another type", "csrf=${got.x}", map[string]string{"Content-Type": "text/plain"}, "csrf=a+b&/="},
		{"a text without a type", "csrf=${got.x}", nil, "csrf=a+b&/="},
	} {
		s := scope{got: map[string]int{"x": 0}}
		c, err := s.compile(Request{Path: "/", Headers: test.headers, Text: test.text}, "http://h")
		if err != nil {
			t.Fatalf("%s: %v", test.why, err)
		}
		if rendered := string(c.body.render(&values{got: []string{"a+b&/="}}, nil)); rendered != test.want {
			t.Errorf("%s: %q, want %q", test.why, rendered, test.want)
		}
	}
}
