package drill

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ombak-sim/ombak/backend"
	"github.com/ombak-sim/ombak/backend/postgres"
	"github.com/ombak-sim/ombak/mocks"
	"github.com/ombak-sim/ombak/setup"
	"github.com/ombak-sim/ombak/workload"
)

// Alone describes a part that runs by itself, next to a user's own service or client.
type Alone struct {
	Listen    map[string]string // addresses to listen on, by name; absent means a free port
	Addresses map[string]string // backend: addresses of its dependencies
	Database  string            // backend: path of an SQLite file, a postgres:// URL, or OwnPostgres; may already hold people
	Record    map[string]string // mocks: URL of the service behind a generic mock, which forwards to it and records its answers
	Token     string            // bearer token for controlling the part; empty disables control
	Log       *slog.Logger
	Ready     func(Ready) // called once, when the part serves

	KeyFile              string        // backend: file of its key; empty means the one next to the SQLite file
	LinkBase             string        // backend: beginning of the links in mails; empty means its own address
	SessionTTL           time.Duration // backend: lifetime of a session; 0 means the default
	ConnectionsPerClient int           // backend: most connections from one address; 0 means no limit
	Profiling            bool          // backend: serve profiles at the admin listener

	Wall func() time.Time // backend: the wall clock, if it is not the machine's
}

// wallKey is the key of a part's wall clock in its context. An order is JSON and cannot hold it.
type wallKey struct{}

// ServeBackend runs the reference backend of a run until the context ends. It has a secret key of its own,
// not the key of a drill.
func ServeBackend(ctx context.Context, run *setup.Live, alone Alone) error {
	config := run.Service.Backend
	config.Fresh = false
	config.Listen, config.Admin = alone.Listen["backend"], alone.Listen["admin"]
	config.LinkBase, config.SessionTTL = alone.LinkBase, alone.SessionTTL
	config.ConnectionsPerClient, config.Profiling = alone.ConnectionsPerClient, alone.Profiling
	config.AdminToken = alone.Token
	if strings.HasPrefix(config.Admin, ":") {
		config.Admin = "127.0.0.1" + config.Admin // other machines only if their side is named
	}
	if err := checkAddresses(run, alone.Addresses); err != nil {
		return err
	}
	setup.Connect(&config, alone.Addresses)
	if err := checkListeners(config, alone.Listen); err != nil {
		return err
	}
	key, err := alone.key()
	if err != nil {
		return err
	}
	config.Key, config.Database = key, alone.Database
	ctx = context.WithValue(ctx, wallKey{}, alone.Wall)
	if alone.Database == OwnPostgres {
		own, err := postgres.Start(ctx)
		if err != nil {
			return err
		}
		defer own.Stop() //nolint:errcheck // what is left is in the folder for temporary files
		config.Database = own.URL()
	}
	return serveAlone(ctx, Order{Backend: &BackendOrder{config, run.Scenario.Opens}}, run.People.Clock(), alone)
}

// checkListeners refuses listeners that would be of no use to anybody.
func checkListeners(config backend.Config, listen map[string]string) error {
	if err := checkNames(listen, "backend", "admin"); err != nil {
		return err
	}
	if config.Profiling && config.Admin == "" {
		return setup.Refuse("--pprof serves profiles at the admin listener, but there is none; give --listen admin=HOST:PORT")
	}
	if config.Mail.SMTP != "" && config.LinkBase == "" && listensEverywhere(config.Listen) {
		return setup.Refuse("the links in mails would have no host, because --listen backend=%s has none; give their beginning, as in --link-base https://people.example", config.Listen)
	}
	return nil
}

// listensEverywhere reports whether an address means all addresses of the machine.
func listensEverywhere(address string) bool {
	host, _, err := net.SplitHostPort(address)
	return err == nil && (host == "" || net.ParseIP(host).IsUnspecified())
}

// checkNames refuses an address for an unknown listener.
func checkNames(listen map[string]string, names ...string) error {
	for _, name := range slices.Sorted(maps.Keys(listen)) {
		if !slices.Contains(names, name) {
			return setup.Refuse("--listen %s is unknown; the listeners are %s", name, strings.Join(names, ", "))
		}
	}
	return nil
}

// checkAddresses refuses a backend that lacks the address of a dependency, or has one that it does not call.
func checkAddresses(run *setup.Live, addresses map[string]string) error {
	s, wanted := run.Scenario, []string{}
	for _, name := range slices.Sorted(maps.Keys(s.Dependencies)) {
		switch kind := s.Dependencies[name].Kind; {
		case kind == "mail":
			wanted = append(wanted, "mail-smtp")
		case kind != "generic":
			wanted = append(wanted, kind)
		}
	}
	for _, name := range wanted {
		if addresses[name] == "" {
			return setup.Refuse("the backend of scenario %s calls %s, which has no address; give --address %s=HOST:PORT (ombak serve mocks prints such addresses)", s.Name, name, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(addresses)) {
		if !slices.Contains(wanted, name) {
			return setup.Refuse("--address %s is of no use: the backend of scenario %s calls %s", name, s.Name, cmp.Or(strings.Join(wanted, ", "), "nothing"))
		}
	}
	return nil
}

// ServeMocks runs the stand-ins of a run's dependencies until the context ends.
func ServeMocks(ctx context.Context, run *setup.Mocks, alone Alone) error {
	config := run.Config
	if err := checkNames(alone.Listen, listenersOf(config)...); err != nil {
		return err
	}
	config.Dukcapil.Listen, config.Registries = alone.Listen[mocks.DukcapilName], maps.Clone(config.Registries)
	for _, name := range mocks.Registries() {
		if described := config.Registries[name]; name != mocks.DukcapilName {
			described.Listen = alone.Listen[name]
			config.Registries[name] = described
		}
	}
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
		return setup.Refuse("only dependencies of kind generic can be recorded; scenario %s has no such dependency for each --record", run.Scenario.Name)
	}
	return serveAlone(ctx, Order{Mocks: &MocksOrder{Config: config, Recordings: files}}, run.People.Clock(), alone)
}

// listenersOf returns the names of the listeners of the mocks.
func listenersOf(config mocks.Config) []string {
	names := []string{"admin"}
	for _, name := range mocks.Registries() {
		if !slices.Contains(config.Without, name) {
			names = append(names, name)
		}
	}
	if !slices.Contains(config.Without, mocks.MailName) {
		names = append(names, mocks.MailName, "mail-smtp")
	}
	if config.SMS != nil {
		names = append(names, "sms")
	}
	for _, generic := range config.Generics {
		names = append(names, generic.Name)
	}
	return names
}

// serveAlone acts as the conductor of a single part in this process. The run begins at once.
func serveAlone(ctx context.Context, order Order, clock workload.Clock, alone Alone) error {
	input, orders := io.Pipe()
	messages, output := io.Pipe()
	part, stop := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	running.Go(func() {
		encoder := json.NewEncoder(orders)
		begin := Begin{At: time.Now(), Clock: clock}
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
	_ = output.Close() // a pipe's Close never fails
	return err
}
