package scenarios

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"time"
)

// Recipe says how a scenario was made: from which files, and what was changed since. Another machine makes the same scenario
// of it, without a file of its own.
type Recipe struct {
	File    string            // name of the scenario's file, for the messages of mistakes
	Text    []byte            // its content
	Beside  map[string][]byte // the files that it names, apart from keys and certificates
	Absent  []string          // the names of the keys and certificates, which only live runs need
	Changes []Alteration      // in order
	SHA256  string            // of the scenario, as it must come out
}

// Alteration is a change of a scenario after it was read. Which field holds it follows from its kind.
type Alteration struct {
	Kind     string
	File     string // of a model or of arrivals
	Text     []byte // its content
	Mix      map[string]Share
	Settings []Setting
}

// The kinds of alterations: [Scenario.WithModel], [Scenario.WithArrivals], [Scenario.WithMix] and [Scenario.With].
const (
	alteredModel    = "model"
	alteredArrivals = "arrivals"
	alteredMix      = "mix"
	alteredSettings = "settings"
)

// alter notes a change.
func (src *source) alter(change Alteration) { src.altered = append(slices.Clone(src.altered), change) }

// Recipe returns how the scenario was made. It fails if the scenario has been changed by a function, or if a plan has been
// applied, or if its files have changed since they were read.
func (s *Scenario) Recipe() (Recipe, error) {
	if s.source.untold {
		return Recipe{}, fmt.Errorf("scenario %s has been changed since it was read, in a way that no recipe can tell", s.Name)
	}
	files, err := s.Beside()
	if err != nil {
		return Recipe{}, err
	}
	r := Recipe{File: s.source.file, Text: s.source.text, Beside: files, Changes: s.source.altered, SHA256: s.SHA256()}
	for name := range s.pem {
		if name != "" {
			r.Absent = append(r.Absent, name)
		}
	}
	slices.Sort(r.Absent)
	return r, nil
}

// Make makes the scenario. It reads no file.
func (r Recipe) Make() (*Scenario, error) {
	model, rest := itself, r.Changes
	if len(rest) > 0 && rest[0].Kind == alteredModel { // plans may change stations that only the model has
		first := rest[0]
		model, rest = func(s *Scenario) (*Scenario, error) { return s.WithModel(first.File, first.Text) }, rest[1:]
	}
	beside := carried{}
	for _, name := range r.Absent {
		beside[name] = nil
	}
	for name, text := range r.Beside {
		beside[name] = text
	}
	s, err := parseModelled(r.File, r.Text, beside, model)
	for _, change := range rest {
		if err != nil {
			break
		}
		switch change.Kind {
		case alteredModel:
			s, err = s.WithModel(change.File, change.Text)
		case alteredArrivals:
			s, err = s.withArrivals(change.File, change.Text)
		case alteredMix:
			s, err = s.WithMix(change.Mix)
		case alteredSettings:
			s = s.With(change.Settings...)
		default:
			err = fmt.Errorf("%q is no way to change a scenario", change.Kind)
		}
	}
	if err == nil && s.SHA256() != r.SHA256 {
		err = errors.New("the files of the scenario have changed since they were read; begin again")
	}
	return s, err
}

// carried holds files by name.
type carried map[string][]byte

// Open implements fs.FS.
func (c carried) Open(name string) (fs.File, error) {
	text, known := c[name]
	if !known || !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return &carriedFile{Reader: bytes.NewReader(text), name: name}, nil
}

// carriedFile is an open file, and what is known of it.
type carriedFile struct {
	*bytes.Reader
	name string
}

var (
	_ fs.FileInfo = (*carriedFile)(nil)
	_ io.Reader   = (*carriedFile)(nil)
)

// Stat implements fs.File.
func (f *carriedFile) Stat() (fs.FileInfo, error) { return f, nil }

// Close implements fs.File.
func (*carriedFile) Close() error { return nil }

// Name implements fs.FileInfo.
func (f *carriedFile) Name() string { return f.name }

// Mode implements fs.FileInfo.
func (*carriedFile) Mode() fs.FileMode { return 0o444 }

// ModTime implements fs.FileInfo.
func (*carriedFile) ModTime() time.Time { return time.Time{} }

// IsDir implements fs.FileInfo.
func (*carriedFile) IsDir() bool { return false }

// Sys implements fs.FileInfo.
func (*carriedFile) Sys() any { return nil }
