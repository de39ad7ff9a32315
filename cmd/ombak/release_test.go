//go:build release

package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	modules "golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

// These tests try what make release-snapshot left in dist.
const (
	sources = "../.."
	dist    = sources + "/dist"
)

// mostBytes is the largest size of the program, and quickStart the longest time that it takes to print its version.
const (
	mostBytes  = 80 << 20
	quickStart = 60 * time.Millisecond
)

// call runs a command and returns what it printed.
func call(t *testing.T, folder string, environment []string, name string, arguments ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), name, arguments...)
	command.Dir, command.Env = folder, append(os.Environ(), environment...)
	text, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(arguments, " "), err, text)
	}
	return string(text)
}

// TestReleaseIsTheSameTwice builds the commit again: the archives and packages are the same byte for byte. What describes
// the software in them holds the time at which it was made.
func TestReleaseIsTheSameTwice(t *testing.T) {
	before := sums(t)
	if len(before) != 6+4 {
		t.Errorf("dist holds %d archives and packages, not 6 archives and a deb and an rpm for each Linux, beside others: %v", len(before), before)
	}
	call(t, sources, nil, "make", "release-snapshot")
	for name, sum := range sums(t) {
		if before[name] != sum {
			t.Errorf("%s differs between two builds", name)
		}
	}
	listed, err := os.ReadFile(filepath.Join(dist, "checksums.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for name, sum := range before {
		if !strings.Contains(string(listed), sum+"  "+name) {
			t.Errorf("checksums.txt lacks %s", name)
		}
	}
}

// sums returns the SHA-256 of each archive and package.
func sums(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, pattern := range []string{"*.tar.gz", "*.zip", "*.deb", "*.rpm"} {
		names, err := filepath.Glob(filepath.Join(dist, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			sum := sha256.Sum256(text)
			all[filepath.Base(name)] = hex.EncodeToString(sum[:])
		}
	}
	return all
}

// TestReleaseOfPackage installs the package, runs the program, and removes it. Nothing is left.
func TestReleaseOfPackage(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root installs packages")
	}
	call(t, dist, nil, "dpkg", "--install", "ombak_0.1.0-snapshot_linux_"+runtime.GOARCH+".deb")
	removed := false
	remove := func() {
		if !removed {
			removed = true
			call(t, dist, nil, "dpkg", "--purge", "ombak")
		}
	}
	defer remove()
	files := strings.Fields(call(t, dist, nil, "dpkg", "--listfiles", "ombak"))
	if said := call(t, dist, nil, "/usr/bin/ombak", "version"); !strings.HasPrefix(said, "ombak 0.1.0-snapshot ") {
		t.Errorf("the installed program says %q", said)
	}
	for _, name := range []string{"/usr/share/man/man1/ombak.1.gz", "/usr/share/bash-completion/completions/ombak"} {
		if _, err := os.Stat(name); err != nil {
			t.Error(err)
		}
	}
	remove()
	for _, name := range files {
		if info, err := os.Stat(name); err == nil && !info.IsDir() {
			t.Errorf("%s is left", name)
		}
	}
}

// TestReleaseRunsAlone runs the program in a folder that holds nothing else, and weighs it.
func TestReleaseRunsAlone(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root changes the root folder")
	}
	folder := t.TempDir()
	call(t, folder, nil, "tar", "-xzf", absolute(t, dist+"/ombak_0.1.0-snapshot_linux_"+runtime.GOARCH+".tar.gz"))
	alone := t.TempDir()
	call(t, folder, nil, "cp", "ombak", alone)
	if said := call(t, alone, nil, "chroot", alone, "/ombak", "version"); !strings.HasPrefix(said, "ombak 0.1.0-snapshot ") {
		t.Errorf("the program says %q", said)
	}
	if said := call(t, alone, nil, "chroot", alone, "/ombak", "simulate", "smoke", "--out", "/out", "--quiet"); !strings.Contains(said, "verdict: pass") {
		t.Errorf("a simulation says %s", said)
	}
	for _, name := range []string{"man/ombak.1", "completions/_ombak", "LICENSE", "CHANGELOG.md", "README.md"} {
		if info, err := os.Stat(filepath.Join(folder, name)); err != nil || info.Size() == 0 {
			t.Errorf("the archive lacks %s: %v", name, err)
		}
	}
	info, err := os.Stat(filepath.Join(alone, "ombak"))
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() > mostBytes {
		t.Errorf("the program has %d bytes", info.Size())
	}
	best := time.Hour
	for range 10 {
		began := time.Now()
		call(t, alone, nil, "./ombak", "version")
		best = min(best, time.Since(began))
	}
	if t.Logf("%d bytes, started in %v", info.Size(), best); best > quickStart {
		t.Errorf("the program takes %v to start", best)
	}
}

func absolute(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(name)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// TestReleaseIsDescribed checks that every archive has a description of the software in it.
func TestReleaseIsDescribed(t *testing.T) {
	names, err := filepath.Glob(filepath.Join(dist, "*.sbom.json"))
	if err != nil || len(names) != 6 {
		t.Fatalf("dist holds %d descriptions of software, %v", len(names), err)
	}
	for _, name := range names {
		var described struct {
			Packages []struct {
				Name string `json:"name"`
			} `json:"packages"`
		}
		text, err := os.ReadFile(name)
		if err == nil {
			err = json.Unmarshal(text, &described)
		}
		if err != nil || len(described.Packages) < 50 || !bytes.Contains(text, []byte("valyala/fasthttp")) {
			t.Errorf("%s lists %d packages, %v", name, len(described.Packages), err)
		}
	}
}

// TestReleaseFromModule installs the program from the zip of its module, as go install does, with nothing but the modules
// that this machine has.
func TestReleaseFromModule(t *testing.T) {
	version := modules.Version{Path: "github.com/ombak-sim/ombak", Version: "v0.1.0"}
	proxy := t.TempDir()
	folder := filepath.Join(proxy, version.Path, "@v")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	packed, err := os.Create(filepath.Join(folder, "v0.1.0.zip"))
	if err != nil {
		t.Fatal(err)
	}
	if err := zip.CreateFromVCS(packed, version, absolute(t, sources), "HEAD", ""); err != nil {
		t.Fatal(err)
	}
	if err := packed.Close(); err != nil {
		t.Fatal(err)
	}
	described, err := os.ReadFile(sources + "/go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"v0.1.0.mod": string(described), "v0.1.0.info": `{"Version":"v0.1.0"}`, "list": "v0.1.0\n"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	known := strings.TrimSpace(call(t, ".", nil, "go", "env", "GOMODCACHE"))
	home := t.TempDir()
	call(t, t.TempDir(), []string{
		"GOPROXY=file://" + proxy + ",file://" + known + "/cache/download", "GONOSUMDB=*", "GOFLAGS=-modcacherw -trimpath", "GOMODCACHE=" + filepath.Join(home, "mod"), "GOBIN=" + home,
	}, "go", "install", "-ldflags=-s -w", "github.com/ombak-sim/ombak/cmd/ombak@v0.1.0")
	if said := call(t, home, nil, "./ombak", "version"); !strings.HasPrefix(said, "ombak 0.1.0 ") {
		t.Errorf("the program from the module says %q", said)
	}
	if said := call(t, home, nil, "./ombak", "scenario", "list"); !strings.Contains(said, "prakerja-2020") {
		t.Errorf("the program from the module lacks its scenarios: %s", said)
	}
}
