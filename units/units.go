package units

import (
	"math"
	"strconv"
	"time"
)

// Time writes a time given in seconds with two or three significant digits: 319 µs, 1.2 ms, 41 ms, 2.6 s. From
// two minutes on it writes minutes, and from two hours on hours: 3 min, 73 min, 2.5 h.
func Time(seconds float64) string {
	size := math.Abs(seconds)
	switch {
	case size == 0:
		return "0 s"
	case size < 0.9995e-3:
		return significant(seconds*1e6) + " µs"
	case size < 0.9995:
		return significant(seconds*1e3) + " ms"
	case size < 119.5:
		return significant(seconds) + " s"
	case size < 119.5*60:
		return significant(seconds/60) + " min"
	}
	return significant(seconds/3600) + " h"
}

// ExactTime formats a time in seconds with all its digits, for the ticks of an axis: 12.5 ms.
func ExactTime(seconds float64) string {
	switch size := math.Abs(seconds); {
	case size == 0 || size >= 0.9999:
		return Number(math.Round(seconds*1e3)/1e3) + " s"
	case size < 0.9999e-3:
		return Number(math.Round(seconds*1e9)/1e3) + " µs"
	}
	return Number(math.Round(seconds*1e6)/1e3) + " ms"
}

// Duration formats a duration as Time does.
func Duration(d time.Duration) string { return Time(d.Seconds()) }

// significant formats a number below 10 with one decimal, others with none.
func significant(value float64) string {
	if math.Abs(value) >= 9.95 || value == math.Trunc(value) {
		return separated(strconv.FormatFloat(math.Round(value), 'f', -1, 64))
	}
	return strconv.FormatFloat(value, 'f', 1, 64)
}

// Percent formats a share from 0 to 1 with at most one decimal. Only exactly 0 and 1 become 0 % and 100 %.
func Percent(share float64) string {
	percent := math.Round(share*1000) / 10
	switch {
	case share > 0 && percent == 0:
		return "<0.1 %"
	case share < 1 && percent == 100:
		return ">99.9 %"
	}
	return Number(percent) + " %"
}

// Bytes formats an amount of memory in binary units.
func Bytes(n uint64) string {
	switch {
	case n >= 1<<30:
		return significant(float64(n)/(1<<30)) + " GiB"
	case n >= 1<<20:
		return significant(float64(n)/(1<<20)) + " MiB"
	}
	return Count(float64(n)) + " bytes"
}
