package report

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/units"
)

// MachineSeries is the whole machine at each of its readings, about one a second. Times, bytes and operations run from
// the first reading; Runnable and MemoryAvailableBytes are of the instant. A column that the system does not give is
// absent.
type MachineSeries struct {
	TS                   []float64 `json:"t_s"`                              // real seconds since the start of the run
	CPUS                 []float64 `json:"cpu_s"`                            // CPU seconds used by all processes
	StealS               []float64 `json:"steal_s"`                          // CPU seconds that the machine's host gave to others
	Runnable             []uint64  `json:"runnable"`                         // processes that run or wait for a CPU
	MemoryAvailableBytes []uint64  `json:"memory_available_bytes,omitempty"` // without swapping
	DiskBusyS            []float64 `json:"disk_busy_s,omitempty"`            // seconds during which the busiest disk worked
	DiskBytes            []float64 `json:"disk_bytes,omitempty"`             // read and written, of all disks
	NetworkBytes         []float64 `json:"network_bytes,omitempty"`          // received and sent, loopback included
}

// ProcessSeries is a process at each of its readings, about one a second.
type ProcessSeries struct {
	Name     string    `json:"name"`
	TS       []float64 `json:"t_s"`       // real seconds since the start of the run
	CPUS     []float64 `json:"cpu_s"`     // CPU seconds since the first reading
	RSSBytes []float64 `json:"rss_bytes"` // 0 if it is not known
}

// check returns an error if columns differ in length or the clock goes back.
func (m *MachineSeries) check() error {
	if m == nil {
		return nil
	}
	rows := len(m.TS)
	for _, length := range []int{len(m.CPUS), len(m.StealS), len(m.Runnable)} {
		if length != rows {
			return errors.New("the columns of the machine's series differ in length; give a report.json as ombak wrote it")
		}
	}
	for _, length := range []int{len(m.MemoryAvailableBytes), len(m.DiskBusyS), len(m.DiskBytes), len(m.NetworkBytes)} {
		if length != rows && length != 0 {
			return errors.New("the columns of the machine's series differ in length; give a report.json as ombak wrote it")
		}
	}
	return rising("the machine", m.TS)
}

func (p ProcessSeries) check() error {
	if len(p.CPUS) != len(p.TS) || len(p.RSSBytes) != len(p.TS) {
		return fmt.Errorf("the columns of the process %s differ in length; give a report.json as ombak wrote it", p.Name)
	}
	return rising("the process "+p.Name, p.TS)
}

func rising(name string, at []float64) error {
	if !slices.IsSorted(at) {
		return fmt.Errorf("the readings of %s are not in the order of time; give a report.json as ombak wrote it", name)
	}
	return nil
}

// Cumulative is a quantity that runs from the start, at instants in seconds.
type Cumulative struct{ At, Total []float64 }

// Between returns by how much the quantity rose from one instant to another. It interpolates between readings. It
// reports false if the readings do not cover the time.
func (c Cumulative) Between(from, to float64) (float64, bool) {
	if len(c.At) < 2 || len(c.Total) != len(c.At) || from < c.At[0] || to > c.At[len(c.At)-1] || !(from < to) {
		return 0, false
	}
	return c.value(to) - c.value(from), true
}

// value interpolates at an instant that the readings cover.
func (c Cumulative) value(at float64) float64 {
	k := sort.SearchFloat64s(c.At, at)
	if k == 0 || c.At[k] == at {
		return c.Total[k]
	}
	share := (at - c.At[k-1]) / (c.At[k] - c.At[k-1])
	return c.Total[k-1] + share*(c.Total[k]-c.Total[k-1])
}

// steepest returns the greatest rise per second between two readings, and the mean over all of them.
func (c Cumulative) steepest() (most, mean float64) {
	n := len(c.At)
	if n < 2 || len(c.Total) != n || c.At[n-1] <= c.At[0] {
		return 0, 0
	}
	for k := 1; k < n; k++ {
		if length := c.At[k] - c.At[k-1]; length > 0 {
			most = max(most, (c.Total[k]-c.Total[k-1])/length)
		}
	}
	return most, (c.Total[n-1] - c.Total[0]) / (c.At[n-1] - c.At[0])
}

// Usage summarizes what a live run took of its machine. Peaks are of a second. A figure that the system does not give
// is absent.
type Usage struct {
	CPUShare           float64  `json:"cpu_share"`      // CPU time in use by all processes, over that of all cores
	CPUSharePeak       float64  `json:"cpu_share_peak"` // in the busiest second
	StealShare         float64  `json:"steal_share"`    // CPU time given to others by the machine's host, over that of all cores
	Runnable           float64  `json:"runnable"`       // processes that run or wait for a CPU, on average
	RunnableMax        float64  `json:"runnable_max"`
	MemoryLeastBytes   *uint64  `json:"memory_least_bytes,omitempty"` // least memory available
	DiskBusyShare      *float64 `json:"disk_busy_share,omitempty"`    // of the busiest disk
	DiskBusySharePeak  *float64 `json:"disk_busy_share_peak,omitempty"`
	DiskBytesPerS      *float64 `json:"disk_bytes_per_s,omitempty"`
	NetworkBytesPerS   *float64 `json:"network_bytes_per_s,omitempty"` // loopback included
	NetworkPeakPerS    *float64 `json:"network_bytes_per_s_peak,omitempty"`
	Short              bool     `json:"short"`                   // something of the machine was short
	ShortageOfResource string   `json:"shortage,omitempty"`      // what: CPU, steal, memory or disk
	Sentence           string   `json:"sentence"`                // what was short, or that nothing was
	Busiest            string   `json:"busiest,omitempty"`       // process that used the most CPU
	OthersCores        float64  `json:"others_cores"`            // CPU used by programs that are neither parts of the run nor watched, in cores
	BusiestCores       float64  `json:"busiest_cores,omitempty"` // that it used on average while people arrived
}

// Shares above which a resource of the machine counts as short.
const (
	shortCPU    = 0.85 // of all cores, on average while people arrive
	shortSteal  = 0.05
	shortMemory = 0.05 // of the memory still available
	shortDisk   = 0.80 // of the time
	shortOthers = 0.10 // of all cores, by programs that the run does not know
	aCore       = 0.90 // of one core, by one process, that may be unable to use more
)

// UsageOf summarizes the series of a live run over the seconds from and to, in which people arrive. It returns nil if
// the machine was not read.
func UsageOf(series Series, machine *Machine, from, to float64) *Usage {
	if series.Machine == nil || machine == nil || machine.CPUs < 1 {
		return nil
	}
	m := series.Machine.between(from, to)
	if len(m.TS) < 2 {
		return nil
	}
	cores := float64(machine.CPUs)
	u := &Usage{}
	u.CPUSharePeak, u.CPUShare = Cumulative{m.TS, m.CPUS}.steepest()
	u.CPUSharePeak, u.CPUShare = min(1, u.CPUSharePeak/cores), min(1, u.CPUShare/cores)
	_, u.StealShare = Cumulative{m.TS, m.StealS}.steepest()
	u.StealShare /= cores
	for _, n := range m.Runnable {
		u.Runnable += float64(n) / float64(len(m.Runnable))
		u.RunnableMax = max(u.RunnableMax, float64(n))
	}
	if len(m.MemoryAvailableBytes) > 0 {
		least := slices.Min(m.MemoryAvailableBytes)
		u.MemoryLeastBytes = &least
	}
	if len(m.DiskBusyS) > 0 {
		peak, mean := Cumulative{m.TS, m.DiskBusyS}.steepest()
		peak, mean = min(1, peak), min(1, mean)
		u.DiskBusyShare, u.DiskBusySharePeak = &mean, &peak
	}
	if len(m.DiskBytes) > 0 {
		_, mean := Cumulative{m.TS, m.DiskBytes}.steepest()
		u.DiskBytesPerS = &mean
	}
	if len(m.NetworkBytes) > 0 {
		peak, mean := Cumulative{m.TS, m.NetworkBytes}.steepest()
		u.NetworkBytesPerS, u.NetworkPeakPerS = &mean, &peak
	}
	u.nameBusiest(series.Processes, m, from, to)
	u.conclude(machine)
	return u
}

// Arrivals returns the part of a live run in which people arrive, in real seconds; both are 0 if it is not known.
func (r Report) Arrivals() (from, to float64) {
	for _, event := range r.Timeline {
		if event.Kind == funnel.PhaseMark && event.Text == funnel.ArrivalsPhase {
			from, to = event.AtS, event.AtS+event.ForS
		}
	}
	return from, to
}

// nameBusiest finds the process that used the most CPU, and how much programs used that are not known.
func (u *Usage) nameBusiest(processes []ProcessSeries, machine MachineSeries, from, to float64) {
	known := 0.
	for _, p := range processes {
		if len(p.TS) < 2 {
			continue
		}
		begin, end := max(from, p.TS[0]), min(to, p.TS[len(p.TS)-1])
		used, covered := Cumulative{p.TS, p.CPUS}.Between(begin, end)
		if !covered {
			continue
		}
		cores := used / (end - begin)
		known += cores
		if cores > u.BusiestCores {
			u.Busiest, u.BusiestCores = p.Name, cores
		}
	}
	_, all := Cumulative{machine.TS, machine.CPUS}.steepest()
	u.OthersCores = max(0, all-known)
}

// cores writes a number of cores.
func cores(n float64) string {
	if text := fmt.Sprintf("%.2g", n); text != "1" {
		return text + " cores"
	}
	return "1 core"
}

// conclude says in one sentence what was short.
func (u *Usage) conclude(machine *Machine) {
	busiest := ""
	if u.Busiest != "" {
		busiest = fmt.Sprintf("; %s used %s", u.Busiest, cores(u.BusiestCores))
		if u.OthersCores > u.BusiestCores || u.OthersCores > shortOthers*float64(machine.CPUs) {
			busiest += fmt.Sprintf(", and programs outside the run %.2g", u.OthersCores)
		}
	}
	u.Short = true
	switch {
	case u.StealShare > shortSteal:
		u.ShortageOfResource = "steal"
		u.Sentence = fmt.Sprintf("The machine's host gave %s of the CPU to others, so this machine was short of CPU that it does not control.", units.Percent(u.StealShare))
	case u.CPUShare > shortCPU:
		u.ShortageOfResource = "CPU"
		u.Sentence = fmt.Sprintf("CPU was short: %s of %d cores in use on average, and %.2g processes ran or waited for one%s.", units.Percent(u.CPUShare), machine.CPUs, u.Runnable, busiest)
	case u.MemoryLeastBytes != nil && machine.MemoryBytes > 0 && float64(*u.MemoryLeastBytes) < shortMemory*float64(machine.MemoryBytes):
		u.ShortageOfResource = "memory"
		u.Sentence = fmt.Sprintf("Memory was short: %s of %s were left at the least.", units.Bytes(*u.MemoryLeastBytes), units.Bytes(machine.MemoryBytes))
	case u.DiskBusyShare != nil && *u.DiskBusyShare > shortDisk:
		u.ShortageOfResource = "disk"
		u.Sentence = fmt.Sprintf("The disk was short: the busiest one worked %s of the time.", units.Percent(*u.DiskBusyShare))
	default:
		u.Short = false
		u.Sentence = fmt.Sprintf("Nothing of this machine was short: CPU %s in use (%s in the busiest second)", units.Percent(u.CPUShare), units.Percent(u.CPUSharePeak))
		if u.DiskBusyShare != nil {
			u.Sentence += fmt.Sprintf(", disk %s", units.Percent(*u.DiskBusyShare))
		}
		u.Sentence += "."
	}
	crowded := u.Short && u.OthersCores > shortOthers*float64(machine.CPUs) // others may have left it no more than a core
	if u.BusiestCores > aCore && u.BusiestCores < 1.1 && machine.CPUs > 1 && !crowded {
		u.Sentence = strings.TrimSuffix(u.Sentence, ".") + fmt.Sprintf("; %s used one core all the time, which limits it if it works on one thread.", u.Busiest)
	}
}

// TakenByOthers says that programs which are neither parts of the run nor watched took CPU while the machine was short of
// it, so that the figures of the service are theirs too. It is "" if they did not.
func (r Report) TakenByOthers() string {
	if r.Machine == nil || r.Machine.Usage == nil {
		return ""
	}
	u := r.Machine.Usage
	if u.ShortageOfResource != "CPU" || u.OthersCores <= shortOthers*float64(r.Machine.CPUs) {
		return ""
	}
	return fmt.Sprintf("programs outside the run used %.2g of the machine's %d cores, and the service waited for them", u.OthersCores, r.Machine.CPUs)
}

// between returns the readings within a time, or all if the time is empty.
func (m *MachineSeries) between(from, to float64) MachineSeries {
	if !(from < to) {
		from, to = math.Inf(-1), math.Inf(1)
	}
	first := sort.SearchFloat64s(m.TS, from)
	last := sort.Search(len(m.TS), func(k int) bool { return m.TS[k] > to })
	if first >= last {
		return MachineSeries{}
	}
	return MachineSeries{
		TS: m.TS[first:last], CPUS: m.CPUS[first:last], StealS: m.StealS[first:last], Runnable: m.Runnable[first:last],
		MemoryAvailableBytes: part(m.MemoryAvailableBytes, first, last), DiskBusyS: part(m.DiskBusyS, first, last),
		DiskBytes: part(m.DiskBytes, first, last), NetworkBytes: part(m.NetworkBytes, first, last),
	}
}

func part[T any](column []T, first, last int) []T {
	if len(column) == 0 {
		return nil
	}
	return column[first:last]
}
