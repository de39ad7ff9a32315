package drill

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/ombak-sim/ombak/backend/store"
	"github.com/ombak-sim/ombak/setup"
)

// makeKeyBy is the shell command that makes a key file.
const makeKeyBy = "(umask 077; head -c 32 /dev/urandom | base64 > ombak.key)"

// key returns the key of a backend that runs alone: from its file, or from the one next to the SQLite file. A
// PostgreSQL that is removed after the run gets a fresh key.
func (a Alone) key() ([]byte, error) {
	switch {
	case a.KeyFile != "":
		return readKey(a.KeyFile)
	case a.Database == OwnPostgres:
		return newKey(), nil
	case store.IsFile(a.Database):
		return keyBeside(a.Database)
	}
	return nil, setup.Refuse("the key is missing, which all backends of one PostgreSQL share; make it with %s, and give it with --key ombak.key", makeKeyBy)
}

// keyBeside returns the key next to an SQLite file. It makes the key if there is neither a key nor a
// database.
func keyBeside(database string) ([]byte, error) {
	path := database + ".key"
	if absent(path) {
		if !absent(database) {
			return nil, setup.Refuse("the database %s exists, but its key %s is missing; put it back, give the key with --key FILE, or name a fresh database", database, path)
		}
		if absent(filepath.Dir(path)) {
			return nil, setup.Refuse("the folder of the database %s does not exist; make it, or name another with --store sqlite:PATH", database)
		}
		if err := makeKey(path); err != nil {
			return nil, fmt.Errorf("the key %s cannot be made: %w", path, err)
		}
	}
	return readKey(path)
}

func absent(path string) bool {
	_, err := os.Stat(path)
	return errors.Is(err, fs.ErrNotExist)
}

func newKey() []byte {
	key := make([]byte, store.KeySize)
	rand.Read(key) // crypto/rand.Read never fails since Go 1.24
	return key
}

// makeKey writes a new key. After a crash the file is complete or absent. A key that another backend has made
// in the meantime stays.
func makeKey(path string) error {
	file, err := os.CreateTemp(filepath.Dir(path), ".ombak-key-*") // only its owner may read it
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) // by then it has been linked to its final name, or is not needed
	_, err = file.WriteString(base64.StdEncoding.EncodeToString(newKey()) + "\n")
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := os.Link(file.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) { // a rename would replace an existing key
		return err
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// readKey reads a key file, which holds the key as base64 in one line. It returns setup.ErrRefused if the
// file is malformed or others may read it.
func readKey(path string) ([]byte, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, setup.Refuse("the key file %s does not exist; make one with %s", path, makeKeyBy)
	}
	if err != nil {
		return nil, setup.Refuse("the key file cannot be read: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, setup.Refuse("the key file cannot be read: %w", err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, setup.Refuse("the key file %s is open to other users (mode %04o); close it with chmod 600 %s", path, mode, path)
	}
	const longest = 1 << 10 // bytes; a key takes 45
	text, err := io.ReadAll(io.LimitReader(file, longest))
	if err != nil {
		return nil, setup.Refuse("the key file cannot be read: %w", err)
	}
	key, err := parseKey(text)
	if err != nil {
		return nil, setup.Refuse("the key file %s is malformed: %w; make one with %s", path, err, makeKeyBy)
	}
	return key, nil
}

// parseKey reads base64 with its padding and at most one line end.
func parseKey(text []byte) ([]byte, error) {
	if n := len(text); n > 0 && text[n-1] == '\n' {
		text = text[:n-1]
	}
	encoding := base64.StdEncoding.Strict()
	key, err := encoding.DecodeString(string(text))
	switch {
	case err != nil, encoding.EncodedLen(len(key)) != len(text): // the decoder skips line ends
		return nil, fmt.Errorf("it is not base64 in one line")
	case len(key) != store.KeySize:
		return nil, fmt.Errorf("it holds %d bytes, not %d", len(key), store.KeySize)
	}
	return key, nil
}
