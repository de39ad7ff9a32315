//go:build linux

package main

import (
	"context"
	"debug/buildinfo"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/ombak-sim/ombak/backend/postgres"
)

// subject is a service whose behaviour is predicted. Nothing is known of it but its scenario, response times and CPU.
type subject interface {
	about() subjectFacts
	// version names the service and what runs it, or says why it cannot be had here.
	version(ctx context.Context) (string, error)
	// start starts a fresh service with its data in a folder, on some cores, or on all if cores is empty.
	start(ctx context.Context, folder, cores string) (*running, error)
}

// subjectFacts are what playing a service needs to know.
type subjectFacts struct {
	name     string
	scenario string
	page     string   // a path that is asked for before each load, until the service is warm
	body     string   // of JSON that is sent to the page; empty means that it is asked for with GET
	compiles bool     // while it runs, so that thousands of its first requests are dearer
	from     string   // the first rate of the search for the knee
	watched  []string // names of the processes that are fitted
	servers  string   // --servers of calibrate, which asks for it where one thread does the work
	fitMixes []string
	heldMix  string
	heldOut  []string // what is held out besides heavier loads
}

var (
	//go:embed services/backend.yaml
	backendScenario string
	//go:embed services/pocketbase.yaml
	pocketBaseScenario string
	//go:embed services/postgraphile.yaml
	postGraphileScenario string
)

// subjects returns the services in the order of the board.
func subjects(b *bench, foreign string) []subject {
	return []subject{
		&ownBackend{b, "backend-sqlite", "sqlite:people.db"},
		&ownBackend{b, "backend-postgres", "postgres"},
		&pocketBase{b, filepath.Join(foreign, "base")},
		&postGraphile{b, filepath.Join(foreign, "node_modules", "postgraphile")},
	}
}

// ownBackend is the reference backend, treated like a service of others.
type ownBackend struct {
	bench       *bench
	name, store string
}

func (o *ownBackend) onPostgres() bool { return o.store == "postgres" }

func (o *ownBackend) about() subjectFacts {
	facts := subjectFacts{
		name: o.name, scenario: backendScenario, page: "/", from: "6000/s", watched: []string{"api"},
		fitMixes: []string{"visitors=70,lookers=10,applicants=20", "visitors=10,lookers=80,applicants=10", "visitors=10,lookers=10,applicants=80"},
		heldMix:  "visitors=30,lookers=50,applicants=20", heldOut: []string{heldMix, heldCore},
	}
	if o.onPostgres() {
		facts.watched, facts.heldOut, facts.from = []string{"api", "db"}, []string{heldMix}, "5000/s"
	}
	return facts
}

func (o *ownBackend) version(ctx context.Context) (string, error) {
	output, err := exec.CommandContext(ctx, o.bench.ombak, "version").Output()
	if err != nil {
		return "", fmt.Errorf("ombak does not tell its version: %w", err)
	}
	words := strings.Fields(string(output))
	if len(words) < 2 {
		return "", fmt.Errorf("ombak says %q of its version", output)
	}
	if !o.onPostgres() {
		return words[1] + ", SQLite", nil
	}
	server, err := postgresVersion(ctx)
	return words[1] + ", " + server, err
}

func (o *ownBackend) start(ctx context.Context, folder, cores string) (*running, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(folder, "alone.yaml"), []byte(alone), 0o600); err != nil {
		return nil, err
	}
	r, err := o.bench.launch(ctx, folder, cores, o.bench.ombak, "serve", "backend", "--scenario", "alone.yaml", "--store", o.store, "--listen", "backend="+address)
	if err != nil {
		return nil, err
	}
	r.target, r.watch = "http://"+address, []string{"api=" + strconv.Itoa(r.pid())}
	if o.onPostgres() {
		database, err := r.meterBelow(r.pid())
		if err != nil {
			return nil, errors.Join(err, r.stop())
		}
		r.watch = append(r.watch, "db="+database)
	}
	return r, r.await(ctx, "/")
}

// pocketBase is a service of others, from the module proxy.
type pocketBase struct {
	bench   *bench
	program string
}

func (p *pocketBase) about() subjectFacts {
	return subjectFacts{
		name: "pocketbase", scenario: pocketBaseScenario, page: "/api/health", from: "14/s", watched: []string{"api"},
		fitMixes: []string{"guests=40,joiners=60", "guests=50,joiners=10,signers=40", "guests=60,members=40"},
		heldMix:  "guests=10,joiners=50,signers=20,members=20", heldOut: []string{heldMix, heldGate, heldCore},
	}
}

func (p *pocketBase) version(context.Context) (string, error) {
	info, err := buildinfo.ReadFile(p.program)
	if err != nil {
		return "", errors.New("PocketBase is not installed; make accuracy installs it from the module proxy")
	}
	for _, module := range info.Deps {
		if module.Path == "github.com/pocketbase/pocketbase" {
			return module.Version, nil
		}
	}
	return info.Main.Version, nil
}

func (p *pocketBase) start(ctx context.Context, folder, cores string) (*running, error) {
	data := "--dir=" + filepath.Join(folder, "data")
	if output, err := exec.CommandContext(ctx, p.program, "superuser", "upsert", "operator@pocketbase.example", "only-for-the-test", data).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("PocketBase takes no operator: %w: %s", err, output)
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	r, err := p.bench.launch(ctx, folder, cores, p.program, "serve", "--http="+address, data)
	if err != nil {
		return nil, err
	}
	r.target, r.watch = "http://"+address, []string{"api=" + strconv.Itoa(r.pid())}
	return r, r.await(ctx, "/api/health")
}

// postGraphile is a service of others that is not written in Go, from npm: it answers GraphQL from the tables of a
// PostgreSQL.
type postGraphile struct {
	bench  *bench
	folder string // of the package
}

func (p *postGraphile) about() subjectFacts {
	return subjectFacts{
		name: "postgraphile", scenario: postGraphileScenario, page: "/graphql", body: `{"query":"{postById(id:7){title}}"}`, from: "300/s", compiles: true,
		watched: []string{"api", "db"}, servers: "api=1",
		fitMixes: []string{"lookers=80,readers=10,writers=10", "readers=100", "lookers=20,writers=80"},
		heldMix:  "lookers=10,readers=30,writers=60", heldOut: []string{heldMix, heldGate},
	}
}

func (p *postGraphile) version(ctx context.Context) (string, error) {
	text, err := os.ReadFile(filepath.Join(p.folder, "package.json"))
	if err != nil {
		return "", errors.New("PostGraphile is not installed; make accuracy installs it from npm")
	}
	var described struct{ Version string }
	if err := json.Unmarshal(text, &described); err != nil {
		return "", fmt.Errorf("package.json of PostGraphile: %w", err)
	}
	node, err := exec.CommandContext(ctx, "node", "--version").Output()
	if err != nil {
		return "", errors.New("no Node is installed; install nodejs, and run make accuracy again")
	}
	server, err := postgresVersion(ctx)
	return described.Version + ", Node " + strings.TrimSpace(string(node)) + ", " + server, err
}

// posts is the table that PostGraphile answers from.
const posts = `create table posts (id serial primary key, title text not null, changed timestamptz not null default now());
insert into posts (title) select 'post ' || i from generate_series(1, 1000) i; analyze posts;`

func (p *postGraphile) start(ctx context.Context, folder, cores string) (_ *running, err error) {
	cluster, err := postgres.Start(ctx)
	if err != nil {
		return nil, err
	}
	stop := func() error { _, err := cluster.Stop(); return err }
	defer func() {
		if err != nil {
			err = errors.Join(err, stop())
		}
	}()
	psql := exec.CommandContext(ctx, "psql", "--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1", "--host="+cluster.Folder(), "--username=ombak", "--dbname=postgres", "--command="+posts)
	if output, err := psql.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("PostgreSQL takes no table: %w: %s", err, output)
	}
	postmaster, err := postmasterOf(cluster)
	if err != nil {
		return nil, err
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	host, port, _ := strings.Cut(address, ":")
	r, err := p.bench.launch(ctx, folder, cores, "node", filepath.Join(p.folder, "cli.js"), "--connection", cluster.URL(), "--schema", "public",
		"--host", host, "--port", port, "--disable-query-log", "--disable-graphiql")
	if err != nil {
		return nil, err
	}
	database, err := r.meterBelow(postmaster)
	if err != nil {
		return nil, errors.Join(err, r.stop())
	}
	r.target, r.watch = "http://"+address, []string{"api=" + strconv.Itoa(r.pid()), "db=" + database}
	if err := r.await(ctx, p.about().page); err != nil {
		return nil, err
	}
	r.beside = stop
	return r, nil
}

// postmasterOf returns the process above all others of a PostgreSQL.
func postmasterOf(cluster *postgres.Cluster) (int, error) {
	text, err := os.ReadFile(filepath.Join(cluster.Folder(), "data", "postmaster.pid"))
	if err != nil {
		return 0, fmt.Errorf("PostgreSQL does not tell its process: %w", err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	return strconv.Atoi(strings.TrimSpace(first))
}
