package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ombak-sim/ombak/drill"
	"github.com/ombak-sim/ombak/live/metrics"
	"github.com/ombak-sim/ombak/live/otlp"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/setup"
)

// meterFlags returns the flags that give the feed of a run to other tools.
func meterFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "metrics", Usage: "serve Prometheus metrics of the run at `HOST:PORT`/metrics", EnvVars: envVar("metrics")},
		&cli.StringFlag{Name: "remote-write", Usage: "send metrics of the run to the Prometheus at `URL` every second (remote write 1.0), for example http://127.0.0.1:9090/api/v1/write", EnvVars: envVar("remote-write")},
		&cli.StringFlag{Name: "otlp", Usage: "send metrics of the run to the OpenTelemetry receiver at `URL` every second (OTLP over HTTP), for example http://127.0.0.1:4318", EnvVars: envVar("otlp")},
	}
}

// meter gives the feed of a run to other tools. A nil meter does nothing.
type meter struct {
	metrics   *metrics.Metrics
	generator *metrics.Generator // nil if nobody scrapes
	couriers  []*metrics.Courier
	sender    *otlp.Sender
	server    *http.Server
	serving   sync.WaitGroup
	closing   sync.Once
}

// openMeter returns nil if no flag asks for a meter.
func openMeter(c *cli.Context, errs io.Writer, run *setup.Planned, folder string) (*meter, error) {
	scrape, write, send := c.String("metrics"), c.String("remote-write"), c.String("otlp")
	if scrape == "" && write == "" && send == "" {
		return nil, nil
	}
	m := &meter{metrics: metrics.New(metrics.Run{Command: c.Command.Name, Scenario: run.Scenario.Name, Plan: run.Scenario.Plan(), Until: run.People.Until})}
	instance := filepath.Base(folder)
	if write != "" {
		writer, err := metrics.NewRemoteWriter(write, map[string]string{"job": "ombak", "instance": instance})
		if err != nil {
			return nil, usageError{fmt.Errorf("--remote-write: %w", err)}
		}
		m.carry(errs, "the receiver of --remote-write", writer.Send)
	}
	if send != "" {
		sender, err := otlp.New(c.Context, send, map[string]string{"service.instance.id": instance})
		if err != nil {
			m.close()
			return nil, usageError{fmt.Errorf("--otlp: %w", err)}
		}
		m.sender = sender
		m.carry(errs, "the receiver of --otlp", sender.Send)
	}
	if err := m.serve(scrape); err != nil {
		m.close()
		return nil, err
	}
	return m, nil
}

// carry starts a courier to a receiver.
func (m *meter) carry(errs io.Writer, name string, send metrics.Send) {
	courier := metrics.NewCourier(send, func(says string) { fmt.Fprintln(errs, name, says) })
	m.metrics.Carry(courier)
	m.couriers = append(m.couriers, courier)
}

// serve lets others scrape.
func (m *meter) serve(address string) error {
	if address == "" {
		return nil
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("the metrics cannot be served: %w; name another address with --metrics", err)
	}
	m.generator = new(metrics.Generator)
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", m.metrics.Handler(m.generator))
	const patience = 5 * time.Second
	m.server = &http.Server{Handler: mux, ReadHeaderTimeout: patience}
	m.serving.Go(func() { _ = m.server.Serve(listener) }) // until it is closed
	return nil
}

// metered lets the meter see a run.
func (m *meter) metered(environment drill.Environment) drill.Environment {
	if m == nil {
		return environment
	}
	if m.generator != nil && len(environment.Generators) == 0 {
		environment.Metrics, environment.Metered = "127.0.0.1:0", m.generator.Serves
	}
	room := drill.Room{}
	if environment.Room != nil {
		room = *environment.Room
	}
	post := room.Post
	room.Timed = true
	room.Post = func(row report.Second) {
		if post != nil {
			post(row)
		}
		m.metrics.Post(row)
	}
	environment.Room = &room
	return environment
}

// post adds a row of a simulation.
func (m *meter) post(row report.Second) {
	if m != nil {
		m.metrics.Post(row)
	}
}

// next begins another run of several, whose rows add to those so far.
func (m *meter) next(run *setup.Live) {
	if m != nil {
		m.metrics.Next(run.People.Until)
	}
}

// close hands over what is left, and stops serving.
func (m *meter) close() {
	if m != nil {
		m.closing.Do(m.end)
	}
}

func (m *meter) end() {
	var couriers sync.WaitGroup
	for _, courier := range m.couriers {
		couriers.Go(courier.Close)
	}
	couriers.Wait()
	if m.sender != nil {
		_ = m.sender.Close() // nothing is left to send
	}
	if m.server != nil {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := m.server.Shutdown(ctx); errors.Is(err, context.DeadlineExceeded) {
			_ = m.server.Close() // a scraper that does not read
		}
	}
	m.serving.Wait()
}
