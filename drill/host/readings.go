package host

import (
	"strings"
	"time"

	"github.com/prometheus/procfs"
	"github.com/prometheus/procfs/blockdevice"

	"github.com/ombak-sim/ombak/report"
)

// instant is one reading of the whole machine. Times, bytes and operations run since boot.
type instant struct {
	cpu, steal float64 // seconds
	runnable   uint64
	available  uint64             // bytes; 0 if not known
	diskBusy   map[string]float64 // seconds, by disk; nil if not known
	diskBytes  float64
	network    float64 // bytes; below 0 if not known
}

// machineReader reads the machine from a proc file system.
type machineReader struct {
	system procfs.FS
	disks  blockdevice.FS
}

// newMachineReader returns a reader of the proc file system at a path, and whether there is one.
func newMachineReader(proc string) (machineReader, bool) {
	system, err := procfs.NewFS(proc)
	if err != nil {
		return machineReader{}, false
	}
	disks, err := blockdevice.NewFS(proc, proc) // only its proc half is read
	return machineReader{system, disks}, err == nil
}

// read returns the machine now, and false if the system does not say.
func (r machineReader) read() (instant, bool) {
	stat, err := r.system.Stat()
	if err != nil {
		return instant{}, false
	}
	t := stat.CPUTotal
	now := instant{cpu: t.User + t.Nice + t.System + t.IRQ + t.SoftIRQ, steal: t.Steal, runnable: stat.ProcessesRunning, network: -1}
	if memory, err := r.system.Meminfo(); err == nil && memory.MemAvailableBytes != nil {
		now.available = *memory.MemAvailableBytes
	}
	r.readDisks(&now)
	if devices, err := r.system.NetDev(); err == nil && len(devices) > 0 {
		total := devices.Total()
		now.network = float64(total.RxBytes + total.TxBytes)
	}
	return now, true
}

// readDisks reads whole disks; partitions and mapped volumes would count the same work twice.
func (r machineReader) readDisks(now *instant) {
	all, err := r.disks.ProcDiskstats()
	if err != nil {
		return
	}
	const sector = 512
	now.diskBusy = map[string]float64{}
	for _, disk := range all {
		if isWholeDisk(disk.DeviceName, all) {
			now.diskBusy[disk.DeviceName] = float64(disk.IOsTotalTicks) / 1000
			now.diskBytes += sector * float64(disk.ReadSectors+disk.WriteSectors)
		}
	}
	if len(now.diskBusy) == 0 {
		now.diskBusy = nil
	}
}

// isWholeDisk reports whether a device is a disk, neither a part of another nor made up of others.
func isWholeDisk(name string, all []blockdevice.Diskstats) bool {
	for _, virtual := range []string{"loop", "ram", "dm-", "md", "zram", "sr", "fd"} {
		if strings.HasPrefix(name, virtual) {
			return false
		}
	}
	for _, other := range all {
		rest, inside := strings.CutPrefix(name, other.DeviceName)
		if inside && rest != "" && strings.Trim(strings.TrimPrefix(rest, "p"), "0123456789") == "" {
			return false
		}
	}
	return true
}

// machineLog holds the readings of the machine over a run.
type machineLog struct {
	at       []time.Time
	readings []instant
}

func (l *machineLog) add(at time.Time, now instant) {
	l.at, l.readings = thinned(append(l.at, at)), thinned(append(l.readings, now))
}

// mostReadings is the most readings that are kept: those of 24 hours.
const mostReadings = 24 * 60 * 60

// thinned leaves out every second reading if there are too many, but neither the first nor the last two.
func thinned[T any](all []T) []T {
	if len(all) <= mostReadings {
		return all
	}
	kept := all[:0]
	for i, one := range all {
		if i%2 == 0 || i >= len(all)-2 {
			kept = append(kept, one)
		}
	}
	return kept
}

// series returns the readings relative to the first, on the clock of a run.
func (l *machineLog) series(began time.Time) *report.MachineSeries {
	if len(l.readings) == 0 {
		return nil
	}
	first := l.readings[0]
	disk := busiestDisk(first, l.readings[len(l.readings)-1])
	s := &report.MachineSeries{}
	for k, now := range l.readings {
		s.TS = append(s.TS, l.at[k].Sub(began).Seconds())
		s.CPUS = append(s.CPUS, thousandths(now.cpu-first.cpu))
		s.StealS = append(s.StealS, thousandths(now.steal-first.steal))
		s.Runnable = append(s.Runnable, now.runnable)
		if first.available > 0 {
			s.MemoryAvailableBytes = append(s.MemoryAvailableBytes, now.available)
		}
		if disk != "" {
			s.DiskBusyS = append(s.DiskBusyS, thousandths(now.diskBusy[disk]-first.diskBusy[disk]))
			s.DiskBytes = append(s.DiskBytes, max(0, now.diskBytes-first.diskBytes))
		}
		if first.network >= 0 {
			s.NetworkBytes = append(s.NetworkBytes, max(0, now.network-first.network))
		}
	}
	return s
}

// busiestDisk names the disk that worked longest between two readings, or "" if none is known.
func busiestDisk(first, last instant) (busiest string) {
	most := -1.
	for name, total := range last.diskBusy {
		if worked := total - first.diskBusy[name]; worked > most || worked == most && name < busiest {
			busiest, most = name, worked
		}
	}
	return busiest
}

// thousandths rounds seconds to a millisecond. The system counts in hundredths.
func thousandths(seconds float64) float64 {
	return max(0, time.Duration(seconds*1e9).Round(time.Millisecond).Seconds())
}
