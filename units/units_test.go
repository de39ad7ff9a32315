package units_test

import (
	"math"
	"testing"

	"github.com/ombak-sim/ombak/units"
)

func TestFiguresReadAlikeEverywhere(t *testing.T) {
	for _, test := range []struct{ why, got, want string }{
		{"whole counts have separators", units.Count(1234567), "1,234,567"},
		{"means keep a decimal", units.Count(1234.56), "1,234.6"},
		{"a mean that rounds to whole has none", units.Count(2.04), "2"},
		{"differences keep their sign", units.Count(-1234), "-1,234"},
		{"small amounts keep their cents", units.Amount(0.125), "0.13"},
		{"large amounts are whole", units.Amount(-123456.7), "-123,457"},
		{"rates have three digits", units.Rate(1.23456), "1.23"},
		{"rates from 100 on are whole", units.Rate(1333.3), "1,333"},
		{"numbers are not rounded to counts", units.Number(0.25), "0.25"},
		{"what is not a number is shown", units.Number(math.Inf(1)), "+Inf"},
		{"below a millisecond", units.Time(0.000319), "319 µs"},
		{"milliseconds below ten have a decimal", units.Time(0.0012), "1.2 ms"},
		{"milliseconds from ten on are whole", units.Time(0.0134), "13 ms"},
		{"no thousand milliseconds", units.Time(0.9996), "1.0 s"},
		{"negative times have the unit of their size", units.Time(-0.3), "-300 ms"},
		{"a minute and a half is in seconds", units.Time(90), "90 s"},
		{"minutes from two on", units.Time(120), "2 min"},
		{"no 120 seconds", units.Time(119.7), "2.0 min"},
		{"minutes below ten have a decimal", units.Time(150), "2.5 min"},
		{"minutes up to two hours", units.Time(4380), "73 min"},
		{"hours from two on", units.Time(7200), "2 h"},
		{"hours below ten have a decimal", units.Time(9000), "2.5 h"},
		{"nothing", units.Time(0), "0 s"},
		{"ticks keep their digits", units.ExactTime(0.0125), "12.5 ms"},
		{"nothing has no sign", units.Number(math.Copysign(0, -1)) + units.Amount(-0.001), "00"},
		{"almost nothing", units.Percent(0.0001), "<0.1 %"},
		{"almost all", units.Percent(0.99999), ">99.9 %"},
		{"all", units.Percent(1), "100 %"},
		{"memory", units.Bytes(3 << 20), "3 MiB"},
		{"little memory", units.Bytes(4096), "4,096 bytes"},
		{"short counts", units.Short(123456), "123k"},
		{"no word is near", units.Hint("x", []string{"entered", "passed"}), "use one of: entered, passed"},
		{"Markdown shows markup as letters", units.Cell("a|b <i>"), `a\|b &lt;i&gt;`},
	} {
		if test.got != test.want {
			t.Errorf("%s: got %q, want %q", test.why, test.got, test.want)
		}
	}
}

func TestMarkdownAlignsNumbers(t *testing.T) {
	got := units.Markdown("lr", [][]string{{"step", "p99"}, {"sign-up", "41 ms"}})
	if want := "| step | p99 |\n|---|---:|\n| sign-up | 41 ms |\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
