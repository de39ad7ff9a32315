//go:build !windows

package mocks_test

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/mocks"
	"github.com/ombak-sim/ombak/workload"
	"github.com/ombak-sim/ombak/workload/fault"
)

func BenchmarkQueue(b *testing.B) {
	queue := newQueue(b, workload.Service{Servers: 100, ServiceTime: workload.ExponentialTime(100 * time.Millisecond)}, 1)
	var now time.Duration
	for b.Loop() {
		now += 1_100 * time.Microsecond
		queue.Arrive(now, now, fault.NoEffect())
	}
}

// BenchmarkSMTP sends messages over four open connections, one reply at a time. The CPU time includes the
// sender's.
func BenchmarkSMTP(b *testing.B) {
	running, err := mocks.Start(b.Context(), mocks.Config{Seed: workload.Seed{Value: 1}, Opens: opens()})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = running.Close() }()
	text := "Subject: Verifikasi\r\nFrom: a@daftar.example\r\n\r\n" + strings.Repeat("https://daftar.example/v?t=0123456789abcdef\r\n", 10) + ".\r\n"
	before := processorTime()
	b.SetParallelism(2)
	b.RunParallel(func(pb *testing.PB) {
		talk := dial(b, running.Addresses()["mail-smtp"])
		for person := 0; pb.Next(); person++ {
			talk("MAIL FROM:<a@daftar.example>\r\n")
			talk(fmt.Sprintf("RCPT TO:<%s>\r\n", address(person)))
			talk("DATA\r\n")
			talk(text)
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
	b.ReportMetric(float64((processorTime()-before).Nanoseconds())/float64(b.N), "cpu-ns/message")
}

func address(person int) string { return people().Person(uint64(person % 1000)).Email }

// dial greets the server and returns a func that sends one line or text and reads the reply.
func dial(b *testing.B, to string) func(string) {
	conn, err := net.Dial("tcp", to)
	if err != nil {
		b.Error(err)
		return func(string) {}
	}
	reader := bufio.NewReader(conn)
	talk := func(text string) {
		if _, err := conn.Write([]byte(text)); err != nil {
			b.Error(err)
		}
		if line, err := reader.ReadString('\n'); err != nil || line[0] != '2' && line[0] != '3' {
			b.Errorf("%q, %v", line, err)
		}
	}
	if _, err := reader.ReadString('\n'); err != nil {
		b.Error(err)
	}
	talk("HELO daftar.example\r\n")
	return talk
}

func processorTime() time.Duration {
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// BenchmarkStationWakesLate measures how much later than computed a station answers: the mean over visits, one
// at a time, to a server that takes 5 ms.
func BenchmarkStationWakesLate(b *testing.B) {
	config := mocks.Config{Seed: workload.Seed{Value: 1}, Opens: opens()}
	config.Mail.Service.ServiceTime = workload.ConstantTime(5 * time.Millisecond)
	running, err := mocks.Start(b.Context(), config)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = running.Close() }()
	talk := dial(b, running.Addresses()["mail-smtp"])
	var late time.Duration
	visits := 0
	for b.Loop() {
		talk("MAIL FROM:<a@daftar.example>\r\n")
		talk("RCPT TO:<" + address(0) + ">\r\n")
		talk("DATA\r\n")
		begun := time.Now()
		talk("\r\nx\r\n.\r\n")
		late += time.Since(begun) - 5*time.Millisecond
		visits++
	}
	b.ReportMetric(float64(late.Microseconds())/float64(visits), "late-us/visit")
}
