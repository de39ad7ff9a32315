package scenarios

import (
	"io/fs"
	"mime"
	"net/http"
	"path/filepath"
)

// File is a file that people upload, as ${file.NAME}. Alone in a part of a multipart body it is sent as a
// file, elsewhere as text.
type File struct {
	File string `yaml:"file" json:"file"`                     // path relative to the scenario
	Type string `yaml:"type,omitempty" json:"type,omitempty"` // media type, as in application/pdf; guessed from the content if empty
}

// maxUpload is the size of the largest file in bytes. Every part of a run holds all files in memory.
const maxUpload = 16 << 20

// Upload returns the content of the named file.
func (s *Scenario) Upload(name string) []byte { return s.uploads[name] }

// readFiles reads the files that people upload.
func (s *Scenario) readFiles(beside fs.FS, hash func([]byte) (int, error)) {
	s.uploads = map[string][]byte{}
	for _, name := range keys(s.Files) {
		file, path := s.Files[name], join("files", name)
		info, err := fs.Stat(beside, filepath.ToSlash(file.File))
		if err == nil && info.Size() > maxUpload {
			s.source.faultAt(path+".file", "use a smaller file", "the file %q has more than 16 MiB", file.File)
			continue
		}
		content, found := s.readBeside(beside, file.File, path+".file", hash)
		if !found {
			continue
		}
		if file.Type == "" {
			file.Type = http.DetectContentType(content)
		} else if _, _, err := mime.ParseMediaType(file.Type); err != nil {
			s.source.faultAt(path+".type", "write it as in application/pdf", "%q is not a media type: %v", file.Type, err)
		}
		s.Files[name], s.uploads[name] = file, content
	}
}

// readBeside returns the content of a file next to the scenario, and adds it to the scenario's hash if hash
// is not nil. If the file cannot be read, it reports a mistake at place.
func (s *Scenario) readBeside(beside fs.FS, file, place string, hash func([]byte) (int, error)) (content []byte, found bool) {
	content, err := fs.ReadFile(beside, filepath.ToSlash(file))
	if err != nil {
		s.source.faultAt(place, "put the file next to the scenario, and give its relative path", "the file %q cannot be read", file)
		return nil, false
	}
	if hash != nil {
		_, _ = hash(content) // a hash never fails
	}
	return content, true
}
