package scenarios

import (
	"math"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/workload"
)

// The text forms of values, which the reader and the JSON Schema share.
const (
	durationForm     = `\+?(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+`
	distributionForm = `(constant|exponential|uniform|lognormal|gamma|empirical)\(.*\)|` + durationForm + `|0`
	columnForm       = `\$\{feeder\..+\..+\}`
	rateForm         = `\+?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)? */ *(s|m|min|h|d)`
	shareForm        = `(100(\.0*)?|[0-9]{1,2}(\.[0-9]*)?) *%`
	instantForm      = `[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+(Z|[+-][0-9]{2}:[0-9]{2})`
	timesForm        = `([1-9][0-9]{0,2}|1000)(\.\.([1-9][0-9]{0,2}|1000))?` // up to mostRounds
)

// numberForm is a number of YAML 1.2 in decimal notation. Groups of digits may be separated by underscores.
var numberForm = regexp.MustCompile(`^[-+]?([0-9][0-9_]*(\.[0-9_]*)?|\.[0-9][0-9_]*)([eE][-+]?[0-9]+)?$`)

// textForms holds the pattern of the texts that stand for a value of a type, besides the numbers that do.
var textForms = map[reflect.Type]*regexp.Regexp{
	durationType:                             whole(durationForm + "|0"),
	timeType:                                 whole(instantForm),
	rateType:                                 whole(rateForm),
	reflect.TypeFor[workload.Rate]():         whole(rateForm),
	shareType:                                whole(shareForm),
	reflect.TypeFor[Share]():                 whole(shareForm),
	reflect.TypeFor[workload.Distribution](): whole(distributionForm),
	reflect.TypeFor[Think]():                 whole(distributionForm + "|" + columnForm),
	reflect.TypeFor[Times]():                 whole(timesForm),
	reflect.TypeFor[Status]():                whole(strings.Join(funnel.CodeNames(), "|") + "|" + closeForm.String()),
	quotaType:                                regexp.MustCompile(`[^\s\S]`), // none
}

// whole returns the pattern of a text that has the form and nothing beside it.
func whole(form string) *regexp.Regexp { return regexp.MustCompile("^(" + form + ")$") }

// isQuoted reports whether the node is a text whatever its characters are.
func isQuoted(node ast.Node) bool {
	if _, block := node.(*ast.LiteralNode); block {
		return true
	}
	mark := node.GetToken()
	return mark != nil && (mark.Type == token.SingleQuoteType || mark.Type == token.DoubleQuoteType)
}

// numeral returns a number as Go reads it, whole numbers without point and exponent: 1_000, 5.0 and 1e3 are 1000, 5 and 1000.
func numeral(node ast.Node) (text string, is bool) {
	text = scalarText(node)
	if isQuoted(node) || !numberForm.MatchString(text) {
		return text, false
	}
	text = strings.TrimPrefix(strings.ReplaceAll(text, "_", ""), "+")
	digits := strings.TrimPrefix(text, "-")
	if len(digits) > 1 && digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9' {
		return text, false // 010 is ten to some readers of YAML and eight to others
	}
	value, err := strconv.ParseFloat(text, 64)
	if err == nil && value == math.Trunc(value) && math.Abs(value) < 1<<53 {
		return strconv.FormatFloat(value+0, 'f', 0, 64), true // no -0
	}
	return text, true
}

// isNumber reports whether values of the kind are written as numbers.
func isNumber(kind reflect.Kind) bool {
	return kind == reflect.Int || kind == reflect.Int64 || kind == reflect.Uint64 || kind == reflect.Float64
}

// checkForm reports a text that the JSON Schema does not allow for the type, although it can be read: a quoted number is
// a text.
func (s *source) checkForm(node ast.Node, of reflect.Type, path string) {
	text := scalarText(node)
	form, known := textForms[of]
	_, number := numeral(node)
	_, truth := node.(*ast.BoolNode)
	switch {
	case known && (number || form.MatchString(text)):
	case known:
		s.fault(node, path, "write it as "+typeText(of), "%q is a text", text)
	case of.Kind() == reflect.Bool && !truth:
		s.fault(node, path, "write true or false, without quotation marks", "%q is a text", text)
	case isNumber(of.Kind()) && !number:
		s.fault(node, path, "write a decimal number, without quotation marks", "%q is a text", text)
	}
}
