//go:build unix

package postgres

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// account is a user account of the machine.
type account struct {
	name     string
	uid, gid int
}

// unprivileged returns the account that the server runs as, or nil if this process is not root.
func unprivileged() (*account, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		known, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, errUID := strconv.Atoi(known.Uid)
		gid, errGID := strconv.Atoi(known.Gid)
		if errUID == nil && errGID == nil {
			return &account{name, uid, gid}, nil
		}
	}
	return nil, fmt.Errorf("PostgreSQL refuses to run as root, and the machine has no user postgres or nobody; run ombak as another user")
}

// attributes makes a process run as the account, in its own group so that Ctrl-C does not reach it.
func (a *account) attributes() *syscall.SysProcAttr {
	attributes := &syscall.SysProcAttr{Setpgid: true}
	if a != nil {
		attributes.Credential = &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)}
	}
	return attributes
}

// maxTempPath is the longest path of a folder for temporary files. The path of a Unix socket has at most 107
// characters.
const maxTempPath = 60

// place returns where the account can have a folder: the usual folder for temporary files, unless that is private
// or its path is too long.
func (a *account) place() string {
	usual := os.TempDir()
	if len(usual) <= maxTempPath && (a == nil || open(usual)) {
		return usual
	}
	return "/tmp"
}

// open reports whether every user may enter a folder and those above it.
func open(folder string) bool {
	for {
		info, err := os.Stat(folder)
		const pass = 0o001
		if err != nil || info.Mode()&pass == 0 {
			return false
		}
		above := filepath.Dir(folder)
		if above == folder {
			return true
		}
		folder = above
	}
}
