package drill

// How much is simulated at most. The figures of every replication are kept until the last is done, some
// 15 kB each, and ten times the replications narrow an interval by a factor of three only.
const (
	mostPlayed = 10_000  // replications of one plan
	mostRuns   = 100_000 // simulations of one study
)

// CheckReplications refuses numbers of replications of one plan that cannot be played.
func CheckReplications(count int) error {
	switch {
	case count < 1:
		return refuse("--replications is %d; it must be 1 or more", count)
	case count > mostPlayed:
		return refuse("--replications is %d; it must be %d or less", count, mostPlayed)
	}
	return nil
}

// CheckRuns refuses studies of too many simulations.
func CheckRuns(count int) error {
	if count > mostRuns {
		return refuse("%d simulations are more than the %d that one study takes; give fewer replications, plans or uncertain inputs", count, mostRuns)
	}
	return nil
}
