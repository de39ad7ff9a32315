package postgres

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// account is a user of the machine.
type account struct {
	name     string
	uid, gid int
}

// unprivileged returns whom the server is to run as, or nil when this process is not root.
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
	return nil, fmt.Errorf("PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody; run as another user")
}

// attributes make a process run as the account, and apart from the terminal's Ctrl-C.
func (a *account) attributes() *syscall.SysProcAttr {
	attributes := &syscall.SysProcAttr{Setpgid: true}
	if a != nil {
		attributes.Credential = &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)}
	}
	return attributes
}

// longest is the most that a folder for temporary files may have of the 107 characters that the path
// of a Unix socket has.
const longest = 60

// place is where the account may have a folder: the usual one for temporary files, unless that is
// somebody's own or its name is too long.
func (a *account) place() string {
	usual := os.TempDir()
	if len(usual) <= longest && (a == nil || open(usual)) {
		return usual
	}
	return "/tmp"
}

// open tells whether everybody may pass through a folder and those above it.
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
