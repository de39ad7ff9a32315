package scenarios

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"
)

// formedKey is a key of the file that takes a single value, with what the published schema says of it.
type formedKey struct {
	path   string
	of     reflect.Type
	words  bool // the schema lists words, or restricts texts, that the decoder leaves to the validation
	schema *jsonschema.Schema
}

// formedKeys lists every key of the JSON Schema that takes a single value.
func formedKeys(t *testing.T) []formedKey {
	t.Helper()
	text, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("scenario.json", document); err != nil {
		t.Fatal(err)
	}
	var found []formedKey
	seen := map[reflect.Type]bool{}
	var walk func(of reflect.Type, place string, properties map[string]any)
	walk = func(of reflect.Type, place string, properties map[string]any) {
		seen[of] = true
		for _, key := range keysOf(of) {
			field, _, _ := fieldOf(of, key)
			held := field.Type
			if held.Kind() == reflect.Pointer {
				held = held.Elem()
			}
			inner := elementOf(held)
			if (inner.Kind() == reflect.Struct && !isLeaf(inner)) || inner == quotaType {
				definition, known := document.(map[string]any)["$defs"].(map[string]any)[inner.Name()]
				if inner != quotaType && known && !seen[inner] {
					walk(inner, "/$defs/"+inner.Name(), definition.(map[string]any)["properties"].(map[string]any))
				}
				if inner != quotaType {
					continue
				}
			}
			if held.Kind() == reflect.Slice || held.Kind() == reflect.Map || held == rawType {
				continue
			}
			property := properties[key].(map[string]any)
			_, enum := property["enum"]
			_, constant := property["const"]
			_, pattern := property["pattern"]
			_, formed := textForms[held]
			compiled, err := compiler.Compile("scenario.json#" + place + "/properties/" + key)
			if err != nil {
				t.Fatal(err)
			}
			found = append(found, formedKey{place + "." + key, held, (enum || constant || pattern) && !formed || held.Kind() == reflect.String && held != reflect.TypeFor[string]() && held != reflect.TypeFor[Value](), compiled})
		}
	}
	walk(reflect.TypeFor[Scenario](), "", document.(map[string]any)["properties"].(map[string]any))
	return found
}

// read decodes a value as it stands in a file.
func read(t *rapid.T, of reflect.Type, written string) error {
	src, err := parse("x.yaml", []byte("key: "+written+"\n"))
	if err != nil {
		t.Fatalf("%s: %v", written, err)
	}
	src.decode(pairs(src.root)[0].Value, reflect.New(of).Elem(), "key")
	return src.err()
}

var coreNumber = regexp.MustCompile(`^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`)

// coreValue returns what the core schema of YAML 1.2 makes of a scalar, as a validator sees it.
func coreValue(text string, quoted bool) any {
	switch {
	case quoted:
	case slices.Contains([]string{"true", "True", "TRUE"}, text):
		return true
	case slices.Contains([]string{"false", "False", "FALSE"}, text):
		return false
	case coreNumber.MatchString(text):
		number := strings.TrimPrefix(text, "+")
		number = regexp.MustCompile(`^(-?)\.`).ReplaceAllString(number, "${1}0.")
		return json.Number(regexp.MustCompile(`\.($|[eE])`).ReplaceAllString(number, ".0$1"))
	}
	return text
}

// scalars generates what people write for single values: numbers in all notations, truth values, durations, rates, shares,
// distributions, instants, ranges, statuses and words.
func scalars() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.StringMatching(`[-+]?(0|[1-9][0-9]{0,5})(\.[0-9]{0,3})?([eE][-+]?[0-3])?`),
		rapid.StringMatching(`[-+]?\.[0-9]{1,3}`),
		rapid.StringMatching(`[-+]?(0|[1-9][0-9]{0,2})(\.[0-9]?)?(ns|us|µs|μs|ms|s|m|h|d)`),
		rapid.StringMatching(`[-+]?[0-9]{1,3}(\.[0-9]?)?(e[0-2])? ?/ ?(s|m|min|h|d|week)`),
		rapid.StringMatching(`[-+]?[0-9]{1,3}(\.[0-9]{0,2})? ?%`),
		rapid.StringMatching(`(exponential|constant)\((1ms|20ms|3s)\)`),
		rapid.StringMatching(`[1-4](\.\.[5-9])?`),
		rapid.StringMatching(`20[0-9]{2}-0[1-9]-1[0-9]T[01][0-9]:[0-5][0-9]:[0-5][0-9](Z|\+07:00)?`),
		rapid.StringMatching(`[1-5][0-9]{2}`),
		rapid.SampledFrom([]string{"true", "false", "True", "TRUE", "yes", "on", "t", "inf", "NaN", "1s2ms", "-0", "0.0", "UNAVAILABLE", "close-1013",
			"a", "two words", "sometimes", "often(20ms)", "uniform(1s, 3s)", "${feeder.a.b}", "GET", "/path", "person"}),
	)
}

// TestSchemaAndReaderAgree: what the JSON Schema accepts for a key, the reader accepts, and the other way round, whether
// the value is quoted or not.
func TestSchemaAndReaderAgree(t *testing.T) {
	keys := formedKeys(t)
	if len(keys) < 150 {
		t.Fatalf("only %d keys with a single value were found", len(keys))
	}
	status := reflect.TypeFor[Status]()
	rapid.Check(t, func(t *rapid.T) {
		text := scalars().Draw(t, "text")
		isQuoted := rapid.Bool().Draw(t, "quoted")
		written := text
		if isQuoted {
			written = rapid.SampledFrom([]string{`"%s"`, `'%s'`}).Draw(t, "marks")
			written = fmt.Sprintf(written, text)
		}
		for _, key := range keys {
			valid := key.schema.Validate(coreValue(text, isQuoted))
			err := read(t, key.of, written)
			if valid == nil && err != nil && key.of != status {
				t.Errorf("%s: %s: the schema accepts it, the reader says: %v", key.path, written, err)
			}
			if valid != nil && err == nil && !key.words && !bounded(valid, text) {
				t.Errorf("%s: %s: the reader accepts it, the schema says: %v", key.path, written, valid)
			}
		}
	})
}

// bounded reports whether the schema refuses a number because of its size, which is up to the validation of the whole file.
func bounded(err error, text string) bool {
	return (strings.Contains(err.Error(), "minimum") || strings.Contains(err.Error(), "maximum")) && coreNumber.MatchString(text)
}

// TestQuotedNumbers: a quoted number is a text, and the mistake says what to do.
func TestQuotedNumbers(t *testing.T) {
	for _, test := range []struct {
		why, written string
		of           any
		want         string // empty if it is accepted
	}{
		{"a number", `3`, 0, ""},
		{"a quoted number", `"3"`, 0, `"3" is a text; write a decimal number, without quotation marks`},
		{"the other marks", `'3'`, 0.5, `"3" is a text; write a decimal number, without quotation marks`},
		{"a quoted truth value", `"true"`, true, `"true" is a text; write true or false, without quotation marks`},
		{"a number for a truth value", `1`, true, `"1" is a text; write true or false, without quotation marks`},
		{"a whole number with a point", `5.0`, 0, ""},
		{"a whole number with an exponent", `1e3`, 0, ""},
		{"a part of a number", `5.5`, 0, `"5.5" is not a whole number`},
		{"groups of digits", `1_000`, 0, ""},
		{"a number that begins with 0, which is octal to some", `010`, 0, `"010" is a text; write a decimal number`},
		{"a word that Go reads as a number", `inf`, 0.5, `"inf" is a text`},
		{"a quoted share without percent", `"0.5"`, Share(0), `"0.5" is a text; write it as a share in percent, as in 74.23%`},
		{"a quoted share in percent", `"50%"`, Share(0), ""},
		{"a number for a text", `5`, "", ""},
		{"a quoted status", `"200"`, Status(0), `"200" is a text`},
		{"a seed above the whole numbers of a float", `18446744073709551615`, uint64(0), ""},
	} {
		src, err := parse("x.yaml", []byte("key: "+test.written+"\n"))
		if err != nil {
			t.Fatal(err)
		}
		value := reflect.New(reflect.TypeOf(test.of)).Elem()
		src.decode(pairs(src.root)[0].Value, value, "key")
		switch err := src.err(); {
		case test.want == "" && err != nil, test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
			t.Errorf("%s: %s: %v; want %q", test.why, test.written, err, test.want)
		case test.want == "" && value.IsZero():
			t.Errorf("%s: %s was not read", test.why, test.written)
		}
	}
}
