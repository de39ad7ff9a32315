package capacity_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/ombak-sim/ombak/capacity"
)

const sixRows = "time,a,b\n1,10,1\n2,20,3\n3,30,6\n4,35,9\n5,38,12\n6,40,14\n"

func TestReadCounts(t *testing.T) {
	for _, test := range []struct {
		why, text string
		times     []float64
	}{
		{"seconds; the opening is added", sixRows, []float64{0, 1, 2, 3, 4, 5, 6}},
		{"an opening in the file", "time,a,b\n0,0,0\n" + sixRows[len("time,a,b\n"):], []float64{0, 1, 2, 3, 4, 5, 6}},
		{"durations, spaces, a comment and a mark of the encoding", "\ufeff time , a , b\n# made up\n1m,1,0\n2m,2,0\n3m,3,1\n4m,4,1\n1h,5,2\n", []float64{0, 60, 120, 180, 240, 3600}},
		{"instants in two zones", "time,a,b\n2020-04-11T19:00:00+07:00,0,0\n2020-04-11T12:01:00Z,1,0\n2020-04-11T12:02:00Z,2,0\n2020-04-11T12:03:00Z,3,0\n2020-04-11T12:04:00Z,3,0\n2020-04-11T19:05:00+07:00,3,0\n", []float64{0, 60, 120, 180, 240, 300}},
	} {
		counts, err := capacity.ReadCounts(strings.NewReader(test.text))
		if err != nil || !slices.Equal(counts.Times, test.times) || !slices.Equal(counts.Steps, []string{"a", "b"}) || len(counts.Passed) != len(test.times) {
			t.Errorf("%s: %+v, error %v", test.why, counts, err)
		}
	}
}

func TestReadCountsRefuses(t *testing.T) {
	rows := func(changed string) string { return strings.Replace(sixRows, "3,30,6\n", changed, 1) }
	for _, test := range []struct{ why, text, hint string }{
		{"an empty file", "", "no first line"},
		{"no header", "1,2,3\n", "the first line of the counts is"},
		{"one step", "time,a\n1,1\n2,2\n3,3\n4,4\n5,5\n", "one step only"},
		{"two columns of one name", "time,a,a\n1,1,1\n", "column 3 of the counts has no name of its own"},
		{"a name of two lines", "time,a,\"b\nc\"\n1,1,1\n", "column 3 of the counts has no name of its own in one line"},
		{"a snapshot", "time,a,b\n75600,1432133,1063028\n", "one snapshot cannot tell who will still come"},
		{"counts that fall", rows("3,15,6\n"), "a falls from 20 to 15"},
		{"more people at the later step", rows("3,30,31\n"), "31 have passed b but only 30 the step before, a"},
		{"one time twice", rows("2,30,6\n"), "not after that of the row before"},
		{"negative times", "time,a,b\n-1,0,0\n" + sixRows[len("time,a,b\n"):], "no number of seconds since the opening"},
		{"a time that is none", rows("noon,30,6\n"), `line 4: the time "noon" is none`},
		{"a count that is not known", rows("3,30,\n"), "leave the line out"},
		{"half a person", rows("3,30,6.5\n"), "not a whole number of people"},
		{"no number", rows("3,30,NaN\n"), "not a whole number of people"},
		{"a column less", rows("3,30\n"), "wrong number of fields"},
		{"nobody", "time,a,b\n1,0,0\n2,0,0\n3,0,0\n4,0,0\n5,0,0\n", "nobody passed a"},
		{"no opening before the first instant", "time,a,b\n2020-04-11T19:00:00+07:00,5,0\n2020-04-11T19:01:00+07:00,6,0\n2020-04-11T19:02:00+07:00,6,0\n2020-04-11T19:03:00+07:00,6,0\n2020-04-11T19:04:00+07:00,6,0\n2020-04-11T19:05:00+07:00,6,0\n", "begin with a row of the opening"},
		{"more rows than can be", "time,a,b\n" + strings.Repeat("1,1,1\n", 10_001), "more than 10000 rows"},
	} {
		_, err := capacity.ReadCounts(strings.NewReader(test.text))
		if err == nil || !strings.Contains(err.Error(), test.hint) {
			t.Errorf("%s: error %v, want one with %q", test.why, err, test.hint)
		}
		if err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: the error has several lines: %v", test.why, err)
		}
	}
}

// FuzzReadCounts: whatever is read is a funnel that never falls.
func FuzzReadCounts(f *testing.F) {
	for _, seed := range []string{sixRows, "time,a,b\n", "time,a,b\n1h,1,1\n", "time,a,b\n2020-04-11T19:00:00+07:00,0,0\n", "\ufefftime,\"a\nb\",c\n1,1e3,0x1p3\n", "time,a,b\n1,Inf,NaN\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		counts, err := capacity.ReadCounts(strings.NewReader(text))
		if err != nil {
			return
		}
		for i, row := range counts.Passed {
			if i > 0 && !(counts.Times[i] > counts.Times[i-1]) {
				t.Fatalf("times %v do not rise", counts.Times)
			}
			for k, count := range row {
				if count != math.Trunc(count) || count < 0 || i > 0 && count < counts.Passed[i-1][k] || k > 0 && count > row[k-1] {
					t.Fatalf("row %v after %v is read", row, counts.Passed[max(0, i-1)])
				}
			}
		}
	})
}
