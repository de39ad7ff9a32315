package units_test

import (
	"fmt"

	"github.com/ombak-sim/ombak/units"
)

func Example() {
	fmt.Print(units.Table("lrrr", [][]string{
		{"step", "people", "passed", "p99"},
		{"sign-up", units.Count(80000), units.Percent(0.9996), units.Time(0.000319)},
		{"identity", units.Count(1234.56), units.Percent(0.43), units.Time(2.613)},
	}))
	fmt.Println(units.Hint("pased", []string{"entered", "passed"}))
	// Output:
	// step       people   passed     p99
	// sign-up    80,000  >99.9 %  319 µs
	// identity  1,234.6     43 %   2.6 s
	// did you mean "passed"?
}
