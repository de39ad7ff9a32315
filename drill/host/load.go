package host

import "github.com/prometheus/procfs"

// Load returns the mean number of processes that ran or waited for a core over the last minute. It returns false if the
// system does not say.
func Load() (float64, bool) {
	system, err := procfs.NewDefaultFS()
	if err != nil {
		return 0, false
	}
	load, err := system.LoadAvg()
	if err != nil {
		return 0, false
	}
	return load.Load1, true
}
