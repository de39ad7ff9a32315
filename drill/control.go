package drill

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Control holds what is needed to control the mocks of a running drill, or another part that takes a token.
type Control struct {
	URL   string `json:"url"`
	Token string `json:"token"`
}

// controlFile is in the output folder while the drill runs. Only its owner may read it.
const controlFile = "control.json"

// NewToken returns a secret that nobody can guess.
func NewToken() string { return rand.Text() }

// WriteControl writes the control file of a folder, readable only by its owner.
func WriteControl(folder string, control Control) error {
	return WriteSecret(filepath.Join(folder, controlFile), control)
}

// WriteSecret writes a value as JSON into a file that only its owner may read.
func WriteSecret(name string, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	_ = os.Remove(name) // an earlier run may have left one with other permissions
	return os.WriteFile(name, append(text, '\n'), 0o600)
}

func removeControl(folder string) {
	_ = os.Remove(filepath.Join(folder, controlFile)) // a run without mocks has none
}

// ReadControl returns the control of the drill that writes into a folder.
func ReadControl(folder string) (Control, error) {
	var control Control
	text, err := os.ReadFile(filepath.Join(folder, controlFile))
	if errors.Is(err, fs.ErrNotExist) {
		return control, fmt.Errorf("no drill with mocks is writing into %s; name its folder with --out, or give --url and --token", folder)
	}
	if err == nil {
		err = json.Unmarshal(text, &control)
	}
	if err != nil {
		return control, fmt.Errorf("finding the drill of %s: %w", folder, err)
	}
	return control, nil
}

// LatestControl returns the control of the drill that began last among those whose folders are in parent.
func LatestControl(parent string) (Control, error) {
	latest, found := LatestWith(parent, controlFile)
	if !found {
		return Control{}, fmt.Errorf("no running drill has its folder in %s; name its folder with --out DIR, or give --url and --token", parent)
	}
	return ReadControl(latest)
}

// LatestWith returns the folder in parent whose file of a name was written last.
func LatestWith(parent, name string) (folder string, found bool) {
	files, _ := filepath.Glob(filepath.Join(parent, "*", name)) // the pattern is well formed
	var newest fs.FileInfo
	for _, file := range files {
		if info, err := os.Stat(file); err == nil && (newest == nil || info.ModTime().After(newest.ModTime())) {
			folder, newest = filepath.Dir(file), info
		}
	}
	return folder, newest != nil
}
