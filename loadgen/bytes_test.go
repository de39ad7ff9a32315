package loadgen

import (
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/ombak-sim/ombak/population"
)

// Connection is a list of words in any case, in one header or several.
func TestConnectionHeaderIsAList(t *testing.T) {
	const whole = "Content-Length: 0\r\n\r\n"
	for _, test := range []struct {
		why, head string
		keep      bool
	}{
		{"HTTP/1.1 keeps", "HTTP/1.1 200 OK\r\n", true},
		{"close", "HTTP/1.1 200 OK\r\nConnection: close\r\n", false},
		{"in capitals", "HTTP/1.1 200 OK\r\nCONNECTION: CLOSE\r\n", false},
		{"after another word", "HTTP/1.1 200 OK\r\nConnection: keep-alive, close\r\n", false},
		{"before another word, with blanks", "HTTP/1.1 200 OK\r\nConnection: \t Close , TE\r\n", false},
		{"in a second header", "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nConnection: close\r\n", false},
		{"before a second header", "HTTP/1.1 200 OK\r\nConnection: close\r\nConnection: keep-alive\r\n", false},
		{"a word that begins so", "HTTP/1.1 200 OK\r\nConnection: closed\r\n", true},
		{"HTTP/1.0 closes", "HTTP/1.0 200 OK\r\n", false},
		{"unless it says otherwise", "HTTP/1.0 200 OK\r\nConnection: x, Keep-Alive\r\n", true},
		{"or says both", "HTTP/1.0 200 OK\r\nConnection: keep-alive, close\r\n", false},
		{"with an empty word", "HTTP/1.1 200 OK\r\nConnection: ,,close,\r\n", false},
	} {
		f, err := parseFrame([]byte(test.head+whole), false)
		if err != nil || !f.whole || f.keep != test.keep {
			t.Errorf("%s: keep %v (%v), want %v", test.why, f.keep, err, test.keep)
		}
	}
}

// Cookies after RFC 6265bis; the cases are modelled on those of its public test suite.
func TestSetCookie(t *testing.T) {
	now := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		why, header string
		want        string // as sent back; "" if the cookie is not kept
	}{
		{"plain", "a=b", "a=b"},
		{"quotes belong to the value", `a="b c"; Path=/`, `a="b c"`},
		{"one quote", `a="b`, `a="b`},
		{"equals signs in the value", "a=b=c==", "a=b=c=="},
		{"blanks around", "  a \t=\t b ; Secure", "a=b"},
		{"no value", "a=", "a="},
		{"no name", "=b", "b"},
		{"no equals sign", "b", "b"},
		{"nothing", "=; Path=/", ""},
		{"a value that reads like an attribute", "a=max-age=0", "a=max-age=0"},
		{"a semicolon ends a quoted value, too", `a="b;max-age=0"`, `a="b`},
		{"an attribute whose value holds another", "a=b; Path=/max-age=0", "a=b"},
		{"Max-Age 0", "a=b; Max-Age=0", ""},
		{"Max-Age below 0", "a=b; max-AGE=-1", ""},
		{"Max-Age far below 0", "a=b; max-age=-99999999999999999999", ""},
		{"Max-Age above 0", "a=b; Max-Age = 1", "a=b"},
		{"Max-Age beyond what can be counted", "a=b; Max-Age=99999999999999999999", "a=b"},
		{"Max-Age that is no number", "a=b; Max-Age=0x", "a=b"},
		{"an empty Max-Age", "a=b; Max-Age=", "a=b"},
		{"the last Max-Age counts", "a=b; Max-Age=0; Max-Age=5", "a=b"},
		{"Max-Age overrides Expires", "a=b; Max-Age=5; Expires=Mon, 01 Jan 2001 00:00:00 GMT", "a=b"},
		{"Expires in the past", "a=b; Expires=Mon, 01 Jan 2001 00:00:00 GMT", ""},
		{"Expires with dashes", "a=b; expires=Mon, 01-Jan-2001 00:00:00 GMT", ""},
		{"Expires in the future", "a=b; Expires=Fri, 01 Jan 2038 00:00:00 GMT", "a=b"},
		{"Expires that is no date", "a=b; Expires=never", "a=b"},
		{"a control character", "a=b\x01c", ""},
		{"a tab inside", "a=b\tc", "a=b\tc"},
	} {
		var jar []cookie
		if set, expired, ok := parseCookie(test.header, now); ok {
			jar = put(jar, set, expired)
		}
		var req fasthttp.Request
		sendCookies(jar, 0, &req)
		if got := string(req.Header.Peek("Cookie")); got != test.want {
			t.Errorf("%s: %q sends back %q, want %q", test.why, test.header, got, test.want)
		}
	}
}

// Cookies stay where they were when they change, and go when they expire.
func TestJarKeepsTheOrder(t *testing.T) {
	var jar []cookie
	for _, header := range []string{"a=1", "b=2", "c=3", "a=4", "b=; Max-Age=-1"} {
		var resp fasthttp.Response
		resp.Header.Add("Set-Cookie", header)
		jar = setCookies(jar, 0, &resp, time.Now())
	}
	var req fasthttp.Request
	sendCookies(jar, 0, &req)
	if got := string(req.Header.Peek("Cookie")); got != "a=4; c=3" {
		t.Errorf("sent back %q", got)
	}
}

// Numbers are taken as they are written.
func TestNumbersKeepTheirText(t *testing.T) {
	for _, number := range []string{"19.90", "1e3", "-0.0", "0", "100000000000000000000", "123456789012345678901234567890", "1.10E+02"} {
		var resp fasthttp.Response
		resp.SetBodyString(`{"total": ` + number + `}`)
		c, err := scope{got: map[string]int{"x": 0}}.compile(Request{
			Extract: map[string]Extract{"x": {JSON: "total"}},
			Checks:  []Check{{Extract: Extract{JSON: "total"}, Equals: number}},
		}, "http://h")
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		c.extract(&resp, false, chooser{}, func(_ int, value string) { got = value })
		if got != number || !c.passes(&resp) {
			t.Errorf("%s became %q; passes %v", number, got, c.passes(&resp))
		}
	}
}

// A step's own Content-Type stays; otherwise the body decides.
func TestContentTypeOfJSON(t *testing.T) {
	for _, test := range []struct {
		headers map[string]string
		want    string
	}{
		{nil, "application/json"},
		{map[string]string{"Content-Type": "application/vnd.api+json"}, "application/vnd.api+json"},
		{map[string]string{"content-type": "application/json; charset=utf-8"}, "application/json; charset=utf-8"},
	} {
		c, err := scope{}.compile(Request{Method: "POST", JSON: `{"a":1}`, Headers: test.headers}, "http://h")
		if err != nil {
			t.Fatal(err)
		}
		var req fasthttp.Request
		c.fill(&req, &values{}, population.Photos{}, nil)
		if got := string(req.Header.ContentType()); got != test.want {
			t.Errorf("%v: %q, want %q", test.headers, got, test.want)
		}
	}
}
