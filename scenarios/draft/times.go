package draft

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
)

// layouts are the ways in which recordings and logs write instants.
var layouts = []string{
	time.RFC3339Nano, "2006-01-02T15:04:05.999999999Z0700", "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999Z07:00",
	"2006-01-02 15:04:05.999999999 -0700", "2006-01-02 15:04:05.999999999", "02/Jan/2006:15:04:05 -0700", "02/Jan/2006:15:04:05 -07:00",
	"02/Jan/2006:15:04:05.999999999 -0700", "2006/01/02 15:04:05", "Mon Jan 2 15:04:05 2006", time.RFC1123Z, time.RFC1123,
}

// anyTime parses an instant in one of the layouts, or as seconds, milli-, micro- or nanoseconds since 1970.
func anyTime(text string) (time.Time, error) {
	text = strings.TrimSpace(text)
	for _, layout := range layouts {
		if at, err := time.Parse(layout, text); err == nil {
			return at, nil
		}
	}
	number, err := strconv.ParseFloat(text, 64)
	if err != nil || !(number > 1e8) || number > 9e18 {
		return time.Time{}, errors.New("it is no time")
	}
	for number > 1e11 {
		number /= 1000
	}
	whole, fraction := math.Modf(number)
	return time.Unix(int64(whole), int64(fraction*1e9)).UTC(), nil
}
