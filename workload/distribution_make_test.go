package workload_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/workload"
)

// A constructed distribution equals the one parsed from its text, so that a model file and the values behind
// it give the same draws.
func TestConstructedEqualsParsed(t *testing.T) {
	must := func(d workload.Distribution, err error) workload.Distribution {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	for _, d := range []workload.Distribution{
		workload.ConstantTime(1234567),
		workload.ExponentialTime(20 * time.Millisecond),
		must(workload.LognormalTime(3*time.Millisecond, 17*time.Millisecond)),
		must(workload.LognormalTimeWithSCV(0.0123456789, 2.5)),
		must(workload.GammaTime(7*time.Microsecond, 0.3333)),
		must(workload.EmpiricalTime(40*time.Millisecond, 10*time.Millisecond)),
	} {
		parsed := must(workload.ParseDistribution(d.String()))
		if parsed.Kind() != d.Kind() || parsed.Mean() != d.Mean() || parsed.SCV() != d.SCV() {
			t.Errorf("%v: parsed mean %v and SCV %v, constructed %v and %v", d, parsed.Mean(), parsed.SCV(), d.Mean(), d.SCV())
		}
		for u := 0.0; u < 1; u += 0.01 {
			if parsed.Quantile(u) != d.Quantile(u) {
				t.Errorf("%v: quantile %v is %v parsed and %v constructed", d, u, parsed.Quantile(u), d.Quantile(u))
			}
		}
	}
}

// Parameters that no distribution has are refused.
func TestConstructorsRefuse(t *testing.T) {
	for name, construct := range map[string]func() (workload.Distribution, error){
		"median of 0":           func() (workload.Distribution, error) { return workload.LognormalTime(0, time.Second) },
		"p95 below the median":  func() (workload.Distribution, error) { return workload.LognormalTime(2, 1) },
		"mean below 0":          func() (workload.Distribution, error) { return workload.LognormalTimeWithSCV(-1, 1) },
		"no variation":          func() (workload.Distribution, error) { return workload.GammaTime(time.Second, 0) },
		"no points":             func() (workload.Distribution, error) { return workload.EmpiricalTime() },
		"a point that is below": func() (workload.Distribution, error) { return workload.EmpiricalTime(-1) },
	} {
		if d, err := construct(); err == nil {
			t.Errorf("%s: %v", name, d)
		}
	}
}

func ExampleLognormalTimeWithSCV() {
	d, err := workload.LognormalTimeWithSCV(0.02, 1)
	fmt.Println(d, err)
	fmt.Printf("mean %.3f s, SCV %.3f\n", d.Mean(), d.SCV())
	// Output:
	// lognormal(median=14.142136ms, p95=55.622576ms) <nil>
	// mean 0.020 s, SCV 1.000
}
