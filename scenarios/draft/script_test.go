package draft_test

import (
	"strings"
	"testing"

	"github.com/ombak-sim/ombak/scenarios/draft"
)

// k6 writes a script around the body of its default function.
func k6(body string) string {
	return "import http from 'k6/http';\nimport { check, sleep, group } from 'k6';\nexport default function () {\n" + body + "\n}\n"
}

func TestK6Scripts(t *testing.T) {
	for _, test := range []struct {
		why, text string
		want      []string
	}{
		{"constants, templates and functions mean what they mean in k6", "import http from 'k6/http';\nconst base = 'https://a.example';\nfunction page(n) { return http.get(`${base}/p/${n}`); }\nexport default () => { for (let i = 1; i < 3; i++) page(i); }\n", []string{`path: "/p/1"`, `path: "/p/2"`}},
		{
			"methods and bodies", k6(`http.post('https://a.example/a', JSON.stringify({a: 1}), {headers: {'Content-Type': 'application/json'}});
http.put('https://a.example/b', {c: 'x y', d: ['1', '2']}); http.del('https://a.example/c'); http.patch('https://a.example/d', 'text'); http.request('OPTIONS', 'https://a.example/e');`),
			[]string{`json: {"a":1}`, `text: "c=x+y&d=1&d=2"`, "method: DELETE", `text: "text"`, "method: OPTIONS"},
		},
		{"batches, as lists, objects and names", k6(`http.batch(['https://a.example/a', ['POST', 'https://a.example/b', 'x=1'], {method: 'PUT', url: 'https://a.example/c'}]); http.batch({one: 'https://a.example/d'});`), []string{`path: "/a"`, "method: POST", "method: PUT", `path: "/d"`}},
		{"files", k6(`http.post('https://a.example/a', {f: http.file('abc', 'me.png', 'image/png'), t: 'x'});`), []string{`"f": "${person.photo}"`, `"t": "x"`}},
		{"pauses: constant, random, and several in a row", k6(`http.get('https://a.example/a'); sleep(1); sleep(.5); http.get('https://a.example/b'); sleep(Math.random() * 3 + 1); http.get('https://a.example/c');`), []string{"think: 1.5s", "think: uniform(1s, 4s)"}},
		{"checks of the status", k6(`check(http.get('https://a.example/a'), {ok: (r) => r.status === 201, text: (r) => r.body.includes('x')}); check(http.get('https://a.example/b'), {fine: (r) => r.status < 300});`), []string{"completed: [201]", "completed: [200, 201, 202, 203, 204, 206]", `note:line 4: the check "text" is left out`}},
		{"values of answers go on", k6(`const r = http.post('https://a.example/login', 'x'); const token = r.json('data.token'); const id = r.json().items[0].id;
http.get('https://a.example/items/' + id, {headers: {Authorization: 'Bearer ' + token, 'X-T': r.headers['X-Trace'], 'X-C': r.cookies.sid[0].value}});
http.get('https://a.example/x?t=' + JSON.parse(r.body).token);`), []string{`path: "/items/${got.login_id}"`, `"Authorization": "Bearer ${got.token}"`, `{json: "data.token"}`, `{json: "items.0.id"}`, `{header: "X-Trace"}`, `header: "Set-Cookie"`, `path: "/x?t=${got.token_2}"`, "sure"}},
		{"several cookies of one request", k6(`http.get('https://a.example/a', {cookies: {one: 'c00kie-one', two: {value: 'c00kie-two'}}});`), []string{`"Cookie": "one=${var.cookie_one}; two=${var.cookie_two}"`, "no:c00kie"}},
		{"groups are walked through", k6(`group('g', () => { http.get('https://a.example/a'); });`), []string{`path: "/a"`}},
		{"names of requests", k6("http.get(http.url`https://a.example/u/${7}`, {tags: {name: 'User page'}});"), []string{`name: "user-page"`, `path: "/u/7"`}},
		{"the environment, with and without a default", k6("http.get(`${__ENV.BASE || 'https://a.example/v1'}/x?n=${__ENV.COUNT}`, {headers: {'X-Api-Key': __ENV.API_KEY}});"), []string{`{url: "https://a.example"}`, `path: "/v1/x?n=${var.count}"`, `"X-Api-Key": "${var.api_key}"`}},
		{
			"data of files", "import http from 'k6/http';\nimport { SharedArray } from 'k6/data';\nconst users = new SharedArray('users', () => JSON.parse(open('u.json')));\nconst items = JSON.parse(open('./items.json'));\nexport default function () { const u = users[__VU % users.length]; http.post('https://a.example/l', JSON.stringify({login: u.login, password: u.password, item: items[0].sku})); }\n",
			[]string{`"login":"${var.users_login}"`, `"password":"${var.users_password}"`, `"item":"${var.items_json_sku}"`, "note:a feeder gives each person a row"},
		},
		{"what the run does not come to is told", k6("http.get('https://a.example/a');\nif (Math.random() > .9) {\n  http.get('https://a.example/b');\n}"), []string{"note:line 6: the run did not come to this request", `no:path: "/b"`}},
		{
			"open models give arrivals, closed ones are told", "import http from 'k6/http';\nexport const options = {scenarios: {a: {executor: 'ramping-arrival-rate', startRate: 60, timeUnit: '1m', stages: [{target: 300, duration: '30s'}]}}, thresholds: {http_req_duration: ['p(95)<500'], http_req_failed: ['rate<0.01'], checks: ['rate>0.9']}};\nexport default function () { http.get('https://a.example/'); }\n",
			[]string{"- {for: 30s, from: 1/s, to: 5/s}", `expr: "p(95)<500ms"`, `expr: "rate<0.01"`, "note:the threshold checks: rate>0.9 is left out"},
		},
		{
			"a constant rate that begins later, for another function", "import http from 'k6/http';\nexport const options = {scenarios: {a: {executor: 'constant-arrival-rate', rate: 90, timeUnit: '1m', duration: '2m', startTime: '10s', exec: 'buy'}}};\nexport function buy() { http.get('https://a.example/buy'); }\nexport default function () { http.get('https://a.example/other'); }\n",
			[]string{"- {for: 10s, rate: 0/s}", "- {for: 2m0s, rate: 1.5/s}", `path: "/buy"`, "note:line 4: the run did not come"},
		},
		{"a number of people", "import http from 'k6/http';\nexport const options = {vus: 10, duration: '1m'};\nexport default function () { http.get('https://a.example/'); }\n", []string{"note:the option vus keeps a number of people busy"}},
		{
			"setup and teardown", "import http from 'k6/http';\nexport function setup() { return {token: http.post('https://a.example/login').json('t')}; }\nexport default function (data) { http.get('https://a.example/', {headers: {Authorization: `Bearer ${data.token}`}}); }\nexport function teardown() {}\n",
			[]string{"note:setup runs once for a whole test", "note:teardown runs once", `"Authorization": "Bearer ${var.setup_token}"`},
		},
		{
			"libraries from elsewhere", "import http from 'k6/http';\nimport { sleep } from 'k6';\nimport { randomIntBetween, uuidv4 } from 'https://jslib.k6.io/k6-utils/1.4.0/index.js';\nimport { odd } from './mine.js';\nexport default function () { http.get('https://a.example/' + uuidv4()); sleep(randomIntBetween(2, 4)); http.get('https://a.example/x?o=' + odd); }\n",
			[]string{`path: "/${step.key}"`, "think: uniform(2s, 4s)", "note:odd of the module ./mine.js is not known", "${var.odd"},
		},
		{"a script that fails in the middle gives what came before", k6("http.get('https://a.example/a');\nundefinedThing.call();\nhttp.get('https://a.example/b');"), []string{`path: "/a"`, "note:the function default ends early", "note:line 6: the run did not come"}},
		{"hidden fields of pages", k6("const r = http.get('https://a.example/f'); http.post('https://a.example/f', {csrf: r.html().find('input[name=csrf]').attr('value')});"), []string{`text: "csrf=${got.csrf}"`}},
		{"an asynchronous function", "import http from 'k6/http';\nexport default async function () { const r = await http.asyncRequest('GET', 'https://a.example/a'); http.get('https://a.example/' + r.json('id')); }\n", []string{`path: "/a"`, `path: "/${got.a_id}"`}},
	} {
		t.Run(test.why, func(t *testing.T) {
			_, made := drawn(t, test.text, draft.Options{Kind: "k6"})
			holds(t, made, test.want...)
		})
	}
}

// A script that never ends is stopped.
func TestEndlessScriptsAreStopped(t *testing.T) {
	_, made := drawn(t, k6("for (;;) { http.get('https://a.example/a'); }"), draft.Options{Kind: "k6"})
	holds(t, made, "note:it makes more than 500 requests")
}

// collection writes a Postman collection with the given requests.
func collectionOf(rest string, items ...string) string {
	if rest != "" {
		rest += ","
	}
	return `{"info":{"name":"c","schema":"https://schema.getpostman.com/json/collection/v2.1.0/collection.json"},` + rest + `"item":[` + strings.Join(items, ",") + `]}`
}

func TestCollections(t *testing.T) {
	for _, test := range []struct {
		why, text string
		want      []string
	}{
		{"folders, and a request that is only a URL", collectionOf("", `{"name":"F","item":[{"name":"G","item":[{"name":"A page","request":"https://a.example/a"}]}]}`), []string{`name: "a-page"`, `path: "/a"`, "# G"}},
		{"variables of the collection, nested", collectionOf(`"variable":[{"key":"host","value":"https://a.example"},{"key":"base","value":"{{host}}/v1"},{"key":"lang","value":"id"}]`, `{"name":"a","request":{"method":"GET","url":{"raw":"{{base}}/x?l={{lang}}&m={{missing}}"}}}`), []string{`{url: "https://a.example"}`, `path: "/v1/x?l=${var.lang}&m=${var.missing}"`, `"lang": {default: "id"}`}},
		{"parts of a URL instead of the whole, and variables of the path", collectionOf("", `{"name":"a","request":{"method":"GET","url":{"protocol":"https","host":["a","example"],"path":["x","y"],"query":[{"key":"q","value":"1"}]}}}`, `{"name":"b","request":{"method":"GET","url":{"raw":"https://a.example/i/:id/z","variable":[{"key":"id","value":"7"}]}}}`), []string{`path: "/x/y?q=1"`, `path: "/i/7/z"`}},
		{
			"authorization is inherited, and switched off", collectionOf(`"auth":{"type":"bearer","bearer":[{"key":"token","value":"s3cr3t-token"}]}`, `{"name":"a","request":{"method":"GET","url":"https://a.example/a"}}`, `{"name":"b","request":{"auth":{"type":"noauth"},"method":"GET","url":"https://a.example/b"}}`, `{"name":"c","request":{"auth":{"type":"basic","basic":[{"key":"username","value":"ada"},{"key":"password","value":"s3sam3-open"}]},"method":"GET","url":"https://a.example/c"}}`,
				`{"name":"d","request":{"auth":{"type":"apikey","apikey":[{"key":"in","value":"query"},{"key":"key","value":"api_key"},{"key":"value","value":"k3y-value"}]},"method":"GET","url":"https://a.example/d"}}`, `{"name":"e","request":{"auth":{"type":"oauth2"},"method":"GET","url":"https://a.example/e"}}`),
			[]string{`"Authorization": "Bearer ${var.token}"`, "path: \"/b\"\n", `"Authorization": "Basic ${var.basic_login}"`, `path: "/d?api_key=${var.api_key}"`, "note:request 5: its authorization of type oauth2", "no:s3cr3t", "no:s3sam3", "no:k3y-value"},
		},
		{
			"bodies of every mode", collectionOf("", `{"name":"a","request":{"method":"POST","url":"https://a.example/a","body":{"mode":"raw","raw":"{\"n\": {{n}}, \"id\": \"{{$guid}}\"}","options":{"raw":{"language":"json"}}}}}`, `{"name":"b","request":{"method":"POST","url":"https://a.example/b","body":{"mode":"urlencoded","urlencoded":[{"key":"a","value":"x y"},{"key":"b","value":"1","disabled":true}]}}}`,
				`{"name":"c","request":{"method":"POST","url":"https://a.example/c","body":{"mode":"formdata","formdata":[{"key":"t","value":"x","type":"text"},{"key":"f","type":"file","src":"a.jpg"}]}}}`, `{"name":"d","request":{"method":"POST","url":"https://a.example/d","body":{"mode":"graphql","graphql":{"query":"{a}","variables":"{\"b\":1}"}}}}`, `{"name":"e","request":{"method":"POST","url":"https://a.example/e","body":{"mode":"file","file":{"src":"x"}}}}`),
			[]string{`text: "{\"n\": ${var.n}, \"id\": \"${step.key}\"}"`, `text: "a=x+y"`, `"f": "${person.photo}"`, `json: {"query":"{a}","variables":{"b":1}}`, "note:request 5: its body is a file"},
		},
		{
			"tests keep values, and say which status is expected", collectionOf("", `{"name":"in","request":{"method":"POST","url":"https://a.example/in"},"event":[{"listen":"test","script":{"exec":["pm.test('s', () => { pm.response.to.have.status(201); });","pm.collectionVariables.set('t', pm.response.json().auth.token);"]}}]}`, `{"name":"me","request":{"method":"GET","header":[{"key":"Authorization","value":"Bearer {{t}}"}],"url":"https://a.example/me"},"event":[{"listen":"test","script":{"exec":["pm.expect(pm.response.code).to.be.oneOf([200, 203])"]}}]}`),
			[]string{"completed: [201]", "completed: [200, 203]", `{json: "auth.token"}`, `"Authorization": "Bearer ${got.token}"`},
		},
		{"tests that fail, and scripts before requests, are told", collectionOf("", `{"name":"a","request":{"method":"GET","url":"https://a.example/a"},"event":[{"listen":"test","script":{"exec":["nothing.here()"]}},{"listen":"prerequest","script":{"exec":["x()"]}}]}`), []string{"note:request 1: its test ends early", "note:request 1: its script before the request is left out"}},
		{"saved answers give the status", collectionOf("", `{"name":"a","request":{"method":"POST","url":"https://a.example/a"},"response":[{"code":202},{"code":404}]}`), []string{"completed: [202]"}},
		{"what cannot be replayed is skipped", collectionOf("", `{"name":"s","request":{"method":"GET","url":"wss://a.example/"}}`, `{"name":"n","request":{"method":"GET"}}`, `{"name":"a","request":{"method":"GET","url":"https://a.example/a"}}`), []string{"note:request 1: \"s\": cannot replay wss: URLs; skipped", "note:request 2: \"n\": it has no URL; skipped", "note:1 of 3 requests became steps"}},
		{"people's data that Postman makes up", collectionOf("", `{"name":"a","request":{"method":"POST","url":"https://a.example/a","body":{"mode":"raw","raw":"{\"email\":\"{{$randomEmail}}\",\"name\":\"{{$randomFullName}}\",\"c\":\"{{$randomColor}}\"}","options":{"raw":{"language":"json"}}}}}`), []string{`"email":"${person.email}","name":"${person.name}"`, "note:{{$randomColor}} is made up by Postman"}},
	} {
		t.Run(test.why, func(t *testing.T) {
			_, made := drawn(t, test.text, draft.Options{Kind: "postman"})
			holds(t, made, test.want...)
		})
	}
}

func FuzzK6(f *testing.F) {
	f.Add(k6(`const r = http.post('https://a.example/a', {b: 'c'}, {headers: {D: __ENV.E || 'f'}}); check(r, {g: (r) => r.status === 200}); sleep(1); http.get('https://a.example/' + r.json('id'));`))
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) < 2000 && !strings.Contains(text, "for") && !strings.Contains(text, "while") { // loops only cost time
			mustLoad(t, text, draft.Options{Kind: "k6"})
		}
	})
}

func FuzzPostman(f *testing.F) {
	f.Add(collectionOf(`"variable":[{"key":"h","value":"https://a.example"}]`, `{"name":"a","request":{"method":"POST","header":[{"key":"A","value":"{{b}}"}],"url":{"raw":"{{h}}/:c?d={{e}}","variable":[{"key":"c","value":"1"}]},"body":{"mode":"raw","raw":"{}"}}}`))
	f.Fuzz(func(t *testing.T, text string) {
		if !strings.Contains(text, "exec") { // FuzzK6 runs scripts
			mustLoad(t, text, draft.Options{Kind: "postman"})
		}
	})
}
