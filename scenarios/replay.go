package scenarios

import (
	"encoding/json"
	"io/fs"
	"path/filepath"
	"strconv"

	"github.com/ombak-sim/ombak/workload"
)

// recording is a file of answers written by ombak serve mocks --record.
type recording struct {
	Service workload.Distribution `json:"service"`
	Routes  []Answer              `json:"routes"`
}

// Recorded returns the answers of the file that Replay names.
func (d Dependency) Recorded() []Answer { return d.recorded }

// readReplays reads the recordings that dependencies name, next to the scenario.
func (s *Scenario) readReplays(beside fs.FS, hash func([]byte) (int, error)) {
	s.replays = map[string]recording{}
	for _, name := range keys(s.Dependencies) {
		file := s.Dependencies[name].Replay
		if _, known := s.replays[file]; known || file == "" {
			continue
		}
		text, err := fs.ReadFile(beside, filepath.ToSlash(file))
		if err != nil {
			s.source.faultAt(join("dependencies", name)+".replay", "put the file next to the scenario; ombak serve mocks --record writes one", "the file %q cannot be read", file)
			continue
		}
		_, _ = hash(text) // a hash never fails
		var read recording
		if err := json.Unmarshal(text, &read); err != nil {
			s.source.faultAt(join("dependencies", name)+".replay", "ombak serve mocks --record writes such files", "the file %q is not a recording: %v", file, err)
			continue
		}
		s.replays[file] = read
	}
	s.attachReplays()
}

// attachReplays gives each dependency its recorded answers, and its recorded service time if the scenario
// gives none.
func (s *Scenario) attachReplays() {
	for name, dependency := range s.Dependencies {
		read, known := s.replays[dependency.Replay]
		if !known {
			continue
		}
		dependency.recorded = read.Routes
		if dependency.ServiceTime.IsZero() {
			dependency.ServiceTime = read.Service
		}
		s.Dependencies[name] = dependency
	}
}

// validateDependency reports keys that do not apply to a kind of dependency.
func (s *Scenario) validateDependency(path string, d Dependency) {
	isGeneric, isSMS := d.Kind == "generic", d.Kind == "sms"
	switch {
	case !isGeneric && (len(d.Routes) > 0 || d.Replay != ""):
		s.source.faultAt(path, "use kind: generic", "only dependencies of kind generic have routes or replay")
	case !isSMS && (d.Loss > 0 || d.PerNumber > 0):
		s.source.faultAt(path, "use kind: sms", "only dependencies of kind sms have loss or per_number")
	case d.Connections < 0:
		s.source.faultAt(path+".connections", "use 0 (no limit) or more", "the number is negative")
	}
	s.validateStocks(path, d)
	s.validateCalls(path, d)
	for i, f := range d.Faults {
		if _, err := f.Description().Faults(d.Kind); err != nil {
			s.source.faultAt(path+".faults["+strconv.Itoa(i)+"]", "", "%v", err)
		}
	}
}
