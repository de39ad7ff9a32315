package drill

import (
	"context"
	"path/filepath"

	"github.com/ombak-sim/ombak/backend/postgres"
	"github.com/ombak-sim/ombak/drill/host"
)

// OwnPostgres as a database means a PostgreSQL that is started for the run and removed after it.
const OwnPostgres = "postgres"

// startCluster starts the run's own PostgreSQL, if it has one.
func (c *conductor) startCluster(ctx context.Context) (err error) {
	if c.run.Service == nil || c.environment.Database != OwnPostgres {
		return nil
	}
	if c.cluster, err = postgres.Start(ctx); err != nil {
		return err
	}
	c.environment.Database = c.cluster.URL()
	return nil
}

// stopCluster stops it, once, and records its costs with those of the processes.
func (c *conductor) stopCluster() {
	if c.cluster == nil {
		return
	}
	if c.store != nil {
		c.store.Filesystem = host.Filesystem(filepath.Join(c.cluster.Folder(), "data"))
	}
	state, err := c.cluster.Stop()
	if err != nil {
		c.warn(err.Error())
	}
	c.costs = append(c.costs, costOf(clusterPart, state))
	c.cluster = nil
}
