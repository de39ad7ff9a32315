package scenarios

import (
	"fmt"
	"io/fs"
)

// maxBeside is the size of the largest file that a scenario may name, in bytes.
const maxBeside = 1 << 30

// besideFS opens the files next to a scenario. The file system below refuses links out of the folder; this one refuses
// what is no regular file, such as a pipe, which would never end, and files above maxBeside.
type besideFS struct{ folder fs.FS }

var _ fs.StatFS = besideFS{}

// Open implements fs.FS.
func (b besideFS) Open(name string) (fs.File, error) {
	if _, err := b.Stat(name); err != nil {
		return nil, err
	}
	return b.folder.Open(name)
}

// Stat implements fs.StatFS.
func (b besideFS) Stat(name string) (fs.FileInfo, error) {
	info, err := fs.Stat(b.folder, name)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is no regular file", name)
	case info.Size() > maxBeside:
		return nil, fmt.Errorf("%s has more than %d MiB", name, maxBeside>>20)
	}
	return info, nil
}
