package draft_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ombak-sim/ombak/scenarios/draft"
)

// har writes an archive.
func har(entries ...string) string {
	return `{"log":{"version":"1.2","entries":[` + strings.Join(entries, ",") + `]}}`
}

// entry writes an entry of an archive that begins so many seconds after ten o'clock. Request and answer are further
// keys of these objects.
func entry(at float64, method, url string, request string, status int, answer string) string {
	began := time.Date(2026, 1, 1, 10, 0, 0, 0, time.UTC).Add(time.Duration(at * float64(time.Second))).Format("2006-01-02T15:04:05.000Z07:00")
	if request != "" {
		request = "," + request
	}
	if answer != "" {
		answer = "," + answer
	}
	return fmt.Sprintf(`{"startedDateTime":%q,"time":100,"request":{"method":%q,"url":%q%s},"response":{"status":%d%s}}`, began, method, url, request, status, answer)
}

func content(mimeType, text string) string {
	quoted, _ := json.Marshal(text)
	return fmt.Sprintf(`"content":{"mimeType":%q,"text":%s}`, mimeType, quoted)
}

func body(mimeType, text string) string {
	quoted, _ := json.Marshal(text)
	return fmt.Sprintf(`"postData":{"mimeType":%q,"text":%s}`, mimeType, quoted)
}

func headers(pairs ...string) string {
	var fields []string
	for i := 0; i < len(pairs); i += 2 {
		value, _ := json.Marshal(pairs[i+1])
		fields = append(fields, fmt.Sprintf(`{"name":%q,"value":%s}`, pairs[i], value))
	}
	return `"headers":[` + strings.Join(fields, ",") + `]`
}

func TestArchives(t *testing.T) {
	for _, test := range []struct {
		why, text string
		want      []string
	}{
		{
			"what all paths share tells no step from another",
			har(entry(0, "GET", "https://a.example/", "", 200, ""), entry(1, "POST", "https://a.example/api/collections/users/records", "", 200, ""), entry(2, "POST", "https://a.example/api/collections/users/auth-with-password", "", 200, ""), entry(3, "GET", "https://a.example/api/collections/notes/records?page=1", "", 200, ""), entry(4, "GET", "https://a.example/api/collections/notes/records?page=2", "", 200, "")),
			[]string{`step: "get"`, `name: "post-users-records"`, `name: "post-users-auth-with-password"`, `name: "get-notes-records"`, `name: "get-notes-records-2"`},
		},
		{
			"short names keep what they share",
			har(entry(0, "GET", "https://a.example/v1/cart", "", 200, ""), entry(1, "GET", "https://a.example/v1/item", "", 200, "")),
			[]string{`name: "get-v1-cart"`, `name: "get-v1-item"`},
		},
		{
			"a browser asks for the icon by itself, and a service may answer it with a page",
			har(entry(0, "GET", "https://a.example/", "", 200, ""), entry(1, "GET", "https://a.example/favicon.ico", "", 200, content("text/html", "<p>home</p>"))),
			[]string{"1 of 2 entries became steps"},
		},
		{
			"entries are ordered by start, and the pause counts from the last answer",
			har(entry(3.2, "GET", "https://a.example/second", "", 200, ""), entry(0, "GET", "https://a.example/first", "", 200, "")),
			[]string{`step: "get-first"`, "noun: people", "think: exponential(3.1s)", "no:no pauses are known"},
		},
		{
			"what is no request to a service is skipped, entry by entry",
			har(entry(0, "GET", "https://a.example/", "", 200, ""), entry(1, "GET", "data:text/plain,x", "", 200, ""), entry(1, "GET", "blob:https://a.example/7", "", 200, ""),
				entry(1, "GET", "wss://a.example/live", "", 101, ""), entry(1, "CONNECT", "https://a.example:443/", "", 200, ""), entry(1, "GET", "chrome-extension://x/y", "", 200, ""),
				entry(2, "GET", "https://a.example/gone", "", 0, ""), `{"request":7}`, `"entry"`),
			[]string{
				"note:entry 2: cannot replay data: URLs; skipped", "note:entry 3: cannot replay blob: URLs; skipped", "note:entry 4: cannot replay wss: URLs; skipped",
				"note:entry 5: cannot replay CONNECT", "note:entry 6: cannot replay chrome-extension: URLs", "note:entry 7: it got no answer", "note:entry 8: it", "note:entry 9: it cannot be read",
				"note:1 of 9 entries became steps", "# - entry 2: cannot replay data: URLs; skipped",
			},
		},
		{
			"many entries of one kind are told together, with their number",
			har(entry(0, "GET", "https://a.example/", "", 200, ""), strings.TrimSuffix(strings.Repeat(entry(1, "GET", "https://a.example/p", "", 200, content("image/png", ""))+",", 9), ",")),
			[]string{"note:entries 2, 3, 4, 5, 6 and 4 more: a picture, font, script or style sheet; skipped (9)"},
		},
		{
			"an answer from the browser's copy is expected in full, without its condition",
			har(entry(0, "GET", "https://a.example/x", headers("If-None-Match", `"e1"`), 304, "")),
			[]string{"completed: [200]", "no:If-None-Match", "note:entry 1: it was answered 304"},
		},
		{
			"a failure is not expected again, a correct no is",
			har(entry(0, "GET", "https://a.example/x", "", 502, ""), entry(1, "GET", "https://a.example/y", "", 404, "")),
			[]string{"note:entry 1: it was answered 502; success is expected", "completed: [404]", "no:502]"},
		},
		{
			"a form that is told only as params",
			har(entry(0, "POST", "https://a.example/f", `"postData":{"mimeType":"application/x-www-form-urlencoded","params":[{"name":"q","value":"a b"},{"name":"tags","value":"1"},{"name":"tags","value":"2"}]}`, 200, "")),
			[]string{`text: "q=a+b&tags=1&tags=2"`, `"Content-Type": "application/x-www-form-urlencoded"`},
		},
		{
			"a form that is told as text keeps its escapes",
			har(entry(0, "POST", "https://a.example/f", body("application/x-www-form-urlencoded", "q=a%20b&r=%2B"), 200, "")),
			[]string{`text: "q=a%20b&r=%2B"`},
		},
		{
			"a multipart body as params: pictures become the photo, other files are named",
			har(entry(0, "POST", "https://a.example/f", `"postData":{"mimeType":"multipart/form-data; boundary=x","params":[{"name":"title","value":"Hi"},{"name":"pic","fileName":"a.png","contentType":"image/png"},{"name":"doc","fileName":"a.pdf","contentType":"application/pdf"}]}`, 201, "")),
			[]string{`"title": "Hi"`, `"pic": "${person.photo}"`, `note:entry 1: the file in its field "doc" is sent as text`},
		},
		{
			"a multipart body as text",
			har(entry(0, "POST", "https://a.example/f", body("multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nHi there\r\n--x--\r\n"), 201, "")),
			[]string{`"title": "Hi there"`, "no:boundary"},
		},
		{
			"kinds of JSON other than application/json",
			har(entry(0, "PATCH", "https://a.example/f", body("application/merge-patch+json", `{"a":null}`), 200, ""), entry(1, "POST", "https://a.example/g", body("application/json; charset=utf-8", `{"b":[1,"x"]}`), 200, "")),
			[]string{`"Content-Type": "application/merge-patch+json"`, `json: {"a":null}`, `json: {"b":[1,"x"]}`, `"Content-Type": "application/json; charset=utf-8"`},
		},
		{
			"numbers that YAML would spell otherwise, and keys that occur twice, are kept as text",
			har(entry(0, "POST", "https://a.example/f", body("application/json", `{"a":19.90,"b":12345678901234567890}`), 200, ""), entry(1, "POST", "https://a.example/g", body("application/json", `{"k":1,"k":2}`), 200, "")),
			[]string{`text: "{\"a\":19.90,\"b\":12345678901234567890}"`, `text: "{\"k\":1,\"k\":2}"`},
		},
		{
			"a body that only looks like a template, and one that only claims to be JSON",
			har(entry(0, "POST", "https://a.example/f", body("application/json", `{"a":"${x}"}`), 200, ""), entry(1, "POST", "https://a.example/g", body("application/json", `not ${json`), 200, "")),
			[]string{`json: {"a":"$${x}"}`, `text: "not $${json"`},
		},
		{
			"an offset without a colon, and a start that is no time",
			har(`{"startedDateTime":"2026-01-01T10:00:00.000+0530","time":50,"request":{"method":"GET","url":"https://a.example/a"},"response":{"status":200}}`,
				`{"startedDateTime":"2026-01-01T10:00:02.050+0530","time":-1,"request":{"method":"GET","url":"https://a.example/b"},"response":{"status":200}}`,
				`{"startedDateTime":"soon","request":{"method":"GET","url":"https://a.example/c"},"response":{"status":200}}`),
			[]string{"exponential(2s)", `note:entry 3: its start "soon" is no time`, `path: "/c"`},
		},
		{
			"headers that the generator or the browser sets are left out, those of the application stay",
			har(entry(0, "POST", "https://a.example/f", headers(":method", "POST", "Host", "a.example", "Content-Length", "3", "User-Agent", "M", "Sec-Fetch-Mode", "cors", "X-Tenant", "t1", "Origin", "https://a.example", "Referer", "https://a.example/x?token=abcdefghi", "Accept", "a", "accept", "b"), 200, "")),
			[]string{`"X-Tenant": "t1"`, `"Origin": "https://a.example"`, `"Referer": "https://a.example/x"`, `"Accept": "a, b"`, "no:User-Agent", "no:Sec-Fetch", "no:Content-Length", "no:abcdefghi"},
		},
		{
			"several hosts are told, so that nobody loads another's service",
			har(entry(0, "GET", "https://a.example/", "", 200, ""), entry(1, "GET", "https://stats.example/t", "", 200, "")),
			[]string{"note:requests go to 2 hosts: a.example (1), stats.example (1)", `"stats-example": {url: "https://stats.example"}`},
		},
		{
			"an archive of requests alone, in the call of a function",
			`onInputData({"log":{"entries":[{"request":{"method":"GET","url":"https://a.example/x"}}]}});`,
			[]string{`path: "/x"`, "note:1 of 1 entries became steps"},
		},
		{
			"an archive that was cut off gives what comes before",
			har(entry(0, "GET", "https://a.example/x", "", 200, ""), entry(1, "GET", "https://a.example/y", "", 200, ""))[:280],
			[]string{"note:the archive ends in the middle of entry", `path: "/x"`},
		},
	} {
		t.Run(test.why, func(t *testing.T) {
			_, made := drawn(t, test.text, draft.Options{Kind: "har"})
			holds(t, made, test.want...)
		})
	}
}

// A long journey is not cut.
func TestArchivesAreNotCut(t *testing.T) {
	var entries []string
	for i := range 200 {
		entries = append(entries, entry(float64(i), "GET", fmt.Sprintf("https://a.example/page/%d", i), "", 200, ""))
	}
	if scenario, _ := drawn(t, har(entries...), draft.Options{Kind: "har"}); len(scenario.Journey) != 200 {
		t.Errorf("%d of 200 steps", len(scenario.Journey))
	}
}

const jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI0MiJ9.c2lnbmF0dXJlLW9mLXRlc3Q"

func TestCorrelation(t *testing.T) {
	for _, test := range []struct {
		why, text string
		want      []string
	}{
		{
			"a token of a JSON answer is sent as a bearer token",
			har(entry(0, "POST", "https://a.example/login", body("application/json", `{"email":"ada@example.org","password":"hunter2-hunter2"}`), 200, content("application/json", `{"data":{"access.token":"`+jwt+`"}}`)),
				entry(1, "GET", "https://a.example/me", headers("Authorization", "Bearer "+jwt), 200, "")),
			[]string{`"access_token": {json: "data.access\\.token"}`, `"Authorization": "Bearer ${got.access_token}"`, "no:" + jwt, "no:hunter2", "no:ada@", `"password":"${var.password}"`, `"email":"${person.email}"`, "in get-me: sure"},
		},
		{
			"an id of a new object stands in a path, a query, a body as text and as a number",
			har(entry(0, "POST", "https://a.example/orders", "", 201, content("application/json", `{"id":1017}`)),
				entry(1, "GET", "https://a.example/orders/1017", "", 200, ""), entry(2, "GET", "https://a.example/bill?order_id=1017", "", 200, ""),
				entry(3, "POST", "https://a.example/pay", body("application/json", `{"orderId":1017,"order_id":"1017"}`), 200, "")),
			[]string{`path: "/orders/${got.order_id}"`, `path: "/bill?order_id=${got.order_id}"`, `text: "{\"orderId\":${got.order_id},\"order_id\":\"${got.order_id}\"}"`, "likely; check it"},
		},
		{
			"a number that is equal by chance stays",
			har(entry(0, "GET", "https://a.example/stock", "", 200, content("application/json", `{"id":5,"total":12}`)), entry(1, "GET", "https://a.example/page/12?size=5", "", 200, "")),
			[]string{`path: "/page/12?size=5"`, "no:got."},
		},
		{
			"a value that the client knew before is no value of the answer",
			har(entry(0, "GET", "https://a.example/a?client=web-7f3a9b2c", "", 200, content("application/json", `{"client":"web-7f3a9b2c"}`)), entry(1, "GET", "https://a.example/b?client=web-7f3a9b2c", "", 200, "")),
			[]string{"no:got."},
		},
		{
			"a request that began before the answer ended cannot know it",
			har(entry(0, "GET", "https://a.example/a", "", 200, content("application/json", `{"session":"web-7f3a9b2c"}`)), entry(0.05, "GET", "https://a.example/b?client=web-7f3a9b2c", "", 200, "")),
			[]string{"no:got."},
		},
		{
			"hidden fields and meta elements, in both orders of attributes",
			har(entry(0, "GET", "https://a.example/form", "", 200, content("text/html", `<meta content="m3taT0ken99" name="csrf-token"><input type="hidden" name="authenticity_token" value="a8Fk2+/Qx==">`)),
				entry(1, "POST", "https://a.example/form", headers("X-CSRF-Token", "m3taT0ken99")+","+body("application/x-www-form-urlencoded", "authenticity_token=a8Fk2%2B%2FQx%3D%3D"), 302, "")),
			[]string{`"X-CSRF-Token": "${got.csrf_token}"`, `text: "authenticity_token=${got.authenticity_token}"`, "no:a8Fk2", "no:m3taT"},
		},
		{
			"a cookie that a script repeats in a header",
			har(entry(0, "GET", "https://a.example/", "", 200, headers("Set-Cookie", "XSRF-TOKEN=x9y8z7w6v5; Path=/")), entry(1, "POST", "https://a.example/a", headers("X-XSRF-TOKEN", "x9y8z7w6v5", "Cookie", "XSRF-TOKEN=x9y8z7w6v5"), 200, "")),
			[]string{`"X-XSRF-TOKEN": "${got.xsrf_token}"`, `header: "Set-Cookie"`, "cookies: true", "no:x9y8z7"},
		},
		{
			"a cookie from before the recording is told",
			har(entry(0, "GET", "https://a.example/", headers("Cookie", "sid=abcdef123456; lang=id"), 200, "")),
			[]string{"note:entry 1: it sends 2 cookies that no earlier answer set (sid, lang); people start without them", "no:abcdef123456"},
		},
		{
			"the address of a redirect, and a parameter of it",
			har(entry(0, "POST", "https://a.example/orders", "", 303, headers("Location", "/orders/9f8e7d6c5b4a?ticket=t1c2k3e4t5")), entry(1, "GET", "https://a.example/orders/9f8e7d6c5b4a?ticket=t1c2k3e4t5", "", 200, "")),
			[]string{`path: "/orders/${got.order_id}?ticket=${got.ticket}"`, "no:t1c2k3e4t5"},
		},
		{
			"an ETag that protects a change",
			har(entry(0, "GET", "https://a.example/doc", "", 200, headers("ETag", `"33a64df551425fcc"`)), entry(1, "PUT", "https://a.example/doc", headers("If-Match", `"33a64df551425fcc"`), 200, "")),
			[]string{`"If-Match": "${got.etag}"`, `{header: "ETag"}`},
		},
		{
			"a value somewhere in a script",
			har(entry(0, "GET", "https://a.example/", "", 200, content("text/html", `<script>window.app = {nonce: 'n0nce-51f2a7b3c9'}</script>`)), entry(1, "POST", "https://a.example/a?nonce=n0nce-51f2a7b3c9", "", 200, "")),
			[]string{`path: "/a?nonce=${got.nonce}"`, "likely"},
		},
	} {
		t.Run(test.why, func(t *testing.T) {
			_, made := drawn(t, test.text, draft.Options{Kind: "har"})
			holds(t, made, test.want...)
		})
	}
}

func TestCredentialsAreWrittenNowhere(t *testing.T) {
	_, made := drawn(t, har(
		entry(0, "GET", "https://ada:p4ssw0rd-1@a.example/x?api_key=k3y-0123456789&next=/a/k3y-0123456789/b", headers("Authorization", "Basic YWRhOmh1bnRlcjItaHVudGVyMg==", "X-Api-Key", "s3cr3t-header"), 200, ""),
		entry(1, "POST", "https://a.example/y", body("application/json", `{"client_secret":"s3cr3t-client","nested":{"refreshToken":"r3fr3sh-01"},"note":"my s3cr3t-header is hunter2-hunter2","confirm":"s3cr3t-client"}`), 200, ""),
		entry(2, "POST", "https://a.example/z", body("application/x-www-form-urlencoded", "user%5Bpassword%5D=sesame-open&user%5Bemail%5D=ada%40example.org&user%5Bname%5D=Ada+L"), 200, ""),
		entry(3, "GET", "https://a.example/reset/tok3n-5566778899", "", 200, ""),
	), draft.Options{Kind: "har"})
	holds(t, made, "no:p4ssw0rd-1", "no:k3y-0123", "no:YWRhOm", "no:s3cr3t-header", "no:s3cr3t-client", "no:r3fr3sh", "no:hunter2", "no:sesame", "no:tok3n-55", "no:ada@", "no:Ada+L",
		`"X-Api-Key": "${var.x_api_key}"`, `"Authorization": "Basic ${var.basic_login}"`, `api_key=${var.api_key}&next=%2Fa%2F${var.api_key}%2Fb`,
		`user%5Bpassword%5D=${var.user_password}&user%5Bemail%5D=${person.email}&user%5Bname%5D=${person.name}`, "{secret: true}")
}

// A credential stands in no output, wherever it was.
func TestCredentialsAreNeverWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.StringMatching(`[A-Za-z0-9]{10,30}`).Draw(t, "secret")
		key := rapid.SampledFrom([]string{"password", "token", "apiKey", "client_secret", "access_token", "session_token"}).Draw(t, "key")
		made, err := draft.From([]byte(har(
			entry(0, "POST", "https://a.example/"+rapid.SampledFrom([]string{"", secret, "x/" + secret}).Draw(t, "path"), body("application/json", fmt.Sprintf(`{%q:%q,"b":%q}`, key, secret, rapid.SampledFrom([]string{"x", secret, "a " + secret}).Draw(t, "other"))), 200, ""),
			entry(1, "GET", "https://a.example/x?"+key+"="+secret, headers("X-Echo", secret), 200, ""),
		)), draft.Options{Kind: "har", Name: "x"})
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(made.Scenario)+strings.Join(made.Notes, ""), secret) {
			t.Fatalf("%s stands in\n%s\n%v", secret, made.Scenario, made.Notes)
		}
	})
}

func FuzzHAR(f *testing.F) {
	f.Add(har(entry(0, "GET", "https://a.example/?q=a%20b#c", headers("Cookie", "s=secret"), 200, content("text/html", `<input name=a value=b>`))))
	f.Add(har(entry(0, "POST", "https://a.example/", body("application/json", `{"a":"${b}","token":"abcdefgh1"}`), 200, content("application/json", `{"id":"abcdefgh1"}`)), entry(1, "GET", "https://a.example/abcdefgh1", "", 200, "")))
	f.Add(har(entry(0, "POST", "https://a.example/", body("multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n--x--"), 200, "")))
	f.Fuzz(func(t *testing.T, text string) { mustLoad(t, text, draft.Options{Kind: "har"}) })
}
