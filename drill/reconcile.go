package drill

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/ombak-sim/ombak/report"
)

// reconcile compares what people were told with what the store holds, once the backend has stopped. It
// returns nil if the run has no backend of its own.
func (c *conductor) reconcile(ctx context.Context) (*report.Reconciliation, error) {
	if c.run.Service == nil {
		return nil, nil
	}
	c.progress(Reconciling)
	stored, err := c.stored, error(nil)
	switch {
	case !c.environment.storesAbroad():
		err = audit(ctx, c.environment.Database, c.run.Service.Backend.Key, stored.add)
	case stored.Failed != "":
		err = errors.New(stored.Failed)
	case !stored.Whole:
		err = errUntold
	}
	if err != nil {
		return nil, err
	}
	result := c.compared(stored)
	return &result, nil
}

var errUntold = errors.New("its agent has not told what it holds")

// compared compares what people were told with what a store holds.
func (c *conductor) compared(stored Stored) report.Reconciliation {
	if stored.Foreign > 0 {
		c.warn(fmt.Sprintf("%d rows of the store have an e-mail address that belongs to no person of this run", stored.Foreign))
	}
	for _, fault := range stored.Unsound {
		c.warn(fault)
	}
	return stored.against(c.acknowledged)
}

// against compares the store with the people who were acknowledged.
func (s Stored) against(acknowledged []uint64) report.Reconciliation {
	result := compare(acknowledged, s.Emails)
	result.Duplicates += int64(repeated(s.NIKs))
	result.Booked = int64(s.Booked)
	return result
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
