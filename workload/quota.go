package workload

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

const day = 24 * time.Hour

// QuotaTerms says how many requests are accepted in each period. In text it is a number, which means a day of WIB
// (UTC+7). The zero value means no limit.
type QuotaTerms struct {
	Most int           `yaml:"most" json:"most"`                     // requests in one period; 0 means no limit
	Per  time.Duration `yaml:"per,omitempty" json:"per,omitempty"`   // length of a period, counted from midnight, at most a day; 0 means a day
	Zone Zone          `yaml:"zone,omitempty" json:"zone,omitempty"` // whose midnight; empty means UTC+7
}

// UnmarshalText reads a number of requests a day.
func (q *QuotaTerms) UnmarshalText(text []byte) error {
	most, err := strconv.Atoi(strings.ReplaceAll(string(text), "_", ""))
	if err != nil {
		return fmt.Errorf("%q is not a quota; write a number of requests a day, or {most: 100, per: 1h, zone: UTC}", text)
	}
	*q = QuotaTerms{Most: most}
	return nil
}

// Validate returns the first mistake in the terms, worded for their author.
func (q QuotaTerms) Validate() error {
	switch {
	case q.Most < 0:
		return fmt.Errorf("quota is %d; it must be 0 (meaning none) or more", q.Most)
	case q.Per != 0 && (q.Per < time.Second || q.Per > day || day%q.Per != 0):
		return fmt.Errorf("a quota per %v; give a time from 1s to 24h that divides a day", q.Per)
	}
	return nil
}

func (q QuotaTerms) period() time.Duration {
	if q.Per == 0 {
		return day
	}
	return q.Per
}

// Zone is a time zone: an offset such as +07:00, UTC, or a name of the IANA database such as Asia/Jakarta. The zero value
// is UTC+7 (WIB).
type Zone string

// UnmarshalText reads a zone, and returns an error if there is none of that name.
func (z *Zone) UnmarshalText(text []byte) error {
	*z = Zone(text)
	_, err := z.location()
	return err
}

func (z Zone) location() (*time.Location, error) {
	if z == "" {
		return time.FixedZone("WIB", 7*60*60), nil
	}
	if at, err := time.Parse("-07:00", string(z)); err == nil {
		return at.Location(), nil
	}
	location, err := time.LoadLocation(string(z))
	if err != nil || z == "Local" {
		return nil, fmt.Errorf("there is no zone %q; write an offset as in +07:00, UTC, or a name as in Asia/Jakarta", string(z))
	}
	return location, nil
}

// sinceMidnight returns the time of day of an instant. Days of a zone all have 24 hours here, as if the offset of that
// instant held for ever.
func (z Zone) sinceMidnight(instant time.Time) time.Duration {
	location, err := z.location()
	if err != nil {
		location = time.UTC // a zone is checked where it is read
	}
	_, offset := instant.In(location).Zone()
	local := instant.UTC().Add(time.Duration(offset) * time.Second)
	return local.Sub(local.Truncate(day))
}
