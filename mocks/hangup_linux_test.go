package mocks

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/listener"
	"github.com/ombak-sim/ombak/workload"
)

// A caller who hangs up while its request waits leaves the queue; a request in service is completed.
func TestCallersWhoHangUpLeaveTheQueue(t *testing.T) {
	hangups, run, err := listener.NewHangups()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(run)
	defer running.Wait()
	defer hangups.Close()
	defer cancel()
	station := liveStation(t, workload.Service{ServiceTime: workload.ConstantTime(time.Hour)})
	station.hangups = hangups
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer inner.Close()
	visit := func() (client net.Conn, ended chan error) {
		client, err := net.Dial("tcp", inner.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		server, err := inner.Accept()
		if err != nil {
			t.Fatal(err)
		}
		ended = make(chan error, 1)
		before := station.Reading().Arrivals
		running.Go(func() {
			_, err := station.Visit(ctx, server)
			_ = server.Close()
			ended <- err
		})
		for station.Reading().Arrivals == before {
			time.Sleep(time.Millisecond)
		}
		return client, ended
	}
	served, inService := visit()
	leaver, left := visit()
	stayer, _ := visit()
	defer stayer.Close()
	if busy, queued := station.Reading().Busy, station.Reading().Queued; busy != 1 || queued != 2 {
		t.Fatalf("%d in service and %d waiting, want 1 and 2", busy, queued)
	}
	_ = leaver.Close()
	if err := <-left; !errors.Is(err, errLeft) {
		t.Errorf("%v; want that the caller has left", err)
	}
	_ = served.Close()
	select {
	case err := <-inService:
		t.Errorf("a request in service ended with %v", err)
	default:
	}
	if r := station.Reading(); r.Busy != 1 || r.Queued != 1 || r.Rejections != 0 {
		t.Errorf("%+v; want 1 in service and 1 waiting", r)
	}
}
