package report

// A stretch is troubled if more than troubledShare of the attempts at one step, and at least troubledLeast,
// end neither with a yes nor with a person's final no. Typing errors and repeated sign-ups alone stay far
// below this.
const (
	troubledShare = 0.2
	troubledLeast = 5
)

// troubled reports whether too many requests of a stretch ended badly.
func troubled(requests, well int64) bool {
	bad := float64(requests - well)
	return bad >= troubledLeast && bad > troubledShare*float64(requests)
}

// Recovery returns the seconds from the busiest stretch of arrivals to the end of the last troubled stretch,
// and reports whether that came before people stopped arriving. It is 0 if no later stretch is troubled. A
// stretch is a minute, or ten seconds in runs of less than twenty minutes. Asks reports whether a step
// counts: one at which people wait for the service's answer.
func Recovery(s Series, asks func(step string) bool) (seconds float64, recovered bool) {
	var peak, lastCame, lastTroubled float64
	most := int64(-1)
	for _, stretch := range stretchesOf(s, asks) {
		if stretch.came > most {
			peak, most = stretch.to, stretch.came
		}
		if stretch.came > 0 {
			lastCame = stretch.to
		}
		if stretch.troubled {
			lastTroubled = stretch.to
		}
	}
	return max(0, lastTroubled-peak), lastTroubled < lastCame || lastTroubled == 0
}

// stretch is a part of a run.
type stretch struct {
	from, to float64 // seconds since the first row
	came     int64   // people
	troubled bool    // at any step that counts
}

func stretchesOf(s Series, asks func(step string) bool) (all []stretch) {
	rows, width := len(s.TS), int(s.Width())
	length := max(1, 60/width)
	if rows*width < 20*60 {
		length = max(1, 10/width)
	}
	for from := 0; from < rows; from += length {
		to := min(from+length, rows)
		piece := stretch{from: float64(from * width), to: float64(to * width), came: sumOf(s.Scheduled[from:to])}
		for _, step := range s.Steps {
			if asks(step.Step) && troubled(sumOf(step.Requests[from:to]), sumOf(step.Passed[from:to])+sumOf(step.Declined[from:to])) {
				piece.troubled = true
			}
		}
		all = append(all, piece)
	}
	return all
}

func sumOf(counts []int64) (total int64) {
	for _, count := range counts {
		total += count
	}
	return total
}
