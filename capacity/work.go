package capacity

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"
)

// WorkRow is a stretch of a run: how long a resource worked, and how often each kind of work was done.
type WorkRow struct {
	Busy   float64   // seconds of work
	Length float64   // seconds
	Counts []float64 // of each kind of work, in the order of the kinds
}

// KindOfWork is the fitted demand of one kind of work.
type KindOfWork struct {
	Name     string
	Count    float64 // how often it was done
	Seconds  float64 // for each time; NaN if it was never done
	Interval Interval
	// With names the kinds that rose in the same proportion everywhere. Their seconds are one common demand, because
	// nothing tells them apart.
	With []string
	// Near names the kind whose counts are most alike, and Correlation says how much (partial to nothing else).
	Near        string
	Correlation float64
}

// Known reports whether the demand is known to half of its size.
func (k KindOfWork) Known() bool {
	return len(k.With) == 0 && k.Seconds > 0 && k.Interval[1]-k.Interval[0] <= k.Seconds
}

// Work is the result of [FitWork].
type Work struct {
	Kinds     []KindOfWork
	Idle      float64 // seconds of work per second that belong to no kind
	IdleRange Interval
	RSquared  float64 // share of the variance of the rows' busy time per second that the demands explain
	Condition float64 // condition number of the counts after scaling; large means hard to tell apart
	Rows      int
	Stretch   float64 // mean length of a row in seconds
}

// FitWork fits the demand of each kind of work, and the work of idling, by non-negative least squares over the rows.
// Rows with more work vary more, so each row is weighted by the inverse of the deviation that a first fit gives it.
// Kinds whose counts rise in the same proportion in all rows are fitted as one. Intervals have the standard errors
// of the fit without bounds, which allow for unequal variances, and are cut at 0.
//
// Source: utilization law U = Σ X·D, P. J. Denning, J. P. Buzen, "The operational analysis of queueing network
// models", ACM Computing Surveys 10(3), 1978; regression of demands as in J. Rolia, V. Vetland, "Parameter estimation
// for performance models of distributed application systems", CASCON 1995; standard errors HC1 of J. G. MacKinnon,
// H. White, "Some heteroskedasticity-consistent covariance matrix estimators with improved finite sample properties",
// Journal of Econometrics 29, 1985.
//
// Where, in a row:
//   - U is Busy/Length, X one of Counts/Length per second, D its demand in seconds
func FitWork(kinds []string, rows []WorkRow) (Work, error) {
	if err := checkRows(kinds, rows); err != nil {
		return Work{}, err
	}
	groups := groupsOf(kinds, rows)
	if len(rows) < len(groups)+2 {
		return Work{}, fmt.Errorf("%w: %d stretches of runs are too few for %d kinds of work; measure longer, or more loads", ErrUnidentified, len(rows), len(groups))
	}
	x, busy := grouped(groups, rows)
	fit, err := weighted(x, busy)
	if err != nil {
		return Work{}, err
	}
	w := Work{Idle: fit.seconds[len(groups)], IdleRange: fit.interval(len(groups)), Condition: conditioned(x), Rows: len(rows), RSquared: explainedRates(fit.seconds, x, busy, rows)}
	for _, row := range rows {
		w.Stretch += row.Length / float64(len(rows))
	}
	for k, name := range kinds {
		kind := KindOfWork{Name: name, Seconds: math.NaN()}
		for _, row := range rows {
			kind.Count += row.Counts[k]
		}
		for g, group := range groups {
			if !slices.Contains(group, k) {
				continue
			}
			kind.Seconds, kind.Interval = fit.seconds[g], fit.interval(g)
			for _, other := range group {
				if other != k {
					kind.With = append(kind.With, kinds[other])
				}
			}
			near := nearestColumn(x, g, len(groups), rows)
			if near.column >= 0 {
				kind.Near, kind.Correlation = kinds[groups[near.column][0]], near.correlation
			}
		}
		w.Kinds = append(w.Kinds, kind)
	}
	return w, nil
}

func checkRows(kinds []string, rows []WorkRow) error {
	if len(kinds) == 0 || len(rows) == 0 {
		return fmt.Errorf("%w: there is no kind of work, or no stretch of a run", ErrUnidentified)
	}
	for i, row := range rows {
		err := cmp.Or(notNegative("time busy", row.Busy), notNegative("length", row.Length))
		if len(row.Counts) != len(kinds) || !(row.Length > 0) {
			err = cmp.Or(err, fmt.Errorf("%d counts are given for %d kinds of work in %v s", len(row.Counts), len(kinds), row.Length))
		}
		for _, count := range row.Counts {
			err = cmp.Or(err, notNegative("count", count))
		}
		if err != nil {
			return fmt.Errorf("row %d: %w", i+1, err)
		}
	}
	return nil
}

// inProportion is the share of a kind's counts that may differ from those of another, up to which the two count as
// rising in the same proportion.
const inProportion = 1e-3

// groupsOf returns the kinds that were done, those in proportion together.
func groupsOf(kinds []string, rows []WorkRow) (groups [][]int) {
	column := func(k int) []float64 {
		all := make([]float64, len(rows))
		for i, row := range rows {
			all[i] = row.Counts[k]
		}
		return all
	}
	for k := range kinds {
		own := column(k)
		if dot(own, own) == 0 {
			continue
		}
		at := slices.IndexFunc(groups, func(group []int) bool {
			other := column(group[0])
			factor := dot(own, other) / dot(other, other)
			left := 0.
			for i := range own {
				left += math.Pow(own[i]-factor*other[i], 2)
			}
			return math.Sqrt(left/dot(own, own)) < inProportion
		})
		if at < 0 {
			groups = append(groups, []int{k})
		} else {
			groups[at] = append(groups[at], k)
		}
	}
	return groups
}

// grouped returns the counts of each group, then the lengths.
func grouped(groups [][]int, rows []WorkRow) (*mat.Dense, []float64) {
	x, busy := mat.NewDense(len(rows), len(groups)+1, nil), make([]float64, len(rows))
	for i, row := range rows {
		for g, group := range groups {
			for _, k := range group {
				x.Set(i, g, x.At(i, g)+row.Counts[k])
			}
		}
		x.Set(i, len(groups), row.Length)
		busy[i] = row.Busy
	}
	return x, busy
}

// weightedFit is a fit with the standard errors of one without bounds.
type weightedFit struct {
	seconds []float64
	errors  []float64
	spread  float64 // quantile of Student's t for 95 %
}

func (f weightedFit) interval(k int) Interval {
	half := f.spread * f.errors[k]
	return Interval{max(0, f.seconds[k]-half), f.seconds[k] + half}
}

// weighted fits twice: the first fit gives the weights of the second.
func weighted(x *mat.Dense, busy []float64) (weightedFit, error) {
	n, p := x.Dims()
	first, err := nonNegative(x, busy)
	if err != nil {
		return weightedFit{}, err
	}
	fitted, total := make([]float64, n), 0.
	for i := range n {
		fitted[i] = dot(x.RawRowView(i), first)
		total += fitted[i] / float64(n)
	}
	scaled, right := mat.DenseCopyOf(x), slices.Clone(busy)
	for i := range n {
		weight := 1 / math.Sqrt(max(fitted[i], 0.05*total, math.SmallestNonzeroFloat64))
		right[i] *= weight
		for j := range p {
			scaled.Set(i, j, scaled.At(i, j)*weight)
		}
	}
	fit := weightedFit{}
	if fit.seconds, err = nonNegative(scaled, right); err != nil {
		return fit, err
	}
	fit.spread = distuv.StudentsT{Sigma: 1, Nu: float64(max(1, n-p))}.Quantile(0.975)
	fit.errors, err = robustErrors(scaled, right)
	return fit, err
}

// robustErrors returns the standard errors HC1 of least squares without bounds.
func robustErrors(x *mat.Dense, y []float64) (errs []float64, err error) {
	n, p := x.Dims()
	lengths := make([]float64, p)
	unit := mat.DenseCopyOf(x)
	for j := range p {
		column := mat.Col(nil, j, x)
		lengths[j] = math.Sqrt(dot(column, column))
		for i := range n {
			unit.Set(i, j, column[i]/lengths[j])
		}
	}
	var normal, inverse mat.Dense
	normal.Mul(unit.T(), unit)
	if fault := inverse.Inverse(&normal); fault != nil {
		var near mat.Condition
		if !errors.As(fault, &near) || math.IsInf(float64(near), 1) {
			return nil, fmt.Errorf("%w: the kinds of work rise in the same proportion; vary their mix", ErrUnidentified)
		}
	}
	var right, free mat.VecDense
	right.MulVec(unit.T(), mat.NewVecDense(n, y))
	free.MulVec(&inverse, &right)
	meat := mat.NewDense(p, p, nil)
	for i := range n {
		row := unit.RawRowView(i)
		miss := y[i] - dot(row, free.RawVector().Data)
		for a := range p {
			for b := range p {
				meat.Set(a, b, meat.At(a, b)+miss*miss*row[a]*row[b])
			}
		}
	}
	var half, covariance mat.Dense
	half.Mul(&inverse, meat)
	covariance.Mul(&half, &inverse)
	correction := float64(n) / float64(max(1, n-p))
	for j := range p {
		errs = append(errs, math.Sqrt(max(0, covariance.At(j, j))*correction)/lengths[j])
	}
	return errs, nil
}

// explainedRates returns R² of the busy time per second.
func explainedRates(seconds []float64, x *mat.Dense, busy []float64, rows []WorkRow) float64 {
	rates, missed := make([]float64, len(busy)), 0.
	for i := range busy {
		rates[i] = busy[i] / rows[i].Length
		missed += math.Pow(rates[i]-dot(x.RawRowView(i), seconds)/rows[i].Length, 2)
	}
	return explainedShare(missed, rates)
}

type alike struct {
	column      int
	correlation float64
}

// nearestColumn returns the group whose counts per second correlate most with those of a group.
func nearestColumn(x *mat.Dense, of, groups int, rows []WorkRow) alike {
	rates := func(g int) []float64 {
		all := mat.Col(nil, g, x)
		mean := 0.
		for i := range all {
			all[i] /= rows[i].Length
			mean += all[i] / float64(len(all))
		}
		for i := range all {
			all[i] -= mean
		}
		return all
	}
	own, most := rates(of), alike{column: -1}
	for g := range groups {
		other := rates(g)
		if both := math.Sqrt(dot(own, own) * dot(other, other)); g != of && both > 0 {
			if c := dot(own, other) / both; math.Abs(c) > math.Abs(most.correlation) {
				most = alike{g, c}
			}
		}
	}
	return most
}
