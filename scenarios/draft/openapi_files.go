package draft

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"strings"

	"github.com/pb33f/go-yaml"
)

const (
	filesKey  = "x-ombak-files" // where a bundled description holds the other files
	mostFiles = 500
	mostBytes = 16 << 20 // of one file
)

// bundle puts the files to which a description refers into the description, and lets the references lead there. Only
// files in the folder of the description and below are read.
//
// Note: libopenapi can follow references into files itself. It was not used, because the description must be mended where
// a reference leads nowhere, for which all of it has to be at hand, and because it would be one more way to the file
// system and the network.
func (d *draft) bundle(text []byte) []byte {
	var root yaml.Node
	if d.options.Beside == nil || yaml.Unmarshal(text, &root) != nil || len(root.Content) == 0 || root.Content[0].Kind != yaml.MappingNode {
		return text
	}
	b := &bundler{beside: d.options.Beside, places: map[string]string{}, reasons: map[string]string{}}
	d.unreached, d.bundled = b.reasons, map[string]string{}
	b.follow(root.Content[0], "", "#")
	for len(b.waiting) > 0 {
		next := b.waiting[0]
		b.waiting = b.waiting[1:]
		b.follow(next.content, next.file, next.place)
	}
	if len(b.files) == 0 {
		return text
	}
	for file, place := range b.places {
		d.bundled[place] = file
	}
	root.Content[0].Content = append(root.Content[0].Content, &yaml.Node{Kind: yaml.ScalarNode, Value: filesKey}, &yaml.Node{Kind: yaml.MappingNode, Content: b.files})
	bundled, err := yaml.Marshal(&root)
	if err != nil {
		return text
	}
	d.notes.say("%s of the description read from its folder", count(len(b.files)/2, "other file"))
	return bundled
}

// bundler reads the files of a description.
type bundler struct {
	beside  fs.FS
	files   []*yaml.Node      // key, content, key, content…
	places  map[string]string // by file: where its content is, as in #/x-ombak-files/f1
	reasons map[string]string // by file: why it was not read
	waiting []bundledFile
}

type bundledFile struct {
	file, place string
	content     *yaml.Node
}

// follow rewrites the references of one file, whose content is at a place of the bundle.
func (b *bundler) follow(at *yaml.Node, file, place string) {
	eachReference(at, func(_, reference *yaml.Node) { reference.Value = b.rewritten(reference.Value, file, place) })
}

// rewritten returns a reference as it is written in the bundle. One into a file that is not read stays.
func (b *bundler) rewritten(reference, file, place string) string {
	name, fragment, _ := strings.Cut(reference, "#")
	if name == "" {
		if !strings.HasPrefix(fragment, "/") {
			return reference
		}
		return place + fragment
	}
	at, err := b.place(name, file)
	if err != nil {
		b.reasons[name] = ", " + err.Error()
		return reference
	}
	return at + fragment
}

// place returns where the content of a file is in the bundle, and reads the file if it is not there yet. Names are relative
// to the file that refers to them.
func (b *bundler) place(name, from string) (string, error) {
	if address, err := url.Parse(name); err == nil && (address.Scheme != "" || address.Host != "") {
		return "", errors.New("which is on another host, and nothing is fetched")
	}
	if unescaped, err := url.PathUnescape(name); err == nil {
		name = unescaped
	}
	file := path.Join(path.Dir(from), name)
	if path.IsAbs(name) || !fs.ValidPath(file) {
		return "", errors.New("which is outside the folder of the description")
	}
	if at, known := b.places[file]; known {
		return at, nil
	}
	content, err := b.read(file)
	if err != nil {
		return "", err
	}
	key := fmt.Sprintf("f%d", len(b.files)/2+1)
	at := "#/" + filesKey + "/" + key
	b.places[file] = at
	b.files = append(b.files, &yaml.Node{Kind: yaml.ScalarNode, Value: key}, content)
	b.waiting = append(b.waiting, bundledFile{file, at, content})
	return at, nil
}

func (b *bundler) read(file string) (*yaml.Node, error) {
	if len(b.places) >= mostFiles {
		return nil, fmt.Errorf("after %d others, which is the most", mostFiles)
	}
	info, err := fs.Stat(b.beside, file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, errors.New("which is not in the folder of the description")
	case err != nil || !info.Mode().IsRegular():
		return nil, errors.New("which is no regular file in the folder of the description")
	case info.Size() > mostBytes:
		return nil, fmt.Errorf("which has more than %d MiB", mostBytes>>20)
	}
	text, err := fs.ReadFile(b.beside, file)
	if err == nil {
		text, err = unpack(text)
	}
	if err != nil {
		return nil, errors.New("which cannot be read")
	}
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil || len(root.Content) == 0 {
		return nil, errors.New("which is neither YAML nor JSON")
	}
	return root.Content[0], nil
}

// original returns a reference of a bundled description as it leads into a file.
func (d *draft) original(reference string) string {
	pieces := strings.SplitN(reference, "/", 4)
	if len(pieces) < 3 || d.bundled[strings.Join(pieces[:3], "/")] == "" {
		return reference
	}
	file := d.bundled[strings.Join(pieces[:3], "/")]
	if len(pieces) == 3 {
		return file
	}
	return file + "#/" + pieces[3]
}

// fileOf returns the file of a reference.
func fileOf(reference string) string {
	name, _, _ := strings.Cut(reference, "#")
	return name
}
