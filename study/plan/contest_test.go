package plan

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/study/simulation"
)

// decide plays a contest on outcomes that are known beforehand, by plan and replication. It returns the plans with the
// replications that were asked for.
func decide(rule Rule, outcomes [][]float64) (contest *Contest, played [][]float64) {
	contest, played = NewContest(rule, len(outcomes)), make([][]float64, len(outcomes))
	on := slices.Repeat([]bool{true}, len(outcomes))
	for _, count := range rule.Looks {
		for i := range outcomes {
			if on[i] {
				played[i] = outcomes[i][:count]
			}
		}
		if on = contest.Look(played); !slices.Contains(on, true) {
			break
		}
	}
	return contest, played
}

func runsOf(played [][]float64) (runs int) {
	for _, values := range played {
		runs += len(values)
	}
	return runs
}

// world is a made-up scenario whose expectations are known.
type world struct {
	means []float64 // of the people who finish
	noise []float64 // standard deviation of each plan's own part, in people
	swing float64   // standard deviation of what all plans have in common, in people
}

// drawWorld draws a world of two to nine plans: some alike, some within the indifference of the best, some below it, some
// far below it. Plans differ in how much chance there is in them.
func drawWorld(random *rand.Rand) world {
	most := math.Pow(10, 3+3*random.Float64())
	w := world{means: []float64{most}, swing: most * 0.05 * random.Float64()}
	for range 1 + random.IntN(8) {
		short := []float64{0, 0.005 * random.Float64(), 0.005 + 0.03*random.Float64(), 0.6 * random.Float64()}[random.IntN(4)]
		w.means = append(w.means, most*(1-short))
	}
	random.Shuffle(len(w.means), func(i, k int) { w.means[i], w.means[k] = w.means[k], w.means[i] })
	for range w.means {
		w.noise = append(w.noise, most*math.Pow(10, -4+1.7*random.Float64()))
	}
	return w
}

// hardWorld returns what draws a world in which one plan is best, by little more than the indifference, with noise of a
// share of the people.
func hardWorld(noise float64) func(*rand.Rand) world {
	const most = 100_000
	return func(random *rand.Rand) world {
		w := world{means: []float64{most}, noise: []float64{most * noise}, swing: most * 0.02}
		for range 8 {
			w.means, w.noise = append(w.means, most*(1-0.006)), append(w.noise, most*noise*random.Float64())
		}
		return w
	}
}

// outcomes draws the people who finish, by plan and replication.
func (w world) outcomes(random *rand.Rand, count int, chance func(*rand.Rand) float64) [][]float64 {
	all := make([][]float64, len(w.means))
	for range count {
		common := w.swing * random.NormFloat64()
		for i, mean := range w.means {
			all[i] = append(all[i], math.Round(mean+common+w.noise[i]*chance(random)))
		}
	}
	return all
}

// simulatedWorld gives plans costs and verdicts of their own, so that the best of equals is any of them.
func simulatedWorld(random *rand.Rand, played [][]float64) (results []simulation.Result) {
	for i, values := range played {
		verdict := []report.Verdict{report.Pass, report.Fail}[random.IntN(2)]
		results = append(results, candidate{string(rune('a' + i)), verdict, 1 + random.Float64(), random.Float64(), values}.simulated())
	}
	return results
}

// TestContestOfAThousandWorlds: the order of the plans is known. In at most a twentieth of the worlds all good plans are out,
// or a settled contest names a plan that falls short of the best by more than the indifference. A contest that is not
// settled after its last look says so; one that may go on settles.
func TestContestOfAThousandWorlds(t *testing.T) {
	worlds := 1000
	if testing.Short() {
		worlds = 200
	}
	rule, patient, careless := DecidingRule(), DecidingRule(), DecidingRule()
	patient.Looks = append(patient.Looks, 16, 64)
	careless.Error = 1
	normal := (*rand.Rand).NormFloat64
	for _, test := range []struct {
		why       string
		rule      Rule
		draw      func(*rand.Rand) world
		chance    func(*rand.Rand) float64
		wrong     [2]int // at least and at most
		unsettled int    // at most
	}{
		{"as it is used", rule, drawWorld, normal, [2]int{0, worlds / 20}, worlds * 3 / 5},
		{"with patience", patient, drawWorld, normal, [2]int{0, worlds / 20}, worlds / 10},
		{"chance that is skewed, which Student's t does not promise", rule, drawWorld, func(r *rand.Rand) float64 { return r.ExpFloat64() - 1 }, [2]int{0, worlds / 20}, worlds * 3 / 5},
		{"the best is hard to tell", rule, hardWorld(0.01), normal, [2]int{0, worlds / 20}, worlds},
		{"the best is hard to tell, with patience", patient, hardWorld(0.004), normal, [2]int{0, worlds / 20}, worlds / 20},
		{"an error that is not divided: these worlds tell the difference", careless, hardWorld(0.01), normal, [2]int{worlds / 20, worlds}, worlds},
	} {
		random := rand.New(rand.NewPCG(20200411, 1))
		wrong, unsettled, runs, fixed := 0, 0, 0, 0
		for range worlds {
			w := test.draw(random)
			contest, played := decide(test.rule, w.outcomes(random, test.rule.Most(), test.chance))
			compared := CompareDecided(simulatedWorld(random, played), contest)
			best, chosen := slices.Max(w.means), w.means[compared.Best[0]-'a']
			runs, fixed = runs+runsOf(played), fixed+4*len(played)
			switch {
			case contest.shortOf(w, best), contest.Settled && chosen < best*(1-test.rule.Indifference):
				wrong++
			case !contest.Settled:
				unsettled++
			}
			if said := len(compared.Why) > len(played); said == contest.Settled {
				t.Errorf("%s: settled is %v, and the reasons are %q", test.why, contest.Settled, compared.Why)
			}
		}
		t.Logf("%s: %d wrong, %d not settled, %d runs where four of each are %d", test.why, wrong, unsettled, runs, fixed)
		if wrong < test.wrong[0] || wrong > test.wrong[1] || unsettled > test.unsettled {
			t.Errorf("%s: %d of %d worlds are answered wrongly, and %d not settled", test.why, wrong, worlds, unsettled)
		}
	}
}

// TestContestOfFewPeople: of two plans one is better by a tenth of a person. Differences of one or two people agree by chance
// in many pairs of replications, and yet the better plan goes out in at most a twentieth of the worlds.
func TestContestOfFewPeople(t *testing.T) {
	const worlds = 4000
	for _, noise := range []float64{0.3, 0.5, 1, 3} {
		random, lost := rand.New(rand.NewPCG(20200411, 2)), 0
		w := world{means: []float64{20, 20.1}, noise: []float64{noise, noise}, swing: 3}
		for range worlds {
			if contest, _ := decide(DecidingRule(), w.outcomes(random, DecidingRule().Most(), (*rand.Rand).NormFloat64)); contest.out[1] {
				lost++
			}
		}
		if t.Logf("noise of %v people: %d of %d", noise, lost, worlds); lost > worlds/20 {
			t.Errorf("noise of %v people: the better plan is out in %d of %d worlds", noise, lost, worlds)
		}
	}
}

// shortOf reports whether every plan that is left falls short of the best by more than the indifference.
func (c *Contest) shortOf(w world, best float64) bool {
	for i, out := range c.out {
		if !out && w.means[i] >= best*(1-c.Indifference) {
			return false
		}
	}
	return true
}

// TestPartsOfTheErrorAddUp: all looks together take the whole error and no more, however many there are.
func TestPartsOfTheErrorAddUp(t *testing.T) {
	for _, looks := range [][]int{{4}, {2, 4}, {2, 3, 4}, DecidingRule().Looks, {2, 3, 4, 6, 8, 16, 64}} {
		rule, sum := DecidingRule(), 0.0
		rule.Looks = looks
		for look := range looks {
			out, equal := rule.parts(look)
			sum += out + equal
		}
		if math.Abs(sum-1) > 1e-12 {
			t.Errorf("looks %v take %v of the error", looks, sum)
		}
	}
}
