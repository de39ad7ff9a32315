package drill

import (
	"bytes"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/ombak-sim/ombak/backend/store"
	"github.com/ombak-sim/ombak/setup"
)

func TestKeyFiles(t *testing.T) {
	key := bytes.Repeat([]byte{0xfb, 0xef, 0xff, 0x01}, store.KeySize/4)
	text := base64.StdEncoding.EncodeToString(key)
	for _, test := range []struct {
		why, text string
		mode      os.FileMode
		want      string // part of the error; empty means that it is read
	}{
		{"as the command makes it", text + "\n", 0o600, ""},
		{"without a line end, for its reader alone", text, 0o400, ""},
		{"no content", "", 0o600, "holds 0 bytes, not 32"},
		{"too short", base64.StdEncoding.EncodeToString(key[:16]) + "\n", 0o600, "holds 16 bytes, not 32"},
		{"too long", base64.StdEncoding.EncodeToString(append(key[:store.KeySize:store.KeySize], 1)) + "\n", 0o600, "holds 33 bytes, not 32"},
		{"the bytes themselves", string(key), 0o600, "is not base64"},
		{"base64 of addresses", strings.NewReplacer("+", "-", "/", "_").Replace(text), 0o600, "is not base64"},
		{"without padding", strings.TrimRight(text, "="), 0o600, "is not base64"},
		{"bits left over", text[:len(text)-2] + "F=", 0o600, "is not base64"},
		{"two lines", text[:20] + "\n" + text[20:], 0o600, "is not base64"},
		{"a further line", text + "\n\n", 0o600, "is not base64"},
		{"another line", text + "\nx", 0o600, "is not base64"},
		{"the group may read it", text, 0o640, "chmod 600"},
		{"everybody may read it", text, 0o604, "chmod 600"},
	} {
		path := filepath.Join(t.TempDir(), "ombak.key")
		if err := errors.Join(os.WriteFile(path, []byte(test.text), 0o600), os.Chmod(path, test.mode)); err != nil {
			t.Fatal(err)
		}
		got, err := readKey(path)
		if test.want == "" {
			if err != nil || !bytes.Equal(got, key) {
				t.Errorf("%s: %x, %v", test.why, got, err)
			}
			continue
		}
		if !errors.Is(err, setup.ErrRefused) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v; want %q", test.why, err, test.want)
		}
		if test.text != "" && strings.Contains(err.Error(), text[:8]) {
			t.Errorf("%s: the error reveals the key: %v", test.why, err)
		}
	}
}

// TestKeyBesideIsMadeOnce starts many backends at the same moment. All have the same key.
func TestKeyBesideIsMadeOnce(t *testing.T) {
	folder := t.TempDir()
	var keys [16][]byte
	var wait sync.WaitGroup
	for i := range keys {
		wait.Go(func() {
			var err error
			if keys[i], err = keyBeside(filepath.Join(folder, "people.db")); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	for _, key := range keys {
		if len(key) != store.KeySize || !bytes.Equal(key, keys[0]) {
			t.Errorf("keys %x and %x", keys[0], key)
		}
	}
	if names, err := os.ReadDir(folder); err != nil || len(names) != 1 {
		t.Errorf("%v, %v; want the key alone", names, err)
	}
	other, err := keyBeside(filepath.Join(folder, "others.db"))
	if err != nil || bytes.Equal(other, keys[0]) {
		t.Errorf("another database has the key %x, %v", other, err)
	}
}
