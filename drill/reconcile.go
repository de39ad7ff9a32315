package drill

import (
	"context"
	"fmt"
	"os"
	"slices"

	"github.com/ombak-sim/ombak/backend/store"
	"github.com/ombak-sim/ombak/population"
	"github.com/ombak-sim/ombak/report"
)

// reconcile compares what people were told with what the store holds, once the backend has stopped. It
// returns nil if the run has no backend of its own.
func (c *conductor) reconcile(ctx context.Context) (*report.Reconciliation, error) {
	if c.run.Service == nil {
		return nil, nil
	}
	c.progress(Reconciling)
	if store.IsFile(c.environment.Database) {
		if _, err := os.Stat(c.environment.Database); err != nil {
			return nil, err
		}
	}
	var emails, niks []uint64
	foreign := 0
	for row, err := range store.Audit(ctx, c.environment.Database, c.run.Service.Backend.Key) {
		if err != nil {
			return nil, err
		}
		index, known := population.IndexOfEmail(row.Email)
		if !known {
			foreign++
			continue
		}
		emails = append(emails, index)
		if row.NIK != "" {
			if nik, known := population.IndexOfNIK(row.NIK); known {
				niks = append(niks, nik)
			}
		}
	}
	if foreign > 0 {
		c.warn(fmt.Sprintf("%d rows of the store have an e-mail address that belongs to no person of this run", foreign))
	}
	result := compare(c.acknowledged, emails)
	result.Duplicates += int64(repeated(niks))
	return &result, nil
}

// compare counts over distinct people: who was acknowledged, who is persisted, and who is only one
// of the two. Duplicates are rows beyond the first of one person.
func compare(acknowledged, persisted []uint64) report.Reconciliation {
	rows := len(persisted)
	acknowledged, persisted = distinct(acknowledged), distinct(persisted)
	both := 0
	for i, j := 0, 0; i < len(acknowledged) && j < len(persisted); {
		switch a, p := acknowledged[i], persisted[j]; {
		case a < p:
			i++
		case a > p:
			j++
		default:
			both++
			i++
			j++
		}
	}
	return report.Reconciliation{
		Acknowledged: int64(len(acknowledged)), Persisted: int64(len(persisted)),
		Lost: int64(len(acknowledged) - both), Unacknowledged: int64(len(persisted) - both),
		Duplicates: int64(rows - len(persisted)),
	}
}

func distinct(indexes []uint64) []uint64 {
	sorted := slices.Clone(indexes)
	slices.Sort(sorted)
	return slices.Compact(sorted)
}

func repeated(indexes []uint64) int { return len(indexes) - len(distinct(indexes)) }
