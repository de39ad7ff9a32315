package capacity

import (
	"errors"
	"math"

	"gonum.org/v1/gonum/mat"
)

// residuals fills r with model − data and, unless j is nil, j with the derivatives with respect to the parameters.
type residuals func(parameters, r []float64, j *mat.Dense)

// leastSquares minimizes the sum of squared residuals with every parameter at or above its lower
// bound (−Inf for none).
//
// Source: D. W. Marquardt, "An algorithm for least-squares estimation of nonlinear parameters", SIAM
// Journal 11(2), 1963, with the scaling of J. J. Moré 1978; bounds by projection, parameters that the
// gradient presses against their bound held there: C. Kanzow, N. Yamashita, M. Fukushima,
// "Levenberg–Marquardt methods with strong local convergence properties", 2004.
func leastSquares(start, lower []float64, count int, f residuals) ([]float64, error) {
	at := make([]float64, len(start))
	for i := range at {
		at[i] = max(start[i], lower[i])
	}
	r, tried := make([]float64, count), make([]float64, count)
	j := mat.NewDense(count, len(at), nil)
	damping, rises := 1e-3, 0
	f(at, r, j)
	cost := dot(r, r)
	for range 500 {
		step, ok := dampedStep(at, lower, r, j, damping)
		next := make([]float64, len(at))
		var moved float64
		for i := range at {
			next[i] = max(at[i]+step[i], lower[i])
			moved = max(moved, math.Abs(next[i]-at[i])/(math.Abs(at[i])+1e-12))
		}
		f(next, tried, nil)
		if trial := dot(tried, tried); ok && trial <= cost {
			gain := cost - trial
			at, cost, damping, rises = next, trial, max(damping/8, 1e-15), 0
			f(at, r, j)
			if moved < 1e-12 || cost == 0 || gain <= 1e-16*cost && moved < 1e-9 {
				return at, nil
			}
			continue
		}
		if moved < 1e-14 {
			return at, nil
		}
		if rises++; rises > 60 {
			return at, nil
		}
		damping *= 4
	}
	return nil, errors.New("the fit does not settle; the points contradict the model, so measure more of them")
}

// dampedStep solves (JᵀJ + damping·diag(JᵀJ))·step = −Jᵀr over the parameters that may move.
func dampedStep(at, lower, r []float64, j *mat.Dense, damping float64) ([]float64, bool) {
	n := len(at)
	var gradient mat.VecDense
	gradient.MulVec(j.T(), mat.NewVecDense(len(r), r))
	var free []int
	for i := range n {
		if at[i] > lower[i] || gradient.AtVec(i) < 0 {
			free = append(free, i)
		}
	}
	step := make([]float64, n)
	if len(free) == 0 {
		return step, true
	}
	var normal mat.Dense
	normal.Mul(j.T(), j)
	// Scaled to a unit diagonal, so that parameters of any size are treated alike.
	scale := make([]float64, n)
	for i := range n {
		scale[i] = math.Sqrt(max(normal.At(i, i), math.SmallestNonzeroFloat64))
	}
	system, right := mat.NewSymDense(len(free), nil), mat.NewVecDense(len(free), nil)
	for a, i := range free {
		for b, k := range free[:a+1] {
			system.SetSym(a, b, normal.At(i, k)/(scale[i]*scale[k]))
		}
		system.SetSym(a, a, 1+damping)
		right.SetVec(a, -gradient.AtVec(i)/scale[i])
	}
	var factored mat.Cholesky
	var solved mat.VecDense
	if !factored.Factorize(system) || factored.SolveVecTo(&solved, right) != nil {
		return step, false
	}
	for a, i := range free {
		step[i] = solved.AtVec(a) / scale[i]
	}
	return step, true
}

func dot(a, b []float64) float64 {
	var sum float64
	for i, x := range a {
		sum += x * b[i]
	}
	return sum
}
