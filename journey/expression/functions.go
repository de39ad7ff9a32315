package expression

import (
	"crypto/hmac"
	"crypto/md5"  // services sign with it still
	"crypto/sha1" // likewise
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"net/url"
	"strings"

	"github.com/expr-lang/expr"
)

// conditionFunctions are the functions of the library that have no loop over a list, and do not depend on the time.
var conditionFunctions = []string{
	"len", "abs", "ceil", "floor", "int", "float", "string", "trim", "trimPrefix", "trimSuffix", "upper", "lower",
	"indexOf", "lastIndexOf", "hasPrefix", "hasSuffix", "max", "min", "date", "duration",
}

var valueFunctions = append([]string{"now"}, conditionFunctions...)

// options returns the functions that an expression may call.
func options(builtins []string) []expr.Option {
	all := []expr.Option{expr.DisableAllBuiltins()}
	for _, name := range builtins {
		all = append(all, expr.EnableBuiltin(name))
	}
	for name, digest := range map[string]func() hash.Hash{"md5": md5.New, "sha1": sha1.New, "sha256": sha256.New, "sha512": sha512.New} {
		all = append(all, text(name, func(text string) (string, error) { return sum(digest(), text), nil }))
		all = append(all, expr.Function("hmac_"+name, func(given ...any) (any, error) {
			return sum(hmac.New(digest, []byte(given[0].(string))), given[1].(string)), nil
		}, new(func(key, text string) string)))
	}
	return append(all, expr.Function("replace", replace, new(func(text, old, other string) string)),
		text("base64", func(text string) (string, error) { return base64.StdEncoding.EncodeToString([]byte(text)), nil }),
		text("base64url", func(text string) (string, error) { return base64.RawURLEncoding.EncodeToString([]byte(text)), nil }),
		text("unbase64", unbase64),
		text("hex", func(text string) (string, error) { return hex.EncodeToString([]byte(text)), nil }),
		text("unhex", func(text string) (string, error) {
			raw, err := hex.DecodeString(text)
			return string(raw), err
		}),
		text("urlencode", func(text string) (string, error) { return url.QueryEscape(text), nil }),
	)
}

// text makes a function of one text. Several inside each other could make a text of any length, so its length is bounded.
func text(name string, of func(string) (string, error)) expr.Option {
	return expr.Function(name, func(given ...any) (any, error) {
		text, err := of(given[0].(string))
		return text, errors.Join(err, tooLong(len(text)))
	}, new(func(text string) string))
}

// replace replaces all occurrences of a text by another.
func replace(given ...any) (any, error) {
	text, old, other := given[0].(string), given[1].(string), given[2].(string)
	if err := tooLong(len(text) + strings.Count(text, old)*len(other)); err != nil {
		return "", err
	}
	return strings.ReplaceAll(text, old, other), nil
}

func tooLong(length int) error {
	if length > longestText {
		return fmt.Errorf("a text has more than %d bytes", longestText)
	}
	return nil
}

func sum(digest hash.Hash, text string) string {
	digest.Write([]byte(text)) // a hash never fails
	return hex.EncodeToString(digest.Sum(nil))
}

// unbase64 decodes both alphabets, with or without padding.
func unbase64(text string) (string, error) {
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding, base64.RawStdEncoding, base64.RawURLEncoding} {
		if raw, err := encoding.DecodeString(text); err == nil {
			return string(raw), nil
		}
	}
	return "", fmt.Errorf("%q is not base64", text)
}

// sample holds a value of every type that an expression may read, for the type checker.
func sample(values bool) map[string]any {
	types := map[string]any{
		Person: map[string]any{}, Feeder: map[string]map[string]string{}, Got: map[string]string{}, Var: map[string]string{},
		Visits: map[string]int{}, Round: 0, Attempt: 0,
	}
	if values {
		addRandom(types, nil)
	}
	return types
}

// addRandom adds the functions that draw numbers.
func addRandom(environment map[string]any, random func() float64) {
	environment["random"] = func() float64 { return random() }
	environment["random_int"] = func(from, to int) (int, error) {
		if to < from || to-from < 0 {
			return 0, fmt.Errorf("random_int(%d, %d): the second number is the smaller one", from, to)
		}
		return from + int(random()*float64(to-from+1)), nil
	}
	environment["random_text"] = func(length int) (string, error) {
		if length < 0 || length > memoryBudget {
			return "", fmt.Errorf("random_text(%d): give a length of 0 to %d", length, memoryBudget)
		}
		const letters = "0123456789abcdefghijklmnopqrstuvwxyz"
		drawn := make([]byte, length)
		for i := range drawn {
			drawn[i] = letters[int(random()*float64(len(letters)))]
		}
		return string(drawn), nil
	}
}
