package draft_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/scenarios/draft"
)

// visits is what a few people did, in the order of time: seconds, client, method, path, status.
var visits = []struct {
	at           int
	client       string
	method, path string
	status       int
}{
	{0, "192.0.2.1", "GET", "/items", 200},
	{2, "192.0.2.2", "GET", "/items", 200},
	{4, "192.0.2.1", "GET", "/items/17", 200},
	{8, "192.0.2.2", "GET", "/items/23?ref=a", 304},
	{9, "192.0.2.1", "POST", "/orders", 201},
	{10, "192.0.2.1", "GET", "/logo.png", 200},
	{11, "192.0.2.3", "GET", "/wp-login.php", 404},
}

func TestLogFormats(t *testing.T) {
	at := func(seconds int, layout string) string {
		return time.Date(2026, 3, 1, 9, 0, seconds, 0, time.FixedZone("", 19800)).Format(layout)
	}
	const clf = "02/Jan/2006:15:04:05 -0700"
	for _, test := range []struct {
		why, format, head string
		line              func(i int) string
	}{
		{"common", "", "", func(i int) string {
			v := visits[i]
			return fmt.Sprintf(`%s - - [%s] "%s %s HTTP/1.1" %d 5`, v.client, at(v.at, clf), v.method, v.path, v.status)
		}},
		{"combined, with a user in brackets and quotes in the agent", "", "", func(i int) string {
			v := visits[i]
			return fmt.Sprintf(`%s - [bot] [%s] "%s %s HTTP/1.1" %d 5 "-" "a \"quoted\" agent [x]"`, v.client, at(v.at, clf), v.method, v.path, v.status)
		}},
		{"combined after the virtual host", "", "", func(i int) string {
			v := visits[i]
			return fmt.Sprintf(`shop.example:80 %s - - [%s] "%s %s HTTP/1.1" %d 5 "-" "M"`, v.client, at(v.at, clf), v.method, v.path, v.status)
		}},
		{"JSON of nginx", "", "", func(i int) string {
			v := visits[i]
			return fmt.Sprintf(`{"time_iso8601":"%s","remote_addr":"%s","request_method":"%s","request_uri":"%s","status":%d,"request_time":0.01}`, at(v.at, time.RFC3339), v.client, v.method, v.path, v.status)
		}},
		{"JSON of nginx with the whole request line", "", "", func(i int) string {
			v := visits[i]
			return fmt.Sprintf(`{"time":"%s","remote_addr":"%s","request":"%s %s HTTP/1.1","status":"%d"}`, at(v.at, clf), v.client, v.method, v.path, v.status)
		}},
		{"JSON of Caddy, between other messages", "", `{"level":"info","ts":1772333000.1,"msg":"serving"}` + "\n", func(i int) string {
			v := visits[i]
			return fmt.Sprintf(`{"level":"info","ts":%d.25,"logger":"http.log.access","request":{"remote_ip":"%s","method":"%s","host":"shop.example","uri":"%s","headers":{"User-Agent":["M"]}},"duration":0.01,"status":%d}`, 1772337600+v.at, v.client, v.method, v.path, v.status)
		}},
		{"JSON of Traefik", "", "", func(i int) string {
			v := visits[i]
			return fmt.Sprintf(`{"ClientHost":"%s","DownstreamStatus":%d,"Duration":10000000,"RequestHost":"shop.example","RequestMethod":"%s","RequestPath":"%s","StartUTC":"%s","time":"%s"}`, v.client, v.status, v.method, v.path, at(v.at, time.RFC3339Nano), at(v.at, time.RFC3339))
		}},
		{"an Application Load Balancer", "", "", func(i int) string {
			v := visits[i]
			return fmt.Sprintf(`https %s app/lb/50dc6c495c0c9188 %s:2817 10.0.0.1:80 0.000 0.010 0.000 %d %d 34 366 "%s https://shop.example:443%s HTTP/1.1" "M" ECDHE TLSv1.2 arn:aws:x "Root=1" "-" "-" 0 %s "forward" "-" "-"`, at(v.at, "2006-01-02T15:04:05.000000Z07:00"), v.client, v.status, v.status, v.method, v.path, at(v.at, time.RFC3339))
		}},
		{"W3C of IIS", "", "#Software: Microsoft Internet Information Services 10.0\n#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) sc-status time-taken\n", func(i int) string {
			v := visits[i]
			path, query, asked := strings.Cut(v.path, "?")
			if !asked {
				query = "-"
			}
			return fmt.Sprintf(`%s 10.0.0.1 %s %s %s 443 - %s Mozilla/5.0+(X11) %d 12`, at(v.at, "2006-01-02 15:04:05"), v.method, path, query, v.client, v.status)
		}},
		{"W3C of CloudFront, with tabs", "", "#Version: 1.0\n#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs-uri-query time-taken\n", func(i int) string {
			v := visits[i]
			path, query, asked := strings.Cut(v.path, "?")
			if !asked {
				query = "-"
			}
			return strings.Join([]string{at(v.at, "2006-01-02"), at(v.at, "15:04:05"), "CGK", "5", v.client, v.method, "d1.cloudfront.net", path, fmt.Sprint(v.status), query, "0.012"}, "\t")
		}},
		{"a log_format of nginx", `$remote_addr|$time_iso8601|$request_method|$request_uri|$status|$request_time`, "", func(i int) string {
			v := visits[i]
			return fmt.Sprintf(`%s|%s|%s|%s|%d|0.010`, v.client, at(v.at, time.RFC3339), v.method, v.path, v.status)
		}},
		{"a LogFormat of Apache", `%{X-Forwarded-For}i %l %u %t \"%r\" %>s %D`, "", func(i int) string {
			v := visits[i]
			return fmt.Sprintf(`%s, 10.0.0.1 - - [%s] "%s %s HTTP/1.1" %d 10000`, v.client, at(v.at, clf), v.method, v.path, v.status)
		}},
	} {
		t.Run(test.why, func(t *testing.T) {
			text := test.head
			for i := range visits {
				text += test.line(i) + "\n"
			}
			text += "\n" + test.line(0)[:20] + "\n" // a blank line, and one that was cut off
			scenario, made := drawn(t, text, draft.Options{Kind: "access-log", Format: test.format})
			if want := "get-items get-items-id post-orders"; names(scenario) != want {
				t.Errorf("steps %s, want %s in\n%s", names(scenario), want, made.Scenario)
			}
			if draft.Graphs {
				holds(t, made, `step: "get-items"`, "next: [{to: get-items-id}]", "next: [{to: post-orders, share: 50%}, {to: end}]", `{name: "from-get-items", share: 100%, steps: [get-items, get-items-id, post-orders]}`, "{for: 3s, rate: 0.666667/s}")
			} else {
				holds(t, made, "continue: 50%", "{for: 3s, rate: 0.666667/s}")
			}
			holds(t, made, "note:1 of ", "note:cannot be read", "note:7 requests read", "note:1 request for pictures", "note:1 request of 1 kind that were never answered below 400", "note:2 sessions found",
				`path: "/items/${var.item}"`, `"item": {default: "17"}`, "completed: [200, 304]", "completed: [201]", "note:post-orders sends no body", "think: exponential(5s)")
		})
	}
}

// A client that comes back after the time-out is another person.
func TestSessionsEndByPause(t *testing.T) {
	log := `192.0.2.1 - - [01/Mar/2026:09:00:00 +0000] "GET / HTTP/1.1" 200 5
192.0.2.1 - - [01/Mar/2026:09:10:00 +0000] "GET / HTTP/1.1" 200 5
`
	for session, want := range map[time.Duration]string{5 * time.Minute: "2 sessions found", 0: "1 session found"} {
		_, made := drawn(t, log, draft.Options{Kind: "access-log", Session: session})
		holds(t, made, "note:"+want)
	}
}

// Sessions become steps with shares of those who go on to each other step, and a journey for each way in. The step
// at which people arrive is apart from the one to which they come back.
func TestSessionsBecomeAGraph(t *testing.T) {
	if !draft.Graphs {
		t.Skip("scenario files hold one journey")
	}
	var log strings.Builder
	for i, paths := range []string{"/ /list /item/1 /list /item/2 /", "/ /list", "/list /item/3", "/ /list /list"} {
		for k, path := range strings.Fields(paths) {
			fmt.Fprintf(&log, "192.0.2.%d - - [01/Mar/2026:09:0%d:%02d +0000] \"GET %s HTTP/1.1\" 200 5\n", i, i, 3*k, path)
		}
	}
	_, made := drawn(t, log.String(), draft.Options{Kind: "access-log"})
	holds(t, made, `step: "first-get"`, `{name: "from-get", share: 75%, steps: [first-get, get-list, get-item-id, get]}`, `{name: "from-get-list", share: 25%, steps: [get-list, get-item-id, get]}`,
		"next: [{to: get-list, share: 16.666667%}, {to: get-item-id, share: 50%}, {to: end}]", "note:4 sessions found", "- {for: 60s, rate: 0.0166667/s}")
}

// Ids of the log are written to a table from which people draw, as often as in the log.
func TestIdsBecomeATable(t *testing.T) {
	var log strings.Builder
	for i := range 40 {
		fmt.Fprintf(&log, "192.0.2.1 - - [01/Mar/2026:09:00:%02d +0000] \"GET /articles/the-%c-article/comments/%d HTTP/1.1\" 200 5\n", i, 'a'+i%26, i%2)
	}
	scenario, made := drawn(t, log.String(), draft.Options{Kind: "access-log", Name: "blog", Files: true})
	holds(t, made, `path: "/articles/${feeder.article.value}/comments/${feeder.comment.value}"`, `"article": {file: "blog-article.csv"}`, "note:26 different values")
	if !strings.HasSuffix(names(scenario), "get-articles-id-comments-id") || strings.Count(string(made.Files["blog-article.csv"]), "\n") != 41 {
		t.Errorf("steps %s, and the table\n%s", names(scenario), made.Files["blog-article.csv"])
	}
}

func TestFormatsSayWhatIsWrong(t *testing.T) {
	for _, test := range []struct{ format, want string }{
		{"plain text", "it has no variables; give a log_format of nginx"},
		{"$remote_addr $status", "it has no time that can be read"},
	} {
		if _, err := draft.From([]byte("192.0.2.1 200\n"), draft.Options{Kind: "access-log", Name: "x", Format: test.format}); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.format, err, test.want)
		}
	}
}

func FuzzAccessLog(f *testing.F) {
	f.Add(`h - - [11/Apr/2020:19:00:00 +0700] "GET /items/1 HTTP/1.1" 200 5`, "")
	f.Add(`{"time":1772337600,"method":"GET","path":"/a","status":200}`, "")
	f.Add("#Fields: date time cs-method cs-uri-stem\n2026-01-01 00:00:00 GET /a\n", "w3c")
	f.Add("1|2026-01-01T00:00:00Z|GET|/a", "$remote_addr|$time_iso8601|$request_method|$request_uri")
	f.Fuzz(func(t *testing.T, text, format string) {
		mustLoad(t, text, draft.Options{Kind: "access-log", Format: format, Files: true})
	})
}
