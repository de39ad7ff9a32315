//go:build unix

package fleet

import (
	"encoding/json"
	"math/rand/v2"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/drill"
	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report/recorder"
)

// busySecond returns a journey of 13 steps and what one shard tells of a second in which each was tried 100 times.
func busySecond(second time.Duration) (funnel.Journey, recorder.Delta) {
	var journey funnel.Journey
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m"} {
		journey = append(journey, funnel.Step{Name: name, Kind: funnel.Request})
	}
	var told recorder.Delta
	observers := recorder.NewRecorder(journey, 1, func(delta recorder.Delta) { told = delta })
	o, chance := observers.Observer(0), rand.New(rand.NewPCG(5, uint64(second)))
	for person := range uint64(100) {
		at := second + time.Duration(chance.Int64N(int64(time.Second)/2))
		o.Scheduled(at)
		o.Started()
		for step := range journey {
			o.Enter(step, at)
			took := time.Duration((1 + chance.ExpFloat64()) * float64(10*time.Millisecond))
			o.Observe(funnel.Sample{Session: person, Step: step, Attempt: 1, Intended: at, Start: at + took/10, End: at + took, Reason: 200, Final: true})
		}
	}
	observers.Close()
	return journey, told
}

// BenchmarkConductor takes a second of one shard of an agent as it came over the network, until it is in the recording: 100
// people at each of 13 steps. CPU-ns/op does not count what else keeps the machine busy. A thousand agents with one shard
// each send a thousand such rows a second.
func BenchmarkConductor(b *testing.B) {
	journey, told := busySecond(0)
	recording := recorder.NewRecording(journey)
	feed := recorder.NewSeconds(journey, nil)
	const agents, seconds = 1000, 60
	inboxes, next := make([]*inbox, agents), make([]uint64, agents)
	for i := range inboxes {
		inboxes[i] = newInbox("r", i, "i")
	}
	var size int
	hand := func(e Envelope) {
		one, err := rowOf(e)
		if err != nil {
			b.Fatal(err)
		}
		if err := one.Message.Delta.Validate(len(journey)); err != nil {
			b.Fatal(err)
		}
		recording.Add(*one.Message.Delta)
		feed.Add(*one.Message.Delta)
	}
	var before, after syscall.Rusage
	cost := time.Duration(0)
	b.ReportAllocs()
	for i := range b.N {
		agent := i % agents
		next[agent]++
		told.Second = int64(i/agents) % seconds
		line, err := json.Marshal(row{Message: &drill.Message{Delta: &told}})
		if err != nil {
			b.Fatal(err)
		}
		texts := encoded(b, Envelope{Run: "r", Part: agent, Incarnation: "i", Seq: next[agent], Message: line}.seal())
		size = len(texts[0])
		_ = syscall.Getrusage(syscall.RUSAGE_SELF, &before) // it never fails for this process
		for _, text := range texts {
			inboxes[agent].take(text, hand)
		}
		_ = syscall.Getrusage(syscall.RUSAGE_SELF, &after)
		cost += spent(after) - spent(before)
	}
	var memory runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&memory)
	runtime.KeepAlive(recording)
	b.ReportMetric(float64(cost)/float64(b.N), "CPU-ns/row")
	b.ReportMetric(float64(size), "bytes/row")
	b.ReportMetric(float64(memory.HeapAlloc)/1e6, "heap-MB")
}

// spent returns the CPU time of a process.
func spent(usage syscall.Rusage) time.Duration {
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
