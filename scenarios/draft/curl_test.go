package draft_test

import (
	"testing"

	"github.com/ombak-sim/ombak/scenarios/draft"
)

func TestCommands(t *testing.T) {
	for _, test := range []struct {
		why, text string
		want      []string
	}{
		{"a page over several lines, as browsers copy it", "curl 'https://a.example/x?y=1' \\\n  -H 'accept: text/html' \\\n  --compressed ;\n", []string{`path: "/x?y=1"`, `"accept": "text/html"`, "method: GET"}},
		{"quotes of every kind", `curl -H "X-A: say \"hi\" \$5" -H 'X-B: it'"'"'s' -H $'X-C: a\u0041\x42\'' https://a.example/`, []string{`"X-A": "say \"hi\" $5"`, `"X-B": "it's"`, `"X-C": "aAB'"`}},
		{"data makes a POST of a form", `curl -d a=1 -d 'b=x y' --data-urlencode 'c=x&y' https://a.example/`, []string{"method: POST", `text: "a=1&b=x y&c=x%26y"`, `"Content-Type": "application/x-www-form-urlencoded"`}},
		{"raw JSON with its type", `curl -XPUT -H 'Content-Type: application/json' --data-raw '{"a":[1]}' https://a.example/`, []string{"method: PUT", `json: {"a":[1]}`}},
		{"--json sets type and method", `curl --json '{"a":1}' https://a.example/`, []string{"method: POST", `json: {"a":1}`, `"Accept": "application/json"`}},
		{"-G moves the data to the query", `curl -G -d q=hats --data-urlencode 'l=a b' 'https://a.example/s?x=1'`, []string{"method: GET", `path: "/s?x=1&q=hats&l=a+b"`}},
		{"short flags in one word, with and without their value", `curl -sSLXDELETE https://a.example/x; curl -fsSk -XPOST https://a.example/y`, []string{"method: DELETE", "method: POST", "note:certificates were not checked (-k)"}},
		{"parts, files and pictures", `curl -F 'title=Hi' -F 'pic=@me.png' -F 'doc=@a.pdf;type=application/pdf' https://a.example/`, []string{`"title": "Hi"`, `"pic": "${person.photo}"`, `note:line 1: the file in its field "doc" is sent as text`}},
		{"a login, and a login in the URL", `curl -u ada:s3sam3-open https://a.example/x; curl https://bob:0pen-s3sam3@a.example/y`, []string{`"Authorization": "Basic ${var.basic_login}"`, `"Authorization": "Basic ${var.basic_login_2}"`, "no:s3sam3-open", "no:0pen-s3sam3"}},
		{"cookies become variables", `curl -b 'sid=abcdef123; lang=id' https://a.example/; curl -b jar.txt https://a.example/z`, []string{`"Cookie": "sid=${var.cookie_sid}; lang=${var.cookie_lang}"`, "no:abcdef123", "cookies: true", "note:line 1: cookies are read from the file jar.txt"}},
		{"variables of the shell", "BASE=https://a.example\nTOKEN=t0k3n-12345678\ncurl -H \"Authorization: Bearer $TOKEN\" \"$BASE/x?y=${UNKNOWN}\"\n", []string{`{url: "https://a.example"}`, `"Authorization": "Bearer ${var.token}"`, `path: "/x?y=${var.unknown}"`, "no:t0k3n"}},
		{"an address that the script does not tell", "curl $HOST/x\n", []string{"note:the address \"${var.host}\" is not in the file; http://127.0.0.1:8080 stands for it", `path: "/x"`}},
		{"several URLs, and --next", `curl https://a.example/1 https://a.example/2 --next -I https://a.example/3`, []string{`path: "/1"`, `path: "/2"`, "method: HEAD", "note:no pauses are known"}},
		{"other commands and other schemes are skipped", "echo hi\ncurl ftp://a.example/\ncurl https://a.example/\n", []string{"note:line 1: the command echo is not curl; skipped", "note:line 2: cannot replay ftp: URLs; skipped"}},
		{"a line that cannot be read costs itself", "curl https://a.example/1\ncurl 'https://a.example/2\n)\ncurl https://a.example/3\n", []string{`path: "/1"`, `path: "/3"`, "cannot be read"}},
		{"a service remembers addresses, so each run has people of its own", `curl --json '{"email":"ada@shop.example","password":"s3sam3-open"}' https://a.example/users`, []string{"population:", "  identity: fresh", `"email":"${person.email}"`}},
		{"nobody is remembered who sends no address", `curl --json '{"q":"hats"}' https://a.example/search`, []string{"no:identity: fresh"}},
		{"a body from a file is told", `curl -d @order.json https://a.example/`, []string{"note:line 1: the body is read from the file order.json"}},
	} {
		t.Run(test.why, func(t *testing.T) {
			_, made := drawn(t, test.text, draft.Options{Kind: "curl"})
			holds(t, made, test.want...)
		})
	}
}

func FuzzCurl(f *testing.F) {
	f.Add(`curl -X POST -H "A: $B" -d 'a=b' --data-urlencode c=d -F e=@f -u g:h https://a.example/x?y=$Z`)
	f.Add("A=1\ncurl $'\\u0041' `date` https://a.example/$(id)\n")
	f.Fuzz(func(t *testing.T, text string) { mustLoad(t, text, draft.Options{Kind: "curl"}) })
}
