package expression_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/journey/expression"
)

// facts are values by the place that holds them.
type facts map[string]any

func (f facts) Fact(of expression.Reading) any { return f[of.String()] }

func names() expression.Names {
	return expression.Names{
		Person: []string{"pupil", "age"}, Feeders: map[string][]string{"users": {"name", "plan"}, "a-b": {"c-d"}},
		Got: []string{"token", "n"}, Vars: []string{"key"}, Steps: []string{"sign-up", "list"},
	}
}

func known() facts {
	return facts{
		"person.pupil": true, "person.age": 17, "feeder.users.plan": "gold", "feeder.a-b.c-d": "x", "got.token": "abc", "got.n": "12",
		"var.key": "k", "visits.sign-up": 2, "visits.list": 0, "round": 1, "attempt": 3,
	}
}

func ExampleCondition() {
	program, err := expression.Condition(`person.age < 18 && visits["sign-up"] >= 2`, names())
	if err != nil {
		panic(err)
	}
	fmt.Println(program.Reads(), program.Holds(known()))
	// Output: [person.age visits.sign-up] true
}

func TestConditions(t *testing.T) {
	for _, row := range []struct {
		why, source string
		want        bool
	}{
		{"a trait", "person.pupil", true},
		{"no trait", "not person.pupil", false},
		{"a cell", "feeder.users.plan in ['gold', 'free']", true},
		{"names with hyphens", `feeder["a-b"]["c-d"] == "x"`, true},
		{"counters", "round == 1 && attempt == 3 && visits.list == 0", true},
		{"an answer", "got.token != ''", true},
		{"a number in an answer", "int(got.n) > 11", true},
		{"arithmetic", "(round + attempt) % 4 == 0 and 2 ** 3 == 8", true},
		{"a hash, as NIST FIPS 180-2 has it", "sha256(got.token) == 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'", true},
		{"what cannot be computed does not hold", "int(got.token) > 1", false},
		{"a regular expression", "got.token matches '^a.c$'", true},
		{"a choice", "(round > 5 ? 'a' : 'b') == 'b'", true},
		{"a replaced text", "replace(got.token, 'b', 'xx') == 'axxc'", true},
	} {
		program, err := expression.Condition(row.source, names())
		if err != nil {
			t.Errorf("%s: %v", row.why, err)
			continue
		}
		if got := program.Holds(known()); got != row.want {
			t.Errorf("%s: %s is %v", row.why, row.source, got)
		}
	}
}

func TestFaultsOfConditions(t *testing.T) {
	for _, row := range []struct{ why, source, want string }{
		{"nothing", " ", "the expression is empty"},
		{"not closed", "(round", "column"},
		{"no condition", "round + 1", "expected bool, but got int"},
		{"a text and a number", "got.n > 3", "mismatched types string and int"},
		{"an unknown trait", "person.pupi", `there is no person.pupi; there are pupil, age`},
		{"an unknown feeder", "feeder.user.plan == ''", "there is no feeder.user.plan; there are a-b, users"},
		{"an unknown column", "feeder.users.plans == ''", "there is no feeder.users.plans; there are name, plan"},
		{"an unknown step", "visits.lst > 1", "there is no visits.lst; there are sign-up, list"},
		{"a place that is computed", "got[got.token] == ''", "got is not a value; write got.NAME"},
		{"a loop", "any(['a'], # == got.token)", "it goes through a list"},
		{"a long list", "len(1..9) > 3", "it makes a list of numbers"},
		{"the environment", "$env.round == 1", "it reads $env"},
		{"the time, which differs between runs", "now().Unix() > 1", "unknown name now"},
		{"chance, which share is for", "random() > 0.5", "unknown name random"},
		{"a name of its own, with which a text could grow", "let a = got.n + got.n; let b = a + a; b != ''", "it names a value with let"},
		{"too long", strings.Repeat("1 + ", 600) + "1 > 0", "2000 at most are allowed"},
		{"too many parts", strings.Repeat("1+", 400) + "1 > 0", "exceeds maximum allowed nodes"},
	} {
		_, err := expression.Condition(row.source, names())
		if err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v, want %s", row.why, err, row.want)
		}
	}
}

func TestValues(t *testing.T) {
	for _, row := range []struct{ why, source, want string }{
		{"a whole number", "round + 1", "2"},
		{"a fraction", "1 / 4", "0.25"},
		{"a text", "got.token + '-' + string(attempt)", "abc-3"},
		{"a large number in full", "123456789.0 * 1000", "123456789000"},
		{"true", "person.pupil", "true"},
		{"a signature, RFC 4231 case 2", "hmac_sha256('Jefe', 'what do ya want for nothing?')", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
		{"its bytes in base64", "base64(unhex(md5('')))", "1B2M2Y8AsgTpgAmY7PhCfg=="},
		{"base64 for URLs", "base64url('??>')", "Pz8-"},
		{"decoded", "unbase64('Pz8-') + unbase64('Pz8+')", "??>??>"},
		{"hex", "hex('AB')", "4142"},
		{"escaped", "urlencode('a b&c')", "a+b%26c"},
		{"chance", "random()", "0.5"},
		{"a die", "random_int(1, 6)", "4"},
		{"a word", "len(random_text(8))", "8"},
		{"a date", "(date('2026-01-05') + duration('36h')).Format('2006-01-02T15:04')", "2026-01-06T12:00"},
	} {
		program, err := expression.Value(row.source, names())
		if err != nil {
			t.Errorf("%s: %v", row.why, err)
			continue
		}
		if got, err := program.Text(known(), func() float64 { return 0.5 }); err != nil || got != row.want {
			t.Errorf("%s: %s is %q, %v; want %q", row.why, row.source, got, err, row.want)
		}
	}
	program, err := expression.Value("now().Year()", names())
	if err != nil {
		t.Fatal(err)
	}
	if got, err := program.Text(known(), nil); err != nil || got < "2020" || len(got) != 4 {
		t.Errorf("the year is %q, %v (it is %d)", got, err, time.Now().Year())
	}
}

func TestValuesThatCannotBeComputed(t *testing.T) {
	for _, source := range []string{
		"int(got.token)", "random_int(6, 1)", "random_text(-1)", "random_text(2000)", "unhex('x')", "unbase64('*')", "1 % 0",
		"len(" + strings.Repeat("hex(", 40) + "got.token" + strings.Repeat(")", 41),
		strings.Repeat("replace(", 40) + "got.token" + strings.Repeat(", 'a', 'aaaaaaaaaa')", 40),
	} {
		program, err := expression.Value(source, names())
		if err != nil { // the library may notice it while it compiles
			continue
		}
		if got, err := program.Text(known(), func() float64 { return 0 }); err == nil {
			t.Errorf("%s is %q", source, got)
		}
	}
}

// TestLongAnswersAreNotComputedWith bounds what a large answer can cost.
func TestLongAnswersAreNotComputedWith(t *testing.T) {
	program, err := expression.Condition("got.token != ''", names())
	if err != nil {
		t.Fatal(err)
	}
	if program.Holds(facts{"got.token": strings.Repeat("x", 1<<17)}) || !program.Holds(facts{"got.token": "x"}) {
		t.Error("a text of 128 KiB is computed with")
	}
}

// FuzzCondition compiles anything, and evaluates what compiles, without a panic or a long wait.
func FuzzCondition(f *testing.F) {
	for _, source := range []string{"person.pupil", "got.n == '1' && round < 3", `visits["sign-up"] in [1, 2]`, "1..2", "let x = 1; x > 0", "got?.n ?? '' == ''", "map(1..9, #)", "'a' matches '('"} {
		f.Add(source)
	}
	f.Fuzz(func(_ *testing.T, source string) {
		if program, err := expression.Condition(source, names()); err == nil {
			program.Holds(known())
		}
		if program, err := expression.Value(source, names()); err == nil {
			_, _ = program.Text(known(), func() float64 { return 0.5 })
		}
	})
}
