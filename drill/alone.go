package drill

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ombak-sim/ombak/backend/cluster"
	"github.com/ombak-sim/ombak/mocks"
	"github.com/ombak-sim/ombak/scenarios"
)

// Alone describes one part that runs by itself, beside a user's own service or client.
type Alone struct {
	Listen    map[string]string // where to listen, by the names of addresses; absent means a free port
	Addresses map[string]string // backend: where its dependencies are
	Database  string            // backend: path of the SQLite file or postgres:// URL, which may hold people, or OwnPostgres
	Record    map[string]string // mocks: URL of the service behind a generic mock, to pass everything on to and to record
	Token     string            // mocks: who holds it may control them; empty means nobody may
	Log       *slog.Logger
	Ready     func(Ready) // called once the part serves
}

// ServeBackend runs the reference backend of a run until the context ends.
func ServeBackend(ctx context.Context, run *Run, alone Alone) error {
	config := run.Backend
	config.Fresh = false
	config.Database = alone.Database
	if alone.Database == OwnPostgres {
		own, err := cluster.Start(ctx)
		if err != nil {
			return err
		}
		defer own.Stop() //nolint:errcheck // what is left is in the folder for temporary files
		config.Database = own.URL()
	}
	config.PhotoDir = photoDir(config.Database, ".")
	config.Listen = alone.Listen["backend"]
	config.Admin = alone.Listen["admin"]
	if err := checkAddresses(run.Scenario, alone.Addresses); err != nil {
		return err
	}
	connect(&config, alone.Addresses)
	return serveAlone(ctx, Order{Backend: &BackendOrder{config, run.Scenario.Opens}}, run, alone)
}

// checkAddresses refuses a backend that would not find what it calls.
func checkAddresses(s *scenarios.Scenario, addresses map[string]string) error {
	wanted := []string{}
	for _, name := range sortedNames(s.Dependencies) {
		switch kind := s.Dependencies[name].Kind; kind {
		case "dukcapil", "dapodik", "dtks", "sms":
			wanted = append(wanted, kind)
		case "mail":
			wanted = append(wanted, "mail-smtp")
		}
	}
	for _, name := range wanted {
		if addresses[name] == "" {
			return refuse("the backend of scenario %s calls %s, which has no address; give --address %s=HOST:PORT (ombak serve mocks prints such addresses)", s.Name, name, name)
		}
	}
	for name := range addresses {
		if !slices.Contains(wanted, name) {
			return refuse("--address %s is of no use: the backend of scenario %s calls %s", name, s.Name, strings.Join(wanted, ", "))
		}
	}
	return nil
}

// NewMocks maps a scenario and options to its mocks alone, whatever service they stand beside. What
// cannot run comes back as ErrRefused.
func NewMocks(scenario *scenarios.Scenario, options Options) (*Run, error) {
	run, err := newRun(scenario, options)
	if err != nil {
		return nil, err
	}
	if err := run.peopleConfig(&run.Generator); err != nil {
		return nil, err
	}
	run.Mocks, err = run.mocksConfig()
	return run, err
}

// ServeMocks runs the stand-ins of a run's dependencies until the context ends.
func ServeMocks(ctx context.Context, run *Run, alone Alone) error {
	config := run.Mocks
	config.Dukcapil.Listen, config.Dapodik.Listen, config.DTKS.Listen = alone.Listen["dukcapil"], alone.Listen["dapodik"], alone.Listen["dtks"]
	config.Mail.Listen, config.Mail.ListenSMTP = alone.Listen["mail"], alone.Listen["mail-smtp"]
	config.Admin = mocks.Admin{Listen: alone.Listen["admin"], Token: alone.Token}
	if config.SMS != nil {
		config.SMS.Listen = alone.Listen["sms"]
	}
	files := map[string]string{}
	for i := range config.Generics {
		generic := &config.Generics[i]
		generic.Listen = alone.Listen[generic.Name]
		if target, recorded := alone.Record[generic.Name]; recorded {
			generic.Record, files[generic.Name] = target, generic.Name+".recording.json"
		}
	}
	if len(files) < len(alone.Record) {
		return refuse("only dependencies of kind generic can be recorded; scenario %s has no such dependency for each --record", run.Scenario.Name)
	}
	return serveAlone(ctx, Order{Mocks: &MocksOrder{Config: config, Recordings: files}}, run, alone)
}

// serveAlone plays the conductor of a single part in this process: the run begins at once.
func serveAlone(ctx context.Context, order Order, run *Run, alone Alone) error {
	input, orders := io.Pipe()
	messages, output := io.Pipe()
	part, stop := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	running.Go(func() {
		encoder := json.NewEncoder(orders)
		begin := Begin{At: time.Now(), Clock: run.Generator.Journey.Clock}
		if errors.Join(encoder.Encode(order), encoder.Encode(begin)) == nil {
			<-part.Done()
		}
		_ = orders.Close() // a pipe's Close never fails
	})
	running.Go(func() {
		scanner := newScanner(messages)
		for scanner.Scan() {
			var message Message
			if json.Unmarshal(scanner.Bytes(), &message) == nil && message.Ready != nil {
				alone.Ready(*message.Ready)
			}
		}
	})
	err := ServePart(part, input, output, alone.Log)
	stop()
	_ = input.Close()  // a pipe's Close never fails
	_ = output.Close() // likewise
	return err
}
