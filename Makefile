# Everything a developer does. Tools are built into .tools from their own modules, at the versions
# named here; nothing else is installed but the Debian packages that packages.sh names.
GOLANGCI := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
TOOLS    := $(CURDIR)/.tools
RACE     ?= -race

.PHONY: test lint unit statistics tools bench drill clean

# What README promises: lint, unit tests with the race detector, statistical tests without it.
test: tools lint unit statistics

lint: tools
	$(TOOLS)/golangci-lint run ./...

unit:
	go vet ./...
	go test $(RACE) -timeout 10m ./...

# Tests that need many replications skip themselves under the race detector; here they run.
statistics:
	go test -timeout 10m -run 'Statistic|KnownAnswer|Coverage' ./...

tools: $(TOOLS)/golangci-lint

$(TOOLS)/golangci-lint: Makefile
	@echo "installing $(GOLANGCI) into .tools"
	GOBIN=$(TOOLS) go install $(GOLANGCI)

bench:
	go test -run '^$$' -bench . -benchmem ./...

drill:
	go run ./cmd/ombak drill

clean:
	rm -rf $(TOOLS) ombak-out
