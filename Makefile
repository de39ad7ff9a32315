# Everything a developer does. Tools are built into .tools from their own modules, at the versions
# named here; from Debian come only the packages of PACKAGES, where they are missing.
GOLANGCI := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
OAPI     := github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2
TOOLS    := $(CURDIR)/.tools
RACE     ?= -race $(foreach package,$(UNWATCHED),-gcflags=$(package)/...=-race=false)
# Drawing and packing by others on one goroutine, which the race detector would only slow down, tenfold.
# They share no generic code with anybody: where a package did, the linker could take its copy, which
# does not tell the detector of synchronisation, for all.
UNWATCHED := git.sr.ht/~sbinet/gg github.com/golang/freetype golang.org/x/image image compress
# At its end a process waits this long for races to be told; the default of a second is most of a script's time.
export GORACE := atexit_sleep_ms=50
# The race detector needs a C compiler; curl and swaks talk to the mocks in their tests, the generator is
# tried on nginx and lighttpd, chromium looks at the page; the store is tested on PostgreSQL too, and
# strace watches what reaches the disk.
PACKAGES := gcc libc6-dev curl swaks nginx lighttpd chromium postgresql strace

# The tags that choose tests: those that kill processes, play in real time, look at the page in a browser,
# or count many replications. Tests without a tag take no more than minutes anywhere. (TestEveryTagIsRun
# finds a tag that is not here, or given to no go test below.)
TAGS := browser,crash,drills,foreign,release,siege,statistics

.PHONY: release-snapshot release-files release-check fleet-crash siege fuzz check test cross foreign packages lint unit statistics tools crash bench bench-load bench-live bench-backend accuracy strangers validate drill clean

# What README promises: lint, unit tests with the race detector, statistical tests without it.
test: packages tools lint cross unit statistics

# Builds the program for other systems.
cross:
	GOOS=darwin GOARCH=arm64 go vet ./...
	GOOS=windows GOARCH=amd64 go vet ./...

packages:
	@./install.sh $(PACKAGES)

# The daily loop: nothing is installed and no drill is played. It lints if golangci-lint is installed. Some packages
# mostly wait, so four are tested at once.
check:
	@lint=$$(command -v $(TOOLS)/golangci-lint golangci-lint | head -n 1); if [ -n "$$lint" ]; then echo "$$lint run ./..."; "$$lint" run --build-tags $(TAGS) ./...; else echo "golangci-lint is not installed, so nothing is linted; make tools installs it"; fi
	go vet -tags $(TAGS) ./...
	go test -p 4 ./...

lint: tools
	$(TOOLS)/golangci-lint run --build-tags $(TAGS) ./...

# Drills and some packages mostly wait, so several run at once. With the race detector, property tests check a fifth of their cases.
unit:
	go vet -tags $(TAGS) ./...
	go test $(RACE) -short -tags browser,crash,drills,siege -p 4 -parallel 4 -timeout 20m ./...

# The packages whose tests count many replications or check properties, without the race detector, under which
# they would take hours.
statistics:
	go test -tags statistics -timeout 20m $(sort $(dir $(shell grep -rlE --include=*_test.go '^//go:build statistics|rapid\.Check' .)))

# Services that others wrote, from the Go module proxy and from npm. What cannot be installed here is not tried, and the
# tests say so. Then the chart and the manifests, with the libraries of Helm and Kubernetes.
POCKETBASE   := github.com/pocketbase/pocketbase/examples/base@v0.39.0
JSON_SERVER  := json-server@0.17.4
POSTGRAPHILE := postgraphile@4.14.1
ECHO         := ws@8.18.3

strangers:
	@command -v npm >/dev/null || ./install.sh nodejs npm || echo "npm cannot be installed, so json-server is not tried"
	@test -x $(TOOLS)/foreign/base || GOBIN=$(TOOLS)/foreign go install $(POCKETBASE) || echo "PocketBase cannot be installed, so it is not tried"
	@test -d $(TOOLS)/foreign/node_modules/json-server || npm install --silent --no-audit --no-fund --prefix $(TOOLS)/foreign $(JSON_SERVER) || echo "json-server cannot be installed, so it is not tried"

foreign: strangers
	@test -d $(TOOLS)/foreign/node_modules/ws || npm install --silent --no-audit --no-fund --prefix $(TOOLS)/foreign $(ECHO) || echo "ws cannot be installed, so it is not tried"
	@command -v caddy >/dev/null || ./install.sh caddy || echo "Caddy cannot be installed, so it is not tried"
	@command -v prometheus >/dev/null || ./install.sh prometheus || echo "Prometheus cannot be installed, so the board of Grafana is not tried"
	@command -v linux.uml >/dev/null || ./install.sh user-mode-linux iproute2 || echo "user-mode Linux cannot be installed, so no machine's clock is set"
	go test -tags foreign -timeout 15m -run TestForeign -v ./loadgen
	go test -tags foreign -timeout 15m -run 'TestPocketBase|TestJSONServer|TestTutorial|TestGrafanaBoard|TestReceiver|TestBackendsBehindNginx|TestClockOfTheMachineIsSet' -v ./cmd/ombak
	cd deploy/check && go test -short -timeout 15m ./...

# What a conductor needs for agents that replay recorded rows. Run it on a machine that does nothing else.
BENCH_FLEET :=
.PHONY: bench-fleet
bench-fleet:
	go run ./cmd/ombak-bench fleet -into docs/reference/fleet.md $(BENCH_FLEET)

# Builds archives, packages and descriptions of their software for every system into dist, as a release does, and publishes
# nothing (about five minutes).
GORELEASER := github.com/goreleaser/goreleaser/v2@v2.15.1
SYFT       := github.com/anchore/syft/cmd/syft@v1.57.1

release-snapshot: $(TOOLS)/goreleaser $(TOOLS)/syft
	PATH=$(TOOLS):$$PATH $(TOOLS)/goreleaser release --snapshot --clean

$(TOOLS)/goreleaser $(TOOLS)/syft: Makefile
	@echo "installing $(GORELEASER) and $(SYFT) into .tools"
	GOBIN=$(TOOLS) go install $(GORELEASER)
	GOBIN=$(TOOLS) go install $(SYFT)
	@touch $(TOOLS)/goreleaser $(TOOLS)/syft

# The manual page and the completions that go into archives and packages.
release-files:
	mkdir -p $(TOOLS)/release/completions
	go build -o $(TOOLS)/ombak ./cmd/ombak
	$(TOOLS)/ombak man > $(TOOLS)/release/ombak.1
	gzip -n9 < $(TOOLS)/release/ombak.1 > $(TOOLS)/release/ombak.1.gz
	$(TOOLS)/ombak completion bash > $(TOOLS)/release/completions/ombak.bash
	$(TOOLS)/ombak completion zsh > $(TOOLS)/release/completions/_ombak
	$(TOOLS)/ombak completion fish > $(TOOLS)/release/completions/ombak.fish
	$(TOOLS)/ombak completion powershell > $(TOOLS)/release/completions/ombak.ps1

# Tries what a release consists of: two builds of one commit are alike, the package installs and removes (as root), the
# program runs in a folder with nothing else, and the module builds from its zip (about fifteen minutes).
release-check: release-snapshot
	go test -count=1 -tags release -timeout 40m -run '^TestRelease' -v ./cmd/ombak

tools: $(TOOLS)/golangci-lint $(TOOLS)/oapi-codegen

$(TOOLS)/golangci-lint: Makefile
	@echo "installing $(GOLANGCI) into .tools"
	GOBIN=$(TOOLS) go install $(GOLANGCI)

# Other generators: from Debian, and from the Go module proxy at versions that can be built from it.
PEERS          := github.com/tsenart/vegeta/v12@v12.13.0 fortio.org/fortio@v1.63.10 go.k6.io/k6@v1.8.1 github.com/codesenberg/bombardier@v1.2.6 github.com/bojand/ghz/cmd/ghz@v0.93.0
PEERS_PACKAGES := wrk apache2-utils nginx-light nghttp2-client

# Compares the load generator with others on one target (under half an hour; nothing else should
# run) and writes the tables into docs/explanation/benchmarks.md. wrk2 and plow are used where the PATH has them.
bench-load:
	@./install.sh $(PEERS_PACKAGES)
	for peer in $(PEERS); do GOBIN=$(TOOLS)/peers go install $$peer || echo "$$peer cannot be built here and is left out"; done
	go build -o $(TOOLS)/peers/grpc-interop google.golang.org/grpc/interop/server
	go build -o $(TOOLS)/ombak ./cmd/ombak
	go run ./cmd/ombak-bench -ombak $(TOOLS)/ombak -peers $(TOOLS)/peers -into docs/explanation/benchmarks.md
	go run ./cmd/ombak-bench wire -ombak $(TOOLS)/ombak -peers $(TOOLS)/peers -into docs/explanation/benchmarks.md
	go run ./cmd/ombak-bench sockets -ombak $(TOOLS)/ombak -into docs/explanation/benchmarks.md

# Plays the default drill watched and foretold, and neither, in turns, and compares (about half an hour; nothing else should
# run). BENCH_LIVE="-pairs 1 smoke" tries it.
bench-live:
	go build -o $(TOOLS)/ombak ./cmd/ombak
	go run ./cmd/ombak-bench live -ombak $(TOOLS)/ombak $(BENCH_LIVE)

# Measures sign-ups alone on SQLite and PostgreSQL (about six minutes; nothing else should run) and writes
# the table into docs/explanation/benchmarks.md. BENCH_BACKEND="-empty 3s -full 3s -rows 20000" makes it short, and
# -place FOLDER names another disk.
bench-backend:
	@./install.sh postgresql
	go build -o $(TOOLS)/ombak ./cmd/ombak
	go run ./cmd/ombak-bench backend -ombak $(TOOLS)/ombak -into docs/explanation/benchmarks.md $(BENCH_BACKEND)

# Finds the knee of four services, two of which others wrote, fits a model of each at light loads, predicts what the fit
# has not seen, and measures it (about 40 minutes in all, 9 to 11 a service; nothing else should run); writes the tables
# into docs/explanation/accuracy.md and all figures into docs/data. ACCURACY="-services pocketbase" measures one service and
# leaves the figures of the others, ACCURACY="-services pocketbase -for 3s -runs 2" tries it in four minutes, and
# ACCURACY="-services none" makes the tables again.
accuracy: strangers
	@test -d $(TOOLS)/foreign/node_modules/postgraphile || npm install --silent --no-audit --no-fund --prefix $(TOOLS)/foreign $(POSTGRAPHILE) || echo "PostGraphile cannot be installed, so it is not tried"
	@./install.sh postgresql || echo "PostgreSQL cannot be installed, so the backend is tried on SQLite alone"
	go build -o $(TOOLS)/ombak ./cmd/ombak
	go run ./cmd/ombak-bench accuracy -ombak $(TOOLS)/ombak -foreign $(TOOLS)/foreign -into docs/explanation/accuracy.md -data docs/data $(ACCURACY)

# Finds the knee on this machine, fits the simulator at 10 to 60 % of it, and holds what it predicts of
# heavier loads and of the busiest minute against three runs of each (about eighteen minutes; nothing else
# should run); writes the summary into docs/explanation/validation.md and all figures into docs/data. VALIDATE="-for 3s -runs 1 -peak=false" makes it short.
validate:
	go build -o $(TOOLS)/ombak ./cmd/ombak
	go run ./cmd/ombak-bench validation -ombak $(TOOLS)/ombak -into docs/explanation/validation.md -data docs/data $(VALIDATE)

# Kills the backend, and PostgreSQL with it, two hundred times under load on each store.
crash:
	OMBAK_CRASH_ROUNDS=200 go test -count=1 -tags crash -timeout 60m ./backend

# Kills, pauses and cuts off agents of a fleet at random, two hundred times (about half an hour). In every third run the backend
# and the mocks are on two of them.
fleet-crash:
	OMBAK_FLEET_ROUNDS=200 go test -count=1 -tags crash -parallel 6 -timeout 60m -run TestCrashes -v ./fleet

# Kills, stops and crowds backends on each store while people sign up, sets their clocks, breaks their mail server and
# their registry, and plays runs against services that say nothing, for an hour or SIEGE=10m; compares the databases with a
# ledger. SIEGE_FLAGS="-into docs/explanation/security.md" writes the table. With SIEGE_FLAGS="-durability async" it must fail.
# The program has a wall clock that can be set, and is for nothing else.
SIEGE ?= 1h
siege:
	@./install.sh postgresql
	go build -tags siege -o $(TOOLS)/ombak-siege ./cmd/ombak
	go run ./cmd/ombak-bench siege -ombak $(TOOLS)/ombak-siege -for $(SIEGE) $(SIEGE_FLAGS)

# Runs every fuzzer for a minute, or FUZZ=10s.
FUZZ ?= 1m
fuzz:
	@set -e; grep -rl --include=*_test.go '^func Fuzz' . | sort | while read -r file; do \
	  for name in $$(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' $$file); do \
	    echo "$$name in $$(dirname $$file)"; go test -run '^$$' -fuzz "^$$name$$" -fuzztime $(FUZZ) ./$$(dirname $$file); \
	  done; done

# Makes the client with which a test walks the funnel.
$(TOOLS)/oapi-codegen: Makefile
	@echo "installing $(OAPI) into .tools"
	GOBIN=$(TOOLS) go install $(OAPI)

bench:
	@./install.sh python3-simpy3
	@apt-cache show r-cran-simmer >/dev/null 2>&1 && ./install.sh r-cran-simmer || echo "simmer: this Debian has no r-cran-simmer; it is measured where R has the package"
	go test -run '^$$' -bench . -benchmem -timeout 60m ./...

drill:
	go run ./cmd/ombak drill

clean:
	rm -rf $(TOOLS) ombak-out
