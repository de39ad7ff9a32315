package workload_test

import (
	"testing"
	"time"

	"github.com/ombak-sim/ombak/workload"
)

// A quota begins anew at each period, counted from midnight of its zone.
func TestQuotaPeriods(t *testing.T) {
	opens := time.Date(2020, 4, 11, 12, 30, 0, 0, time.UTC) // 19:30 of UTC+7
	for _, test := range []struct {
		why    string
		terms  workload.QuotaTerms
		resets time.Duration // scenario time of the first new period
	}{
		{"a day of UTC+7 unless told otherwise", workload.QuotaTerms{Most: 2}, 4*time.Hour + 30*time.Minute},
		{"a day of UTC", workload.QuotaTerms{Most: 2, Zone: "UTC"}, 11*time.Hour + 30*time.Minute},
		{"a day of a zone by name", workload.QuotaTerms{Most: 2, Zone: "Asia/Kolkata"}, 6 * time.Hour},
		{"a day of an offset", workload.QuotaTerms{Most: 2, Zone: "-05:00"}, 16*time.Hour + 30*time.Minute},
		{"an hour", workload.QuotaTerms{Most: 2, Per: time.Hour}, 30 * time.Minute},
		{"an hour where zones differ by half of one", workload.QuotaTerms{Most: 2, Per: time.Hour, Zone: "Asia/Kolkata"}, time.Hour},
	} {
		quota := workload.NewQuota(test.terms, opens)
		taken := func(at time.Duration) (n int) {
			for quota.Allows(at, 1) {
				quota.Take()
				n++
			}
			return n
		}
		if first, before, after := taken(0), taken(test.resets-1), taken(test.resets); first != 2 || before != 0 || after != 2 {
			t.Errorf("%s: %d, then %d before and %d after %v; want 2, 0 and 2", test.why, first, before, after, test.resets)
		}
	}
}

func TestQuotaTerms(t *testing.T) {
	for _, test := range []struct {
		text  string
		valid bool
	}{{"5000", true}, {"5_000", true}, {"0", true}, {"many", false}, {"1.5", false}} {
		var terms workload.QuotaTerms
		if err := terms.UnmarshalText([]byte(test.text)); (err == nil) != test.valid {
			t.Errorf("%s: %v", test.text, err)
		}
	}
	for _, wrong := range []workload.QuotaTerms{{Most: -1}, {Most: 1, Per: 25 * time.Hour}, {Most: 1, Per: 7 * time.Hour}, {Most: 1, Per: time.Millisecond}} {
		if wrong.Validate() == nil {
			t.Errorf("%+v is taken", wrong)
		}
	}
	var zone workload.Zone
	for _, name := range []string{"Mars/Base", "Local", "07:00"} {
		if zone.UnmarshalText([]byte(name)) == nil {
			t.Errorf("the zone %s is taken", name)
		}
	}
}
