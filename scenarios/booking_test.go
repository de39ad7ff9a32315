package scenarios_test

import (
	"strings"
	"testing"
)

// TestBookings checks which scenarios book the same live and simulated.
func TestBookings(t *testing.T) {
	const book = "book: jab, request: {target: backend, method: POST, path: /v1/stocks/jab/bookings"
	const session = `, headers: {Authorization: "Bearer ${got.session}"}}`
	const some, guests = "{stocks: {jab: 10}}", "{stocks: {jab: 10}, guests: true}"
	for _, test := range []struct{ why, backend, step, want string }{
		{"with a session", some, book + session, ""},
		{"as a guest", guests, book + "}", ""},
		{"simulated only", some, "book: jab", ""},
		{"at another service, which the model stands for", some, "book: jab, request: {target: web, path: /}", ""},
		{"nobody says who books", some, book + "}", `the request to book has no session; add headers: {Authorization: "Bearer ${got.session}"}, or let anybody book`},
		{"a stock that does not exist", "{stocks: {jabs: 10}}", book + session, `backend.stocks has no "jab"; did you mean "jabs"?`},
		{"no stocks", "{}", book + session, `backend.stocks has no "jab"`},
		{"only live", some, strings.TrimPrefix(book, "book: jab, ") + session, "the request books of a stock, and a simulation would not know it; add book: jab"},
		{"another path", some, "book: jab, request: {target: backend, method: POST, path: /v1/signups}", "the step books of jab, and its request does not; send POST /v1/stocks/jab/bookings"},
		{"a path of each person's own", some, "request: {target: backend, method: POST, path: '/v1/stocks/${got.slot}/bookings'}", ""},
		{"outside the service", some, "kind: await, patience: 1s, book: jab", "a step of kind await asks nothing of the service"},
		{"an empty stock", "{stocks: {jab: 0}}", book + session, "a stock cannot have 0; give how many there are, 1 or more"},
		{"a name that no path can hold", "{stocks: {jab: 1, 'a/b': 1}}", book + session, `the name "a/b" is not valid; use 1 to 64 letters`},
		{"too large a stock", "{stocks: {jab: 2000000000}}", book + session, "is too large"},
		{"an unknown proof", "{proof: pigeon}", "continue: 100%", `the value "pigeon" is unknown`},
		{"codes by SMS without SMS", "{proof: sms}", "continue: 100%", "no dependency carries short messages; add a dependency of kind sms"},
	} {
		text := strings.Replace(minimal, "journey:\n", "backend: "+test.backend+"\njourney:\n", 1)
		text = strings.TrimRight(text, "\n") + "\n"
		text = strings.Replace(text, "journey:\n", "journey:\n  - {name: booking, route: [{call: registry}], "+test.step+"}\n", 1)
		_, err := parse(text)
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: %v; want %q", test.why, err, test.want)
		}
	}
}

func TestLocales(t *testing.T) {
	for locale, want := range map[string]string{"id": "", "en": "", "in": "", "uk": `population.locale: the value "uk" is unknown`} {
		_, err := parse(minimal + "\npopulation: {locale: " + locale + "}\n")
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v; want %q", locale, err, want)
		}
	}
}
