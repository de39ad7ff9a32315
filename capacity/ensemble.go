package capacity

import (
	"math"

	"gonum.org/v1/gonum/optimize"

	"github.com/ombak-sim/ombak/workload"
)

// density is the logarithm of a posterior density up to a constant, and that of the likelihood in it.
type density func(x []float64) (posterior, likelihood float64)

const (
	ensembleWalkers = 20
	ensembleBurn    = 60
	ensembleKept    = 60
	ensembleStretch = 2.0
)

// sample draws from a posterior density, and returns its mode and the likelihood there.
//
// The draws are those of the affine-invariant ensemble sampler with stretch moves: J. Goodman, J. Weare, "Ensemble
// samplers with affine invariance", Communications in Applied Mathematics and Computational Science 5, 2010, eq. 7 and
// 8. It needs no scale for each parameter and follows ridges, such as that between the share who ever go on and their
// median time.
func sample(of density, start [][]float64, stream *workload.Stream) (draws [][]float64, mode []float64, likelihood float64) {
	mode = climb(of, start)
	_, likelihood = of(mode)
	size := len(mode)
	walkers, heights := make([][]float64, ensembleWalkers), make([]float64, ensembleWalkers)
	for w := range walkers {
		walkers[w] = make([]float64, size)
		for heights[w] = math.Inf(-1); math.IsInf(heights[w], -1); heights[w], _ = of(walkers[w]) {
			for i := range walkers[w] {
				walkers[w][i] = mode[i] + 0.1*(stream.Float64()-0.5)
			}
		}
	}
	proposal := make([]float64, size)
	for round := range ensembleBurn + ensembleKept {
		for w := range walkers {
			other := stream.IntN(ensembleWalkers / 2)
			if w < ensembleWalkers/2 { // each half moves along lines to walkers of the other
				other += ensembleWalkers / 2
			}
			root := (ensembleStretch-1)*stream.Float64() + 1
			z := root * root / ensembleStretch
			for i := range proposal {
				proposal[i] = walkers[other][i] + z*(walkers[w][i]-walkers[other][i])
			}
			height, _ := of(proposal)
			if math.Log(1-stream.Float64()) < float64(size-1)*math.Log(z)+height-heights[w] {
				copy(walkers[w], proposal)
				heights[w] = height
			}
		}
		if round >= ensembleBurn && round%3 == 0 {
			for _, walker := range walkers {
				draws = append(draws, append([]float64(nil), walker...))
			}
		}
	}
	return draws, mode, likelihood
}

// climb returns a point near the highest density, from the best of the starts, by the simplex method: J. A. Nelder, R.
// Mead, "A simplex method for function minimization", The Computer Journal 7, 1965.
func climb(of density, starts [][]float64) []float64 {
	best, height := starts[0], math.Inf(-1)
	for _, start := range starts {
		if h, _ := of(start); h > height {
			best, height = start, h
		}
	}
	problem := optimize.Problem{Func: func(x []float64) float64 {
		h, _ := of(x)
		return -h
	}}
	found, err := optimize.Minimize(problem, best, &optimize.Settings{FuncEvaluations: 600}, &optimize.NelderMead{SimplexSize: 0.3})
	if found == nil || err != nil && math.IsInf(found.F, 1) || -found.F < height {
		return best
	}
	return found.X
}

// logistic is the inverse of logit.
func logistic(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

func logit(p float64) float64 { return math.Log(p / (1 - p)) }

// bell is the logarithm of a normal density, less its constant.
func bell(x, mean, deviation float64) float64 {
	z := (x - mean) / deviation
	return -z * z / 2
}
