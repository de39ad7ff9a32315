package capacity

import (
	"errors"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// nonNegative minimizes ‖Ax − b‖ with every x at least 0.
//
// Source: C. L. Lawson, R. J. Hanson, "Solving Least Squares Problems", 1974, algorithm NNLS
// (23.10).
func nonNegative(a *mat.Dense, b []float64) ([]float64, error) {
	_, n := a.Dims()
	x := make([]float64, n)
	free := make([]bool, n)
	for range 30 * (n + 1) {
		enter := steepest(a, b, x, free)
		if enter < 0 {
			return x, nil
		}
		free[enter] = true
		if err := release(a, b, x, free); err != nil {
			return nil, err
		}
	}
	return nil, errors.New("the demands do not settle; the load steps contradict each other, so measure more of them")
}

// release moves x to the solution of the free variables, and binds each variable that would fall below 0 on the way.
func release(a *mat.Dense, b, x []float64, free []bool) error {
	for slices.Contains(free, true) {
		z, err := freeSolution(a, b, free)
		if err != nil {
			return err
		}
		step, tight := 1.0, -1
		for i := range x {
			if !free[i] || z[i] > 0 {
				continue
			}
			reach := 0.0
			if x[i] > 0 {
				reach = x[i] / (x[i] - z[i])
			}
			if tight < 0 || reach < step {
				step, tight = reach, i
			}
		}
		for i := range x {
			if free[i] {
				x[i] += step * (z[i] - x[i])
			}
		}
		if tight < 0 {
			return nil
		}
		x[tight], free[tight] = 0, false
	}
	return nil
}

// steepest returns the bound variable that reduces the residual fastest, or −1 if none does.
func steepest(a *mat.Dense, b, x []float64, free []bool) int {
	rows, n := a.Dims()
	left := make([]float64, rows)
	for i := range left {
		left[i] = b[i] - dot(a.RawRowView(i), x)
	}
	enter, best := -1, 0.0
	for j := range n {
		if free[j] {
			continue
		}
		column := mat.Col(nil, j, a)
		gain := dot(column, left)
		if gain > best && gain > 1e-12*math.Sqrt(dot(column, column)*dot(b, b)) {
			enter, best = j, gain
		}
	}
	return enter
}

// freeSolution solves the least squares of the free variables alone; the others are 0.
func freeSolution(a *mat.Dense, b []float64, free []bool) ([]float64, error) {
	rows, n := a.Dims()
	var chosen []int
	for j := range n {
		if free[j] {
			chosen = append(chosen, j)
		}
	}
	part := mat.NewDense(rows, len(chosen), nil)
	for k, j := range chosen {
		part.SetCol(k, mat.Col(nil, j, a))
	}
	var solution mat.VecDense
	if err := solution.SolveVec(part, mat.NewVecDense(rows, b)); err != nil {
		return nil, errors.New("the load steps do not separate the kinds of work; vary their mix")
	}
	z := make([]float64, n)
	for k, j := range chosen {
		z[j] = solution.AtVec(k)
	}
	return z, nil
}
