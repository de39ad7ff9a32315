package drill

import "github.com/ombak-sim/ombak/report/recorder"

// apiece is how many replications make one independent value.
func (s Simulating) apiece() int {
	if s.Antithetic {
		return 2
	}
	return 1
}

// independent returns the replications or, where they are antithetic, the mean of each pair. The two of a
// pair depend on each other, which is their use; the pairs do not.
//
// Source: J. M. Hammersley, K. W. Morton, "A new Monte Carlo technique: antithetic variates",
// Mathematical Proceedings of the Cambridge Philosophical Society 52 (1956); A. M. Law, "Simulation
// Modeling and Analysis", 5th ed., 2015, section 11.3.
func (s series) independent(how Simulating) (series, error) {
	if !how.Antithetic {
		return s, nil
	}
	var pairs series
	for i := 0; i+1 < len(s.reports); i += 2 {
		average, err := recorder.Average(s.reports[i : i+2])
		if err != nil {
			return series{}, err
		}
		pairs.reports = append(pairs.reports, average)
		pairs.replays = append(pairs.replays, s.replays[i].averaged(s.replays[i+1]))
	}
	return pairs, nil
}

// averaged returns the mean of the figures of two replications; what has none is the first's.
func (r Replay) averaged(other Replay) Replay {
	for _, figure := range []struct{ mine, theirs *float64 }{
		{&r.SignUps, &other.SignUps},
		{&r.Lost, &other.Lost},
		{&r.Finished, &other.Finished},
		{&r.GaveUp, &other.GaveUp},
		{&r.GoodputPerS, &other.GoodputPerS},
		{&r.P99S, &other.P99S},
		{&r.WorstP99S, &other.WorstP99S},
		{&r.WaitedMin, &other.WaitedMin},
		{&r.RecoveryS, &other.RecoveryS},
		{&r.Cost, &other.Cost},
	} {
		*figure.mine = (*figure.mine + *figure.theirs) / 2
	}
	r.Recovered = r.Recovered && other.Recovered
	r.Events, r.Elapsed = r.Events+other.Events, r.Elapsed+other.Elapsed
	return r
}
