package scenarios

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"sort"
	"strings"
)

//go:embed *.yaml *.csv
var library embed.FS

// maxFile is the size of the largest scenario or file of counts, in bytes.
const maxFile = 64 << 20

// Bundled returns the names of the scenarios that come with ombak, sorted.
func Bundled() []string {
	entries, err := fs.Glob(library, "*.yaml")
	if err != nil {
		panic(err) // the pattern is constant and valid
	}
	for i := range entries {
		entries[i] = strings.TrimSuffix(entries[i], ".yaml")
	}
	sort.Strings(entries)
	return entries
}

// Load reads a bundled scenario by name, or else a scenario file. Mistakes in its content are returned as
// [Mistakes].
func Load(name string) (*Scenario, error) { return load(name, itself) }

// LoadModelled reads a scenario as Load does, with the parameters of a model; see [Scenario.WithModel]. Its plans may
// change stations that only the model has.
func LoadModelled(name, file string, model []byte) (*Scenario, error) {
	return load(name, func(s *Scenario) (*Scenario, error) { return s.WithModel(file, model) })
}

func itself(s *Scenario) (*Scenario, error) { return s, nil }

func load(name string, model func(*Scenario) (*Scenario, error)) (*Scenario, error) {
	if text, err := library.ReadFile(name + ".yaml"); err == nil {
		return parseModelled(name+".yaml", text, library, model)
	}
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("scenario %q is neither bundled (%s) nor a file; ombak scenario list shows the bundled ones", name, hintWord(name, Bundled()))
	case err != nil:
		return nil, fmt.Errorf("scenario %q: %w", name, err)
	case info.IsDir() || info.Size() > maxFile:
		return nil, fmt.Errorf("scenario %q is a folder or larger than %d MiB; give a YAML file", name, maxFile>>20)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("scenario %q: %w", name, err)
	}
	root, err := os.OpenRoot(filepath.Dir(name))
	if err != nil {
		return nil, fmt.Errorf("scenario %q: %w", name, err)
	}
	defer root.Close()
	whole, err := parseModelled(name, text, besideFS{root.FS()}, model)
	if whole != nil && whole.source != nil {
		whole.source.folder = filepath.Dir(name)
	}
	return whole, err
}

// Beside returns the files that the scenario names, apart from keys and certificates, by name.
func (s *Scenario) Beside() (map[string][]byte, error) {
	files := map[string][]byte{}
	for _, name := range s.source.beside {
		var text []byte
		var err error
		if s.source.folder == "" {
			text, err = library.ReadFile(name)
		} else {
			text, err = os.ReadFile(filepath.Join(s.source.folder, filepath.FromSlash(name)))
		}
		if err != nil {
			return nil, fmt.Errorf("the file %s of the scenario: %w", name, err)
		}
		files[name] = text
	}
	return files, nil
}

// Source returns the text of the scenario as it was read.
func (s *Scenario) Source() []byte { return s.source.text }

// SHA256 returns the hash of the scenario and the files that it names, in hexadecimal.
func (s *Scenario) SHA256() string { return s.source.sha256 }

// Plan returns the name of the plan that was applied, or "".
func (s *Scenario) Plan() string { return s.plan }

// Parse reads a scenario. Files that it names are read from beside.
func Parse(file string, text []byte, beside fs.FS) (*Scenario, error) {
	return parseModelled(file, text, beside, itself)
}

// parseModelled reads a scenario and changes it by a model before its plans are checked.
func parseModelled(file string, text []byte, beside fs.FS, model func(*Scenario) (*Scenario, error)) (*Scenario, error) {
	src, err := parse(file, text)
	if err != nil {
		return nil, err
	}
	var s Scenario
	src.decode(src.root, reflect.ValueOf(&s).Elem(), "")
	s.source = src
	s.adoptSteps()
	hash := sha256.New()
	hash.Write(text)
	seen, keyFiles := noted{beside, map[string]bool{}}, beside
	beside = seen
	s.readArrivals(beside, hash.Write)
	s.readFeeders(beside, hash.Write)
	s.readFiles(beside, hash.Write)
	s.readProtos(beside, hash.Write)
	s.readPEM(keyFiles)
	s.readReplays(beside, hash.Write)
	src.beside = slices.Sorted(maps.Keys(seen.names))
	src.sha256 = hex.EncodeToString(hash.Sum(nil))
	s.applyDefaults()
	s.validate()
	if err := src.err(); err != nil {
		return &s, err
	}
	whole, err := model(&s)
	if err != nil {
		return nil, err
	}
	src = whole.source
	for _, plan := range whole.Plans {
		if len(src.mistakes) > 0 {
			break
		}
		if _, err := whole.WithPlan(plan.Name); err != nil {
			src.mistakes = append(src.mistakes, asMistakes(err, file)...)
		}
	}
	if len(src.mistakes) == 0 {
		whole.validateUncertain()
		whole.validateSearch()
	}
	return whole, src.err()
}

func asMistakes(err error, file string) Mistakes {
	var mistakes Mistakes
	if errors.As(err, &mistakes) {
		return mistakes
	}
	return Mistakes{{File: file, Line: 1, Column: 1, Message: err.Error()}}
}
