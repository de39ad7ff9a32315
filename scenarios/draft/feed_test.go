package draft_test

import (
	"strings"
	"testing"

	"github.com/ombak-sim/ombak/scenarios/draft"
)

// searches writes an archive of searches.
func searches(queries ...string) string {
	var entries []string
	for i, query := range queries {
		entries = append(entries, entry(float64(i), "GET", "https://a.example/search?"+query, "", 200, ""))
	}
	return har(entries...)
}

// TestRepeatedRequestsAreFed checks what becomes a table. A wanted text "file:NAME" is followed by the content of the file.
func TestRepeatedRequestsAreFed(t *testing.T) {
	posts := func(path, mediaType string, bodies ...string) string {
		var entries []string
		for i, text := range bodies {
			entries = append(entries, entry(float64(i), "POST", "https://a.example"+path, body(mediaType, text), 200, ""))
		}
		return har(entries...)
	}
	for _, test := range []struct {
		why, kind, text string
		want            []string
	}{
		{
			"a parameter: the first person does what was recorded, the others the same in another order", "har", searches("q=red%20shoe&page=1", "q=blue,hat&page=1", "q=sock&page=1"),
			[]string{
				`path: "/search?q=${feeder.q.value}&page=1"`, `path: "/search?q=${feeder.q.value_2}&page=1"`, `path: "/search?q=${feeder.q.value_3}&page=1"`, `"q": {file: "mine-q.csv"}`,
				"note:GET /search is sent 3 times with different values of q; ${feeder.q} takes its 3 values from mine-q.csv",
				"file:mine-q.csv=value,value_2,value_3\nred shoe,\"blue,hat\",sock\n\"blue,hat\",sock,red shoe\nsock,red shoe,\"blue,hat\"\n",
			},
		},
		{
			"an id in a path, and the same ids in a body: one table, and a number stays a number", "har",
			har(entry(0, "GET", "https://a.example/items/17", "", 200, ""), entry(1, "GET", "https://a.example/items/23", "", 200, ""), entry(2, "POST", "https://a.example/cart", body("application/json", `{"item":17}`), 200, ""), entry(3, "POST", "https://a.example/cart", body("application/json", `{"item":23}`), 200, "")),
			[]string{`path: "/items/${feeder.item.value_2}"`, `name: "get-items-item-2"`, `text: "{\"item\":${feeder.item.value}}"`, "file:mine-item.csv=value,value_2\n17,23\n23,17\n", "no:item_2"},
		},
		{"a field of a form", "har", posts("/f", "application/x-www-form-urlencoded", "city=Solo&a=1", "city=Medan&a=1"), []string{`text: "city=${feeder.city.value}&a=1"`, "file:mine-city.csv=value,value_2\nSolo,Medan\nMedan,Solo\n"}},
		{"a text in JSON", "har", posts("/f", "application/json", `{"q":"x y"}`, `{"q":"z"}`), []string{`json: {"q":"${feeder.q.value}"}`}},
		{"requests of a collection", "postman", collectionOf("", `{"name":"a","request":{"method":"GET","url":"https://a.example/s?q=x"}}`, `{"name":"b","request":{"method":"GET","url":"https://a.example/s?q=y"}}`), []string{`name: "a"`, `path: "/s?q=${feeder.q.value_2}"`}},
		{"requests that differ in two places", "har", searches("q=a&page=1", "q=b&page=2"), []string{`path: "/search?q=a&page=1"`, "no:feeder"}},
		{"requests that are equal", "har", searches("q=a", "q=a"), []string{"no:feeder"}},
		{"requests of another shape", "har", searches("q=a", "q=b&page=1"), []string{"no:feeder"}},
		{"a word that says what the request does", "har", searches("action=list", "action=show"), []string{`action=list`, "no:feeder"}},
		{"other paths", "har", har(entry(0, "GET", "https://a.example/orders", "", 200, ""), entry(1, "GET", "https://a.example/items", "", 200, "")), []string{"no:feeder"}},
		{"passwords", "har", posts("/f", "application/json", `{"password":"hunter2-1"}`, `{"password":"hunter2-2"}`), []string{`"${var.password_2}"`, "no:feeder", "no:hunter2"}},
		{"a token inside another value", "har", har(entry(0, "GET", "https://a.example/a?next=s3cr3t-1", headers("Authorization", "Bearer s3cr3t-1"), 200, ""), entry(1, "GET", "https://a.example/a?next=b", headers("Authorization", "Bearer s3cr3t-1"), 200, "")), []string{"no:feeder", "no:s3cr3t"}},
		{"addresses of people", "har", posts("/f", "application/json", `{"email":"a@b.example"}`, `{"email":"c@d.example"}`), []string{`"${person.email}"`, "no:feeder"}},
		{"yes and no", "har", posts("/f", "application/json", `{"on":true}`, `{"on":false}`), []string{"no:feeder"}},
	} {
		t.Run(test.why, func(t *testing.T) {
			_, made := drawn(t, test.text, draft.Options{Kind: test.kind, Files: true})
			for _, want := range test.want {
				file, is := strings.CutPrefix(want, "file:")
				if name, content, _ := strings.Cut(file, "="); is && string(made.Files[name]) != content {
					t.Errorf("%s holds %q, want %q", name, made.Files[name], content)
				} else if !is {
					holds(t, made, want)
				}
			}
			for name, content := range made.Files {
				if strings.Contains(string(content), "hunter2") || strings.Contains(string(content), "s3cr3t") {
					t.Errorf("%s holds a credential: %s", name, content)
				}
			}
			// A scenario that is printed has no files beside it.
			_, printed := drawn(t, test.text, draft.Options{Kind: test.kind})
			holds(t, printed, "no:feeder")
		})
	}
}

// TestQueriesOfALogAreFed checks that a kind of request has the queries of its requests, all parameters of one from a row.
func TestQueriesOfALogAreFed(t *testing.T) {
	log := ""
	for _, query := range []string{"q=red&size=4&lang=id", "q=blue&size=5&lang=id", "q=red&size=4&lang=id", "q=x", "q=green&size=6&lang=id&token=s3cr3t-123"} {
		log += `192.0.2.1 - - [11/Apr/2020:19:00:00 +0700] "GET /search?` + query + ` HTTP/1.1" 200 5` + "\n"
	}
	_, made := drawn(t, log, draft.Options{Kind: "access-log", Files: true})
	holds(t, made, `path: "/search?q=${feeder.search.q}&size=${feeder.search.size}&lang=id"`, "note:${feeder.search} gives get-search the values of q, size that its requests in the log have, from mine-search.csv", "no:s3cr3t")
	if got, want := string(made.Files["mine-search.csv"]), "q,size\nred,4\nblue,5\nred,4\n"; got != want {
		t.Errorf("the table is %q, want %q", got, want)
	}
	_, printed := drawn(t, log, draft.Options{Kind: "access-log"})
	holds(t, printed, `path: "/search?q=red&size=4&lang=id"`, "no:feeder")
}

func FuzzFeed(f *testing.F) {
	f.Add("q=a", "q=b", `{"a":1}`, `{"a":2}`)
	f.Fuzz(func(t *testing.T, first, second, third, fourth string) {
		text := har(entry(0, "GET", "https://a.example/s?q=1", "", 200, ""),
			entry(1, "POST", "https://a.example/f", body("application/x-www-form-urlencoded", first), 200, ""), entry(2, "POST", "https://a.example/f", body("application/x-www-form-urlencoded", second), 200, ""),
			entry(3, "POST", "https://a.example/g", body("application/json", third), 200, ""), entry(4, "POST", "https://a.example/g", body("application/json", fourth), 200, ""))
		mustLoad(t, text, draft.Options{Kind: "har", Files: true})
	})
}
