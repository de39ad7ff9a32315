package population

import "time"

// date is a day of the calendar in WIB (UTC+7).
type date struct {
	year  int
	month time.Month
	day   int
}

func dateOf(instant time.Time) date {
	year, month, day := instant.In(time.FixedZone("WIB", 7*60*60)).Date()
	return date{year, month, day}
}

// yearsBefore returns midnight UTC of the same day some years earlier, or 28 February if there is no 29.
func (d date) yearsBefore(years int) time.Time {
	earlier := time.Date(d.year-years, d.month, d.day, 0, 0, 0, 0, time.UTC)
	if earlier.Month() != d.month {
		return earlier.AddDate(0, 0, -1)
	}
	return earlier
}

// ageBand is a range of ages in years, both ends included, and the share of adults up to its end.
type ageBand struct {
	youngest, oldest int
	upTo             float64 // cumulative share of adults
}

// adultBands is our assumption (inferred) for applicants of a programme for job seekers: mostly
// under 35, few beyond 55. Within a band every age is equally likely.
var adultBands = [...]ageBand{{18, 24, 0.28}, {25, 34, 0.63}, {35, 44, 0.83}, {45, 54, 0.95}, {55, 64, 1}}

// bandOf returns the band from which a person's age is drawn. The number u in [0, 1) decides among the adults.
func bandOf(traits Traits, u float64) ageBand {
	switch {
	case traits.Has(Minor):
		return ageBand{youngest: 13, oldest: 17}
	case traits.Has(Pupil):
		return ageBand{youngest: 18, oldest: 19}
	case traits.Has(Student):
		return ageBand{youngest: 18, oldest: 24}
	}
	for _, band := range adultBands {
		if u < band.upTo {
			return band
		}
	}
	return adultBands[len(adultBands)-1]
}

func (p Population) birthDate(index uint64, traits Traits) time.Time {
	stream := p.made.seed.Stream(agePurpose, index, 0, 0)
	band := bandOf(traits, stream.Float64())
	years := band.youngest + stream.IntN(band.oldest-band.youngest+1)
	return p.made.opens.yearsBefore(years).AddDate(0, 0, -stream.IntN(365))
}

// Age returns the age, in full years when registration opens, of someone born on a day.
func (p Population) Age(born time.Time) int {
	opens := p.made.opens
	years := opens.year - born.Year()
	if opens.month < born.Month() || opens.month == born.Month() && opens.day < born.Day() {
		years--
	}
	return years
}
