package main

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"
)

// sharedDrill is one drill of relaxed.yaml whose files several scripts look at.
type sharedDrill struct {
	folder         string
	once           sync.Once
	stdout, stderr strings.Builder
	err            error
}

func (d *sharedDrill) play() {
	if d.err = writeRelaxed(d.folder); d.err != nil {
		return
	}
	command := exec.Command("ombak", "drill", "relaxed.yaml", "--out", "out")
	command.Dir, command.Stdout, command.Stderr = d.folder, &d.stdout, &d.stderr
	if err := command.Run(); err != nil {
		d.err = fmt.Errorf("the drill that scripts share: %w\n%s%s", err, &d.stdout, &d.stderr)
	}
}

// copy implements drilled FOLDER: the folder becomes a copy of what the drill wrote, and what it said goes
// to the files stdout and stderr.
func (d *sharedDrill) copy(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: drilled FOLDER")
	}
	d.once.Do(d.play)
	ts.Check(d.err)
	ts.Check(os.CopyFS(ts.MkAbs(args[0]), os.DirFS(filepath.Join(d.folder, "out"))))
	ts.Check(os.WriteFile(ts.MkAbs("stdout"), []byte(d.stdout.String()), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs("stderr"), []byte(d.stderr.String()), 0o600))
}

// freePort implements free-port NAME…: each variable becomes a port that nobody listens at, below those
// that the system gives to who asks for any.
func freePort(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: free-port NAME…")
	}
	const first, count, tries = 20000, 12000, 1000
	for _, name := range args {
		found := false
		for range tries {
			port := fmt.Sprint(first + rand.IntN(count))
			listener, err := net.Listen("tcp", "127.0.0.1:"+port)
			if err != nil {
				continue
			}
			ts.Check(listener.Close())
			ts.Setenv(name, port)
			found = true
			break
		}
		if !found {
			ts.Fatalf("no port is free")
		}
	}
}
