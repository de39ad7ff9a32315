package report

import (
	"math"
	"strconv"
	"strings"
)

// thousands writes a count with separators, means of simulations to one decimal.
func thousands(value float64) string {
	text := strconv.FormatFloat(math.Abs(value), 'f', -1, 64)
	if value != math.Trunc(value) {
		text = strconv.FormatFloat(math.Abs(value), 'f', 1, 64)
	}
	whole, fraction, _ := strings.Cut(text, ".")
	var b strings.Builder
	if value < 0 {
		b.WriteByte('-')
	}
	for i, digit := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(digit)
	}
	if fraction != "" && fraction != "0" {
		b.WriteString("." + fraction)
	}
	return b.String()
}

// short writes a count in at most five characters.
func short(value float64) string {
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

// three writes a number of at least 1 with three significant digits.
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

// spell writes a time given in seconds with two or three significant digits.
func spell(seconds float64) string {
	switch {
	case seconds == 0:
		return "0 s"
	case seconds < 0.9995e-3:
		return significant(seconds*1e6) + " µs"
	case seconds < 0.9995:
		return significant(seconds*1e3) + " ms"
	case seconds < 3600:
		return significant(seconds) + " s"
	}
	return significant(seconds/3600) + " h"
}

// significant writes a number below 10 with one decimal, others whole.
func significant(value float64) string {
	if value >= 9.95 || value == math.Trunc(value) {
		return strconv.FormatFloat(math.Round(value), 'f', -1, 64)
	}
	return strconv.FormatFloat(value, 'f', 1, 64)
}

// trim writes a number without trailing zeros.
func trim(value float64) string { return strconv.FormatFloat(math.Round(value*1e6)/1e6, 'f', -1, 64) }
