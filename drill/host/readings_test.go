package host

import (
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// writeProc writes a proc file system of one instant.
func writeProc(t *testing.T, folder string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

const meminfo = "MemTotal: 4000 kB\nMemFree: 1000 kB\nMemAvailable: 2000 kB\n"

// TestMachineIsRead: times are counted in hundredths of a second, sectors in 512 bytes, and a partition counts with
// its disk.
func TestMachineIsRead(t *testing.T) {
	folder := t.TempDir()
	disks := func(sectors, ticks string) string {
		return " 8 0 sda 1 0 " + sectors + " 0 1 0 2 0 0 " + ticks + " 0\n 8 1 sda1 1 0 99 0 1 0 99 0 0 9999 0\n 7 0 loop0 1 0 99 0 1 0 99 0 0 9999 0\n"
	}
	network := func(bytes string) string {
		return "Inter-| Receive | Transmit\n face |bytes packets errs drop fifo frame compressed multicast|bytes packets errs drop fifo colls carrier compressed\n" +
			"    lo: " + bytes + " 1 0 0 0 0 0 0 500 1 0 0 0 0 0 0\n"
	}
	writeProc(t, folder, map[string]string{
		"stat": "cpu  100 10 50 1000 7 2 3 20 0 0\nprocs_running 4\n", "meminfo": meminfo, "diskstats": disks("10", "100"), "self/net/dev": network("1000"), "net/dev": network("1000"),
	})
	reader, is := newMachineReader(folder)
	if !is {
		t.Fatal("the folder is not read")
	}
	first, known := reader.read()
	if !known || first.runnable != 4 || first.available != 2000*1024 || math.Abs(first.cpu-1.65) > 1e-9 || first.diskBusy["sda"] != .1 || len(first.diskBusy) != 1 {
		t.Fatalf("%+v", first)
	}
	writeProc(t, folder, map[string]string{
		"stat": "cpu  150 10 100 1000 7 2 3 30 0 0\nprocs_running 1\n", "diskstats": disks("30", "600"), "self/net/dev": network("4000"), "net/dev": network("4000"),
	})
	second, _ := reader.read()
	began := time.Unix(100, 0)
	var log machineLog
	log.add(began.Add(time.Second), first)
	log.add(began.Add(2*time.Second), second)
	s := log.series(began)
	if s.TS[0] != 1 || s.CPUS[1] != 1 || s.StealS[1] != .1 || s.Runnable[1] != 1 || s.DiskBusyS[1] != .5 || s.DiskBytes[1] != 20*512 {
		t.Errorf("%+v", s)
	}
	if s.NetworkBytes[1] != 3000 {
		t.Errorf("the network carried %v bytes, want 3000", s.NetworkBytes[1])
	}
}

func TestMachineThatSaysNothing(t *testing.T) {
	reader, is := newMachineReader(t.TempDir())
	if !is {
		return
	}
	if now, known := reader.read(); known {
		t.Errorf("an empty folder gives %+v", now)
	}
	var log machineLog
	if log.series(time.Now()) != nil {
		t.Error("no reading makes a series")
	}
}

// TestWatchReadsMachineAndParts: a part of the run has a series and no row of cost, because its cost is known when it
// ends.
func TestWatchReadsMachineAndParts(t *testing.T) {
	w, err := Watch(t.Context(), map[string]int{"generator": os.Getpid()}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if rows := w.Stop(); len(rows) != 0 {
		t.Errorf("rows %+v", rows)
	}
	_, processes := w.Series(time.Now().Add(-time.Minute))
	if len(processes) != 1 || processes[0].Name != "generator" || len(processes[0].TS) < 2 || processes[0].TS[0] < 59 {
		t.Errorf("%+v", processes)
	}
}
