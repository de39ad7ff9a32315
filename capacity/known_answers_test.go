package capacity_test

import (
	"math"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/capacity"
	"github.com/ombak-sim/ombak/workload"
)

// printed compares a number with its printed value: to 1e-6 of it, or within half a unit of its last digit if
// fewer digits are printed.
func printed(t *testing.T, what string, got float64, want string) {
	t.Helper()
	value, err := strconv.ParseFloat(want, 64)
	if err != nil {
		t.Fatal(err)
	}
	_, fraction, _ := strings.Cut(want, ".")
	half := math.Pow10(-len(fraction)) / 2
	if tolerance := max(half, 1e-6*math.Abs(value)); !(math.Abs(got-value) <= tolerance) {
		t.Errorf("%s = %.12g, want %s", what, got, want)
	}
}

// within compares two numbers to a relative tolerance.
func within(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance*math.Abs(want)) {
		t.Errorf("%s = %.15g, want %.15g", what, got, want)
	}
}

func must[T any](value T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

// figure is a printed figure of a station.
type figure struct {
	name string
	of   func(capacity.Station) float64
	want string
}

func l(want string) figure { return figure{"L", func(s capacity.Station) float64 { return s.L }, want} }

func lq(want string) figure {
	return figure{"Lq", func(s capacity.Station) float64 { return s.Lq }, want}
}

func w(want string) figure { return figure{"W", func(s capacity.Station) float64 { return s.W }, want} }

func wq(want string) figure {
	return figure{"Wq", func(s capacity.Station) float64 { return s.Wq }, want}
}

func p0(want string) figure {
	return figure{"P0", func(s capacity.Station) float64 { return s.P0 }, want}
}

func waits(want string) figure {
	return figure{"PWait", func(s capacity.Station) float64 { return s.PWait }, want}
}

func blocks(want string) figure {
	return figure{"PBlock", func(s capacity.Station) float64 { return s.PBlock }, want}
}

func abandons(want string) figure {
	return figure{"PAbandon", func(s capacity.Station) float64 { return s.PAbandon }, want}
}

func busy(want string) figure {
	return figure{"Utilization", func(s capacity.Station) float64 { return s.Utilization }, want}
}

func TestKnownAnswersStations(t *testing.T) {
	for _, test := range []struct {
		why     string
		got     func(*testing.T) capacity.Station
		figures []figure
	}{
		{"the textbook queue at 80 %", must(capacity.MM1(.8, 1)), []figure{l("4.00000000"), lq("3.20000000"), w("5.00000000"), wq("4.00000000"), p0("0.20000000"), waits("0.80000000")}},
		{"a light M/M/1", must(capacity.MM1(5, 8)), []figure{wq(".2083333")}},
		{"two servers close to saturation", must(capacity.MMc(9, 5, 2)), []figure{waits(".8526315789"), lq("7.6736842105"), w("1.0526315789")}},
		{"four lightly loaded servers", must(capacity.MMc(9, 5, 4)), []figure{waits(".1285336468"), lq(".1051638928"), w(".2116848770")}},
		{"servers and a bounded queue", must(capacity.MMcK(40, 30, 3, 7)), []figure{p0(".2550368777"), w(".0365170079")}},
		{"few places, so that some are turned away", must(capacity.MMcK(3, 2, 2, 5)), []figure{p0(".1793345009"), blocks(".0851138354"), l("2.0059544659"), wq(".2308575804")}},
		{"constant service waits half as long", must(capacity.MG1(.8, 1, 0)), []figure{wq("2.00000000")}},
		{"Erlang-4 service", must(capacity.MG1(.8, 1, .25)), []figure{wq("2.50000000")}},
		{"exponential service is M/M/1", must(capacity.MG1(.8, 1, 1)), []figure{wq("4.00000000")}},
		{"heavy-tailed service", must(capacity.MG1(.8, 1, 4)), []figure{wq("10.00000000")}},
		{"garbage collection", must(capacity.MG1Pauses(80, .010, 1, .2, .100, 0)), []figure{w(".0597826087")}},
		{"the same without pauses", must(capacity.MG1Pauses(80, .010, 1, 0, .100, 0)), []figure{w(".0500000000")}},
		{"people who lose patience", must(capacity.ErlangA(48, 1, 50, .5)), []figure{waits(".4677740686"), abandons(".0309122492"), wq(".0618244983"), lq("2.9675759196"), busy(".9303242408")}},
	} {
		station := test.got(t)
		for _, figure := range test.figures {
			printed(t, test.why+": "+figure.name, figure.of(station), figure.want)
		}
	}
	printed(t, "p99 of the sojourn", must(capacity.MM1ResponseQuantile(.8, 1, .99))(t), "23.02585093")
}

func TestKnownAnswersErlang(t *testing.T) {
	for _, test := range []struct {
		why     string
		formula func(int, float64) (float64, error)
		servers int
		load    float64
		want    string
	}{
		{"a small call centre", capacity.ErlangC, 10, 8, ".4091801508"},
		{"a large one near saturation", capacity.ErlangC, 50, 48, ".6944556112"},
		{"a few lines", capacity.ErlangB, 5, 3, ".1100543478"},
		{"load equal to lines", capacity.ErlangB, 10, 10, ".2145823431"},
		{"lines to spare", capacity.ErlangB, 20, 15, ".0455932156"},
	} {
		printed(t, test.why, must(test.formula(test.servers, test.load))(t), test.want)
	}
}

func TestKnownAnswersPriorities(t *testing.T) {
	classes := []capacity.Class{{ArrivalRate: .3, ServiceMean: 1, SCV: 1}, {ArrivalRate: .5, ServiceMean: 1, SCV: 1}}
	finishing := must(capacity.NonPreemptive(classes))(t)
	printed(t, "first class, which waits for the request in service", finishing[0].Wq, "1.1428571")
	printed(t, "second", finishing[1].Wq, "5.7142857")
	interrupting := must(capacity.PreemptiveResume(classes))(t)
	printed(t, "first class, as if alone", interrupting[0].W, "1.4285714")
	printed(t, "second, interrupted", interrupting[1].W, "7.1428571")
}

func TestKnownAnswersGoodput(t *testing.T) {
	busy := must(capacity.ImpatientGoodput(9.5, 10, 100, 3))(t)
	printed(t, "goodput at 95 %", busy.Goodput, "7.4220085864")
	printed(t, "wasted at 95 %", busy.Wasted, "2.0751632553")
	printed(t, "overload with a short queue", must(capacity.ImpatientGoodput(15, 10, 20, 3))(t).Goodput, "9.8808780991")
	if collapsed := must(capacity.ImpatientGoodput(15, 10, 100, 3))(t); !(collapsed.Goodput < 1e-9) {
		t.Errorf("goodput of an overloaded long queue = %g, want a collapse", collapsed.Goodput)
	}
}

func TestKnownAnswersBackoff(t *testing.T) {
	means := must(capacity.FullJitterMeans(.1, 10, 8))(t)
	for i, want := range []string{".0500000", ".1000000", ".2000000", ".4000000", ".8000000", "1.6000000", "3.2000000", "5.0000000"} {
		printed(t, "retry "+strconv.Itoa(i+1), means[i], want)
	}
}

func TestKnownAnswersTimeVarying(t *testing.T) {
	swing := capacity.Sinusoid{Mean: 100, Amplitude: 20, Frequency: 1}
	printed(t, "peak in progress", must(swing.PeakInProgress(1))(t), "114.1421356")
	for _, at := range []float64{0, 1, 2, 7.5} {
		want := 100 + 10*(math.Sin(at)-math.Cos(at))
		printed(t, "in progress", must(swing.InProgress(1, at))(t), strconv.FormatFloat(want, 'f', 10, 64))
	}
	ramp := func(t float64) float64 { return 10 * t }
	printed(t, "a ramp from empty", must(capacity.OfferedLoad(ramp, .5, 10))(t), "160.2695178800")
}

func perMinute(n float64) workload.Rate { return workload.Rate(n / 60) }

func flat(span time.Duration, rate float64) workload.Segment {
	return workload.Segment{For: span, From: perMinute(rate), To: perMinute(rate)}
}

func TestKnownAnswersFluid(t *testing.T) {
	capacityOf := []workload.Segment{flat(time.Minute, 60_000)}
	surge := must(capacity.Fluid([]workload.Segment{flat(15*time.Minute, 80_000), flat(time.Hour, 20_000)}, capacityOf))(t)
	if len(surge) != 1 {
		t.Fatalf("a surge makes %d overloads, want one", len(surge))
	}
	printed(t, "backlog of a surge", surge[0].Backlog, "300000.0000")
	printed(t, "its longest wait, min", surge[0].LongestWait/60, "5.00000000")
	printed(t, "the last arrival waits longest, min", surge[0].LongestWaitAt/60, "15.0000000")
	printed(t, "it drains in, min", (surge[0].Clear-surge[0].End)/60, "7.50000000")
	triangle := must(capacity.Fluid([]workload.Segment{
		{For: 1050 * time.Second, To: perMinute(80_000)}, {For: 1050 * time.Second, From: perMinute(80_000)},
	}, capacityOf))(t)
	if len(triangle) != 1 {
		t.Fatalf("a triangle makes %d overloads, want one", len(triangle))
	}
	printed(t, "a triangle begins to overload, min", triangle[0].Begin/60, "13.1250000")
	printed(t, "ends, min", triangle[0].End/60, "21.8750000")
	printed(t, "backlog", triangle[0].Backlog, "87500.0000")
	printed(t, "longest wait, min", triangle[0].LongestWait/60, "1.458333")
	printed(t, "clears, min", triangle[0].Clear/60, "28.062184")
}

func TestKnownAnswersNetworks(t *testing.T) {
	open := must(capacity.OpenJackson([]capacity.OpenStation{
		{ServiceRate: 25, Next: []float64{0, .5, .5, 0}},
		{ServiceRate: 1 / .03, Next: []float64{1, 0, 0, 0}},
		{ServiceRate: 1 / .06, Next: []float64{.6, 0, 0, 0}},
		{ServiceRate: 20, ArrivalRate: 4, Next: []float64{1, 0, 0, 0}},
	}))(t)
	for i, want := range []struct{ throughput, utilization, queue string }{
		{"20.0000000", ".8000000", "4.0000000"}, {"10.0000000", ".3000000", ".428571"}, {"10.0000000", ".6000000", "1.5000000"}, {"4.0000000", ".2000000", ".2500000"},
	} {
		printed(t, "Bolch 7.4: X", open.Stations[i].Throughput, want.throughput)
		printed(t, "Bolch 7.4: U", open.Stations[i].Utilization, want.utilization)
		printed(t, "Bolch 7.4: Q", open.Stations[i].L, want.queue)
	}
	printed(t, "Bolch 7.4: W", open.ResponseTime, "1.5446428571")
	lazowska := must(capacity.ClosedNetwork{Population: 3, Think: 15, Centers: []capacity.Center{
		{Name: "cpu", Demand: .605}, {Name: "disk1", Demand: 2.1}, {Name: "disk2", Demand: 1.35},
	}}.Exact())(t)
	printed(t, "Lazowska: X", lazowska.Throughput, ".1515164923")
	printed(t, "Lazowska: R", lazowska.ResponseTime, "4.7998247816")
	for i, want := range []string{".0975660", ".3946566", ".2350300"} {
		printed(t, "Lazowska: Q", lazowska.Centers[i].Queue, want)
	}
}

func TestKnownAnswersBolchClosed(t *testing.T) {
	visits := []float64{1, .4, .2, .1}
	service := []float64{.02, .2, .4, .6} // seconds a visit
	network := capacity.ClosedNetwork{Population: 6}
	for i := range visits {
		network.Centers = append(network.Centers, capacity.Center{Demand: visits[i] * service[i]})
	}
	solved := must(network.Exact())(t)
	for i, want := range []struct{ throughput, queue string }{{"9.920", ".244"}, {"3.968", "2.261"}, {"1.984", "2.261"}, {".992", "1.234"}} {
		printed(t, "Bolch 8.3: X", solved.Throughput*visits[i], want.throughput)
		printed(t, "Bolch 8.3: Q", solved.Centers[i].Queue, want.queue)
	}
}

func cisco(t *testing.T) []capacity.Point {
	t.Helper()
	file, err := os.Open("testdata/cisco.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	return must(capacity.ReadPoints(file))(t)
}

func points(concurrency, throughput []float64) []capacity.Point {
	all := make([]capacity.Point, len(concurrency))
	for i := range all {
		all[i] = capacity.Point{Concurrency: concurrency[i], Throughput: throughput[i]}
	}
	return all
}

func TestKnownAnswersUSL(t *testing.T) {
	fit := must(capacity.FitUSL(cisco(t)))(t)
	peak, _ := fit.PeakConcurrency()
	// The source gives its figures to 1e-5. Its search stopped short of the minimum by 1.3e-6 in σ.
	const stated = 1e-5
	within(t, "Cisco: σ", fit.Sigma, .02671591, stated)
	within(t, "Cisco: κ", fit.Kappa, 7.690945e-4, stated)
	within(t, "Cisco: λ", fit.Lambda, 995.6486, stated)
	within(t, "Cisco: peak concurrency", peak, 35.5738, stated)
	within(t, "Cisco: X(20)", must(fit.Throughput(20))(t), 11063.63312570436, stated)
	// The minimum itself, by Newton's method with 50 digits.
	within(t, "Cisco: σ at the minimum", fit.Sigma, .026715945035725382, 1e-7)
	within(t, "Cisco: κ at the minimum", fit.Kappa, .0007690939206104586, 1e-7)
	within(t, "Cisco: λ at the minimum", fit.Lambda, 995.6487859290531, 1e-7)
	rounded := must(capacity.FitUSL(points([]float64{1, 2, 4, 6, 8, 10}, []float64{1, 1.8868, 3.0769, 3.5294, 3.5398, 3.3557})))(t)
	peak, _ = rounded.PeakConcurrency()
	for _, figure := range []struct {
		name      string
		got, want float64
	}{{"σ", rounded.Sigma, .02}, {"κ", rounded.Kappa, .02}, {"λ", rounded.Lambda, 1}, {"peak", peak, 7}} {
		within(t, "rounded points: "+figure.name, figure.got, figure.want, 5e-4)
	}
	raytracer := must(capacity.FitUSL(points([]float64{1, 4, 8, 12, 16, 20}, []float64{20, 78, 130, 170, 190, 200})))(t)
	printed(t, "raytracer: σ", raytracer.Sigma, ".0244440")
	printed(t, "raytracer: κ", raytracer.Kappa, ".00162681")
	printed(t, "raytracer: λ", raytracer.Lambda, "20.85605")
}
