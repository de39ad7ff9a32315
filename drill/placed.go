package drill

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/ombak-sim/ombak/backend/store"
	"github.com/ombak-sim/ombak/mocks"
	"github.com/ombak-sim/ombak/population"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/setup"
)

// Answering is a Part on another machine whose control API is asked by way of its carrier.
type Answering interface {
	Part
	// Ask sends a request to the part's control API. The status is of HTTP.
	Ask(ctx context.Context, method, path string, body []byte) (status int, answer []byte, err error)
}

// Stored is what the machine of an SQLite file says of the people in it, once its backend has stopped. A population takes
// several; the last is Whole, or says why there are none.
type Stored struct {
	Emails  []uint64 `json:"emails,omitempty"` // indexes of people, one for each row
	NIKs    []uint64 `json:"niks,omitempty"`   // indexes of people, one for each identity number
	Foreign int      `json:"foreign,omitempty"`
	Booked  int      `json:"booked,omitempty"`  // bookings of all stocks, by their rows
	Unsound []string `json:"unsound,omitempty"` // what does not add up in them
	Whole   bool     `json:"whole,omitempty"`
	Failed  string   `json:"failed,omitempty"`
}

// add adds what came next.
func (s *Stored) add(more Stored) {
	s.Emails, s.NIKs = append(s.Emails, more.Emails...), append(s.NIKs, more.NIKs...)
	s.Foreign += more.Foreign
	s.Booked, s.Unsound = s.Booked+more.Booked, append(s.Unsound, more.Unsound...)
	s.Whole = s.Whole || more.Whole
	s.Failed = more.Failed
}

// Audit reads the people of a database that no backend uses any more, and passes them on in portions. The last one says why
// there are no more if the database cannot be read.
func Audit(ctx context.Context, database string, key []byte, tell func(Stored)) {
	if err := audit(ctx, database, key, tell); err != nil {
		tell(Stored{Failed: oneLine(err.Error())})
	}
}

func audit(ctx context.Context, database string, key []byte, tell func(Stored)) error {
	const portion = 50_000 // rows
	if store.IsFile(database) {
		if _, err := os.Stat(database); err != nil {
			return err
		}
	}
	var now Stored
	for row, err := range store.Audit(ctx, database, key) {
		if err != nil {
			return err
		}
		now.count(row)
		if len(now.Emails) >= portion {
			tell(now)
			now = Stored{}
		}
	}
	if err := now.countBookings(ctx, database); err != nil {
		return err
	}
	now.Whole = true
	tell(now)
	return nil
}

// countBookings counts what people have booked, and compares it with what there was.
func (s *Stored) countBookings(ctx context.Context, database string) error {
	stocks, err := store.AuditStocks(ctx, database)
	for _, stock := range stocks {
		s.Booked += stock.Bookings
		if !stock.Sound() {
			s.Unsound = append(s.Unsound, fmt.Sprintf("the store has %d bookings of the stock %s, of which there were %d, and says that %d are left", stock.Bookings, stock.Name, stock.Opened, stock.Left))
		}
	}
	return err
}

// count adds a row of the store.
func (s *Stored) count(row store.Row) {
	index, known := population.IndexOfEmail(row.Email)
	if !known {
		s.Foreign++
		return
	}
	s.Emails = append(s.Emails, index)
	if row.NIK != "" {
		if nik, known := population.IndexOfNIK(row.NIK); known {
			s.NIKs = append(s.NIKs, nik)
		}
	}
}

// Hiding returns what replaces the secrets of an order in a text, because no file of another machine may hold them.
func (o Order) Hiding() *strings.Replacer {
	switch {
	case o.Generator != nil:
		return o.Generator.Hiding()
	case o.Mocks != nil:
		return setup.Hiding([]string{o.Mocks.Config.Admin.Token})
	case o.Backend != nil && !store.IsFile(o.Backend.Config.Database):
		if database, err := url.Parse(o.Backend.Config.Database); err == nil {
			password, _ := database.User.Password()
			return setup.Hiding([]string{password, url.QueryEscape(password)})
		}
	}
	return setup.Hiding(nil)
}

// Name returns the name of the part that the order makes, or an empty text if it makes none.
func (o Order) Name() string {
	part, _ := o.part()
	return part.name
}

// Confined returns the order as another machine does it: the backend listens at an address of that machine, whatever the
// order says, and all of its files are in a folder. A database that is a file, and has no place yet, gets one there.
func (o BackendOrder) Confined(listen, folder string) (BackendOrder, error) {
	config := &o.Config
	switch {
	case config.PhotoDir != "":
		return o, errors.New("the order names a folder of photos, which the machine of the backend chooses itself")
	case config.Admin != "" || config.AdminToken != "" || config.Profiling:
		return o, errors.New("the order asks for a listener of the backend's operators, which only ombak serve has")
	case config.Database == "":
		config.Database = filepath.Join(folder, "ombak.db")
	case store.IsFile(config.Database):
		return o, errors.New("the order names the file of a database, which the machine of the backend chooses itself")
	}
	config.PhotoDir, config.Listen = filepath.Join(folder, "photos"), listen
	return o, nil
}

// Auditable returns the file of the order's database and the key to read it. The file is empty if the database is none: whoever
// has its URL reads it.
func (o Order) Auditable() (file string, key []byte) {
	if o.Backend == nil || !store.IsFile(o.Backend.Config.Database) {
		return "", nil
	}
	return o.Backend.Config.Database, o.Backend.Config.Key
}

// Peers returns the addresses that the backend connects to, as HOST:PORT, by what answers there.
func (o BackendOrder) Peers() (map[string]string, error) {
	peers := map[string]string{}
	web := map[string]string{"dukcapil": o.Config.Dukcapil.URL, "sms": o.Config.SMS.URL}
	for name, registry := range o.Config.Registries {
		web[name] = registry.URL
	}
	for name, text := range web {
		if text == "" {
			continue
		}
		parsed, err := url.Parse(text)
		if err != nil || parsed.Scheme != "http" || parsed.Hostname() == "" || parsed.Port() == "" {
			return nil, fmt.Errorf("the address of %s is not http://HOST:PORT", name)
		}
		peers[name] = parsed.Host
	}
	if o.Config.Mail.SMTP != "" {
		peers["mail-smtp"] = o.Config.Mail.SMTP
	}
	if o.Config.Database == "" || store.IsFile(o.Config.Database) {
		return peers, nil
	}
	address, err := addressOfPostgres(o.Config.Database)
	peers["postgres"] = address
	return peers, err
}

// plainSettings are the settings in the URL of a PostgreSQL that name no file and no other server.
func plainSettings() []string { return []string{"sslmode", "search_path", "connect_timeout"} }

// plainHost is a host of a URL that every reader of URLs takes for the same: a name or an address, and perhaps a port.
var plainHost = regexp.MustCompile(`^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]+)?$`)

// addressOfPostgres returns the only server that a URL names. A URL that names a file, a socket or several servers is refused, and
// so is one that two readers of URLs may take differently: a password with an at sign must have it as %40.
func addressOfPostgres(location string) (string, error) {
	refused := errors.New("the URL of PostgreSQL must be postgres://USER:PASSWORD@HOST:PORT/DATABASE with no other settings than " + strings.Join(plainSettings(), ", "))
	parsed, err := url.Parse(location)
	if err != nil || parsed.Scheme != "postgres" || parsed.Hostname() == "" || strings.ContainsAny(location, "#\\") || strings.Count(location, "@") > 1 || !plainHost.MatchString(parsed.Host) {
		return "", refused
	}
	settings, err := url.ParseQuery(parsed.RawQuery)
	if err != nil {
		return "", refused
	}
	for name := range settings {
		if !slices.Contains(plainSettings(), name) {
			return "", refused
		}
	}
	const usual = "5432"
	port := cmp.Or(parsed.Port(), usual)
	if number, err := strconv.ParseUint(port, 10, 16); err != nil || strconv.FormatUint(number, 10) != port {
		return "", refused
	}
	return net.JoinHostPort(parsed.Hostname(), port), nil
}

// Confined returns the order as another machine does it: the mocks listen at free ports of a host of that machine, whatever the
// order says, and are controlled from that machine alone.
func (o MocksOrder) Confined(host string) (MocksOrder, error) {
	if len(o.Recordings) > 0 || slices.ContainsFunc(o.Config.Generics, func(g mocks.Generic) bool { return g.Record != "" }) {
		return o, errors.New("the order asks for a recording of a service, which only ombak serve makes")
	}
	o.Config = o.Config.At(host)
	o.Config.Admin.Listen = ""
	return o, nil
}

// checkBackends refuses what backends on other machines cannot do.
func (e Environment) checkBackends() error {
	switch {
	case e.Database == OwnPostgres:
		return setup.Refuse("a PostgreSQL of this machine's own cannot be reached by a backend on another machine; leave the store out, or name a postgres:// URL")
	case e.Database != "" && store.IsFile(e.Database):
		return setup.Refuse("the database %s would be on this machine, but the backend is on another one, which chooses its place itself; leave the store out, or name a postgres:// URL", e.Database)
	case len(e.Backends) > 1 && e.Database == "":
		return setup.Refuse("%d backends need one PostgreSQL that all reach; name it with --store postgres://…", len(e.Backends))
	case len(e.Backends) > 1 && e.BackendURL == "":
		return setup.Refuse("%d backends need something in front of them; give its URL with --backend-url", len(e.Backends))
	}
	return nil
}

// placed returns the rows of the parts on other machines that are no generators.
func (c *conductor) placed() (rows []report.Placed) {
	for _, p := range c.parts {
		abroad, ok := p.Part.(Abroad)
		if !ok || p.share != nil {
			continue
		}
		rows = append(rows, placedRow(p.kind, abroad.Agent()))
	}
	return rows
}

// placedRow returns the row of a part that is no generator.
func placedRow(kind string, row report.Agent) report.Placed {
	return report.Placed{
		Part: kind, Agent: row.Agent, ClockOffsetS: row.ClockOffsetS, ClockBoundS: row.ClockBoundS, ClockDriftPPM: row.ClockDriftPPM,
		Rows: row.Rows, Repeated: row.Repeated, CPUS: row.CPUS, MaxRSSBytes: row.MaxRSSBytes,
		CPUs: row.CPUs, CPUShare: row.CPUShare, CPUShareMax: row.CPUShareMax,
	}
}
