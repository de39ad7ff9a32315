package drill

import (
	"fmt"
	"time"

	"github.com/ombak-sim/ombak/backend"
	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/mocks"
)

// backendReadings returns the readings of the backend's stations: the store's writer, the outbox, the gate
// in front of each registry ("call:dukcapil", with its concurrency as servers), and the waiting rooms
// ("step:identity").
func backendReadings(stats backend.Stats, at time.Duration) []funnel.Reading {
	readings := []funnel.Reading{
		{
			Station: "store", At: at, Servers: 1, Arrivals: stats.Store.Rows, Completions: stats.Store.Rows,
			BusyTime: stats.Store.BusyTime, Batches: stats.Store.Batches, SyncTime: stats.Store.CommitTime,
			BusySquare: stats.Store.BusySquare,
		},
		{Station: "outbox", At: at, Queued: stats.Outbox.Depth, Completions: stats.Outbox.Sent, Rejections: stats.Outbox.Dead},
	}
	for _, registry := range stats.Registries {
		readings = append(readings, funnel.Reading{
			Station: "call:" + registry.Name, At: at, Servers: registry.Servers,
			Busy: registry.InUse, Queued: registry.Queued, Arrivals: registry.Arrivals,
			Completions: registry.Completions, Rejections: registry.Rejections,
			BusyTime: registry.BusyTime, QueueMax: registry.QueueMax, QueueTime: registry.QueueTime,
		})
	}
	for _, room := range stats.Rooms {
		readings = append(readings, funnel.Reading{
			Station: room.Name, At: at, Queued: room.Queued, Arrivals: room.Arrivals, Completions: room.Completions,
			QueueMax: room.QueueMax, QueueTime: room.QueueTime,
		})
	}
	return readings
}

func mockReadings(stand *mocks.Mocks, at time.Duration) []funnel.Reading {
	var readings []funnel.Reading
	for _, reading := range stand.Readings() {
		converted := readingOf(reading)
		converted.At = at
		readings = append(readings, converted)
	}
	return readings
}

func storeWarning(failures uint64) string {
	return fmt.Sprintf("the store rolled back %d transactions; none of them was acknowledged; check the disk's free space and health", failures)
}

// readingOf converts a mock's reading. A mock does not know which clients had left.
func readingOf(r mocks.Reading) funnel.Reading {
	return funnel.Reading{
		Station: r.Station, At: r.At, Servers: r.Servers, Busy: r.Busy, Queued: r.Queued, Arrivals: r.Arrivals, Completions: r.Completions,
		Rejections: r.Rejections, BusyTime: r.BusyTime, QueueMax: r.QueueMax, QueueTime: r.QueueTime, Batches: r.Batches, SyncTime: r.SyncTime,
	}
}
