package units

import (
	"math"
	"strconv"
	"strings"
)

// Count formats a number of people or things: whole numbers without decimals, means with one.
func Count(value float64) string {
	if value == math.Trunc(value) {
		return separated(strconv.FormatFloat(value, 'f', 0, 64))
	}
	return separated(strings.TrimSuffix(strconv.FormatFloat(value, 'f', 1, 64), ".0"))
}

// Amount formats money or an estimate: up to two decimals below 100, none from 100 on.
func Amount(value float64) string {
	if math.Abs(value) < 100 {
		return separated(strconv.FormatFloat(math.Round(100*value)/100, 'f', -1, 64))
	}
	return separated(strconv.FormatFloat(math.Round(value), 'f', 0, 64))
}

// Rate formats a number with three significant digits, without decimals from 100 on.
func Rate(value float64) string {
	if math.Abs(value) < 99.95 {
		return Number(rounded(value, 3))
	}
	return separated(strconv.FormatFloat(math.Round(value), 'f', 0, 64))
}

// Number formats a number with up to six decimals.
func Number(value float64) string {
	return separated(strconv.FormatFloat(math.Round(value*1e6)/1e6, 'f', -1, 64))
}

// Short formats a count in at most five characters: 12.3k, 1.23M.
func Short(value float64) string {
	switch {
	case value >= 1e9:
		return three(value/1e9) + "G"
	case value >= 1e6:
		return three(value/1e6) + "M"
	case value >= 1e4:
		return three(value/1e3) + "k"
	}
	return strconv.FormatFloat(math.Round(value), 'f', -1, 64)
}

// three formats a number of at least 1 with three significant digits.
func three(value float64) string {
	decimals := 0
	switch {
	case value < 9.995:
		decimals = 2
	case value < 99.95:
		decimals = 1
	}
	return strconv.FormatFloat(value, 'f', decimals, 64)
}

// rounded returns the value rounded to a number of significant digits.
func rounded(value float64, digits int) float64 {
	if value == 0 || math.IsNaN(value) || math.IsInf(value, 0) {
		return value
	}
	power := math.Pow(10, math.Floor(math.Log10(math.Abs(value)))-float64(digits)+1)
	return math.Round(value/power) * power
}

// separated puts commas between the thousands of a decimal number.
func separated(text string) string {
	sign := ""
	if strings.HasPrefix(text, "-") {
		sign, text = "-", text[1:]
	}
	if strings.Trim(text, "0.") == "" {
		sign = "" // no -0
	}
	whole, fraction, found := strings.Cut(text, ".")
	if strings.Trim(whole, "0123456789") != "" {
		return sign + text // infinite, or not a number
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if found {
		whole += "." + fraction
	}
	return sign + whole
}
