package capacity

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"
)

// TestNonNegativeMeetsTheConditions: at the minimum no variable is below 0, the gradient of a free one is 0 and that of
// one at its bound is not below 0 (Karush, Kuhn, Tucker; Lawson and Hanson, theorem 23.4).
func TestNonNegativeMeetsTheConditions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, p := rapid.IntRange(4, 30).Draw(t, "rows"), rapid.IntRange(1, 4).Draw(t, "columns")
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		a, b := mat.NewDense(n, p, nil), make([]float64, n)
		for i := range n {
			b[i] = random.NormFloat64() * 10
			for j := range p {
				a.Set(i, j, random.NormFloat64()*math.Pow(10, float64(j)))
			}
		}
		x, err := nonNegative(a, b)
		if err != nil {
			t.Fatal(err)
		}
		left := make([]float64, n)
		for i := range n {
			left[i] = b[i] - dot(a.RawRowView(i), x)
		}
		for j := range p {
			column := mat.Col(nil, j, a)
			gradient := -dot(column, left) / (math.Sqrt(dot(column, column)) * (1 + math.Sqrt(dot(b, b))))
			switch {
			case x[j] < 0:
				t.Fatalf("x[%d] is %v", j, x[j])
			case x[j] > 0 && math.Abs(gradient) > 1e-9:
				t.Fatalf("the gradient of the free x[%d] = %v is %v", j, x[j], gradient)
			case x[j] == 0 && gradient < -1e-9:
				t.Fatalf("x[%d] is bound although the gradient %v would raise it", j, gradient)
			}
		}
	})
}

// made returns rows of true demands: counts are Poisson-like, and each unit of work varies with a squared coefficient
// of variation of 1.
func made(seed uint64, seconds []float64, idle float64, rates [][]float64, windows int) (rows []WorkRow) {
	random := rand.New(rand.NewPCG(seed, 7))
	const length = 5.
	for _, level := range rates {
		for range windows {
			row := WorkRow{Length: length, Busy: idle * length}
			for k, rate := range level {
				mean := rate * length
				count := max(0, math.Round(mean+math.Sqrt(mean)*random.NormFloat64()))
				row.Counts = append(row.Counts, count)
				row.Busy += max(0, seconds[k]*(count+math.Sqrt(count)*random.NormFloat64()))
			}
			rows = append(rows, row)
		}
	}
	return rows
}

// TestFitWorkTellsCheapFromDear: a page of 1 ms, a list of 4 ms and a hash of 65 ms at loads of several mixes.
func TestFitWorkTellsCheapFromDear(t *testing.T) {
	seconds := []float64{.001, .065, .004}
	rates := [][]float64{{30, 1, 5}, {5, 4, 5}, {20, 2, 30}, {60, 6, 10}}
	held := 0
	for seed := range uint64(40) {
		work, err := FitWork([]string{"page", "hash", "list"}, made(seed, seconds, .02, rates, 12))
		if err != nil {
			t.Fatal(err)
		}
		for k, want := range seconds {
			kind := work.Kinds[k]
			if kind.Interval[0] <= want && want <= kind.Interval[1] {
				held++
			}
			if len(kind.With) > 0 || math.Abs(kind.Seconds-want) > .6*want+.0004 {
				t.Errorf("seed %d: %s takes %v s, want %v (%v)", seed, kind.Name, kind.Seconds, want, kind.Interval)
			}
		}
	}
	if held < 108 || held > 120 { // 95 % of 120 is 114
		t.Errorf("%d of 120 intervals hold the true demand", held)
	}
}

// TestFitWorkSaysWhatItCannotTellApart: a kind that always comes once with another shares one demand with it, and a
// kind that nobody did has none.
func TestFitWorkSaysWhatItCannotTellApart(t *testing.T) {
	rows := made(1, []float64{.01, .002}, .05, [][]float64{{5, 10}, {10, 2}, {20, 20}}, 8)
	for i := range rows {
		rows[i].Busy += .03 * rows[i].Counts[0]
		rows[i].Counts = []float64{rows[i].Counts[0], rows[i].Counts[1], rows[i].Counts[0], 0}
	}
	work, err := FitWork([]string{"sign-in", "list", "token", "never"}, rows)
	if err != nil {
		t.Fatal(err)
	}
	signIn, token := work.Kinds[0], work.Kinds[2]
	if fmt.Sprint(signIn.With, token.With) != "[token] [sign-in]" || signIn.Known() || math.Abs(signIn.Seconds-.02) > .003 || signIn.Seconds != token.Seconds {
		t.Errorf("%+v and %+v; want a common demand of 20 ms", signIn, token)
	}
	if !math.IsNaN(work.Kinds[3].Seconds) || work.Kinds[3].Count != 0 {
		t.Errorf("%+v was never done", work.Kinds[3])
	}
	if math.Abs(work.Idle-.05) > .03 {
		t.Errorf("idle %v", work.Idle)
	}
}

// TestFitWorkOfSimilarKinds: kinds that nearly always come together are not known, and the nearest one is named.
func TestFitWorkOfSimilarKinds(t *testing.T) {
	rows := made(3, []float64{.01, .002}, 0, [][]float64{{5, 5}, {10, 10}, {20, 20}}, 6)
	random := rand.New(rand.NewPCG(1, 1))
	for i := range rows {
		rows[i].Counts[1] = rows[i].Counts[0] + float64(random.IntN(3)-1)
	}
	work, err := FitWork([]string{"read", "write"}, rows)
	if err != nil {
		t.Fatal(err)
	}
	if kind := work.Kinds[1]; kind.Known() || kind.Near != "read" || kind.Correlation < .99 || work.Condition < 10 {
		t.Errorf("%+v, condition %v", kind, work.Condition)
	}
}

func TestFitWorkRefuses(t *testing.T) {
	for why, rows := range map[string][]WorkRow{
		"nothing measured":     nil,
		"too few rows":         {{Busy: 1, Length: 1, Counts: []float64{1, 2}}, {Busy: 1, Length: 1, Counts: []float64{2, 1}}},
		"a negative time":      {{Busy: -1, Length: 1, Counts: []float64{1, 2}}},
		"no length":            {{Busy: 1, Counts: []float64{1, 2}}},
		"a count that is lost": {{Busy: 1, Length: 1, Counts: []float64{1}}},
	} {
		if work, err := FitWork([]string{"a", "b"}, rows); err == nil {
			t.Errorf("%s: %+v", why, work)
		} else if why == "too few rows" && !errors.Is(err, ErrUnidentified) {
			t.Errorf("%s: %v", why, err)
		}
	}
}
