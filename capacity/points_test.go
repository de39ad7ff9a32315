package capacity_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/ombak-sim/ombak/capacity"
)

func TestReadPoints(t *testing.T) {
	for _, test := range []struct {
		why, text string
		want      []capacity.Point
		hint      string
	}{
		{why: "plain", text: "concurrency,throughput\n1,10\n2,19\n", want: []capacity.Point{{1, 10}, {2, 19}}},
		{why: "spaces, comments, Windows ends of line", text: "# from a run\nconcurrency, throughput\r\n1, 1e1\r\n# next\r\n2 ,19\r\n", want: []capacity.Point{{1, 10}, {2, 19}}},
		{why: "a byte order mark", text: "\ufeffconcurrency,throughput\n1,10\n", want: []capacity.Point{{1, 10}}},
		{why: "empty", text: "", hint: "empty"},
		{why: "no header", text: "1,10\n2,20\n", hint: "first line"},
		{why: "columns in another order", text: "throughput,concurrency\n1,10\n", hint: "first line"},
		{why: "a third column", text: "concurrency,throughput\n1,10,3\n", hint: "two numbers per line"},
		{why: "one column", text: "concurrency,throughput\n1\n", hint: "two numbers per line"},
		{why: "a word", text: "concurrency,throughput\n1,10\n2,many\n", hint: `line 3: "many" is not a number`},
		{why: "an infinity", text: "concurrency,throughput\n1,Inf\n", hint: "line 2: the throughput is +Inf"},
		{why: "no concurrency", text: "concurrency,throughput\n0,10\n", hint: "1 or more"},
		{why: "an open quote", text: "concurrency,throughput\n\"1,10\n", hint: "two numbers per line"},
	} {
		got, err := capacity.ReadPoints(strings.NewReader(test.text))
		if test.hint != "" {
			if err == nil || !strings.Contains(err.Error(), test.hint) {
				t.Errorf("%s: error %v, want one with %q", test.why, err, test.hint)
			}
			continue
		}
		if err != nil || len(got) != len(test.want) {
			t.Errorf("%s: %v, %v", test.why, got, err)
			continue
		}
		for i := range got {
			if got[i] != test.want[i] {
				t.Errorf("%s: point %d is %v, want %v", test.why, i+1, got[i], test.want[i])
			}
		}
	}
}

func TestPointsThatCannotBeReadSayWhy(t *testing.T) {
	_, err := capacity.ReadPoints(iotest.ErrReader(errors.New("is a directory")))
	if err == nil || !strings.Contains(err.Error(), "cannot be read: is a directory") {
		t.Errorf("error %v", err)
	}
}

func FuzzReadPoints(f *testing.F) {
	f.Add("concurrency,throughput\n1,10\n2,19\n3,26\n4,31\n5,33\n")
	f.Add("# note\nconcurrency,throughput\n1e300,1e-300\n")
	f.Add("concurrency,throughput\n\"1\n\",10\n")
	f.Add("concurrency,throughput\n1,1\n2,1e200\n3,1e-200\n9e9,5\n7,7")
	f.Fuzz(func(t *testing.T, text string) {
		points, err := capacity.ReadPoints(strings.NewReader(text))
		if err != nil {
			if len(points) != 0 {
				t.Error("points beside an error")
			}
			return
		}
		fit, err := capacity.FitUSL(points)
		if err != nil {
			return
		}
		for _, figure := range []float64{fit.Sigma, fit.Kappa, fit.Lambda} {
			if math.IsNaN(figure) || math.IsInf(figure, 0) || figure < 0 {
				t.Errorf("fit %+v of %v", fit.USL, points)
			}
		}
	})
}
