package scenarios

import (
	"io/fs"
	"mime"
	"net/http"
	"path/filepath"
)

// File is a file that people upload, as ${file.NAME}: alone in a part of a multipart body it is sent as
// a file, elsewhere as text.
type File struct {
	File string `yaml:"file" json:"file"`                     // beside the scenario
	Type string `yaml:"type,omitempty" json:"type,omitempty"` // media type, as in application/pdf; guessed from the content when empty
}

// mostUpload is the size of the largest file: every part of a run holds them in memory.
const mostUpload = 16 << 20

// Upload returns what a file holds, by its name in Files.
func (s *Scenario) Upload(name string) []byte { return s.uploads[name] }

// readFiles reads the files that people upload.
func (s *Scenario) readFiles(beside fs.FS, hash func([]byte) (int, error)) {
	s.uploads = map[string][]byte{}
	for _, name := range keys(s.Files) {
		file, path := s.Files[name], join("files", name)
		info, err := fs.Stat(beside, filepath.ToSlash(file.File))
		if err == nil && info.Size() > mostUpload {
			s.source.faultAt(path+".file", "take a smaller one", "the file %q has more than 16 MiB", file.File)
			continue
		}
		content, found := s.readBeside(beside, file.File, path+".file", hash)
		if !found {
			continue
		}
		if file.Type == "" {
			file.Type = http.DetectContentType(content)
		} else if _, _, err := mime.ParseMediaType(file.Type); err != nil {
			s.source.faultAt(path+".type", "write it as in application/pdf", "%q is no media type: %v", file.Type, err)
		}
		s.Files[name], s.uploads[name] = file, content
	}
}

// readBeside returns what a file beside the scenario holds, and lets it count for the scenario's hash
// where there is one; or it reports at the place that names the file that it cannot be read.
func (s *Scenario) readBeside(beside fs.FS, file, place string, hash func([]byte) (int, error)) (content []byte, found bool) {
	content, err := fs.ReadFile(beside, filepath.ToSlash(file))
	if err != nil {
		s.source.faultAt(place, "put the file beside the scenario, and name it relative to it", "the file %q cannot be read", file)
		return nil, false
	}
	if hash != nil {
		_, _ = hash(content) // a hash never fails
	}
	return content, true
}
