package backend

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/valyala/fasthttp"

	"github.com/ombak-sim/ombak/backend/store"
)

// maxPixels bounds a photo: beyond, decoding one would take more memory than it is worth.
const maxPixels = 50_000_000

type photoBody struct {
	SHA256 string `json:"sha256,omitempty"`        // of the KTP's photo
	Selfie string `json:"selfie_sha256,omitempty"` // of the selfie
}

// photo keeps the photo of the KTP, a selfie, or both.
func (s *Server) photo(ctx *fasthttp.RequestCtx, person store.Person) (reply, error) {
	var body photoBody
	var photos []store.Photo
	for _, field := range []struct {
		name string
		kept *string
	}{{"photo", &body.SHA256}, {"selfie", &body.Selfie}} {
		content, err := readPhoto(ctx, field.name)
		if err != nil {
			return reply{}, err
		}
		if content == nil {
			continue
		}
		if err := checkPhoto(content); err != nil {
			return reply{}, err
		}
		sum := sha256.Sum256(content)
		*field.kept = hex.EncodeToString(sum[:])
		photos = append(photos, store.Photo{Person: person.ID, Selfie: field.name == "selfie", SHA256: *field.kept, Content: content})
	}
	if len(photos) == 0 {
		return reply{}, invalid("the form has no file in the field photo or selfie")
	}
	for _, photo := range photos {
		if err := s.savePhoto(photo); err != nil {
			return reply{}, err
		}
	}
	return reply{fasthttp.StatusCreated, body}, nil
}

// savePhoto keeps a photo, beside the database or in it, and removes the one that it replaces.
func (s *Server) savePhoto(photo store.Photo) error {
	if s.store.Shared() {
		_, err := s.store.SetPhoto(photo)
		return err
	}
	defer s.photoOf(photo.Person)()
	if err := keepPhoto(s.config.PhotoDir, photo.Person, photo.SHA256, photo.Content); err != nil {
		return fmt.Errorf("%w: %w", store.ErrStorage, err)
	}
	unnamed, err := s.store.SetPhoto(photo)
	if errors.Is(err, store.ErrOutOfOrder) {
		unnamed = photo.SHA256 // the person has been erased meanwhile
	}
	return errors.Join(err, dropPhoto(s.config.PhotoDir, photo.Person, unnamed))
}

// photoOf lets one request at a time change a person's photos, until the caller calls what it returns: else a file
// could go that was named again meanwhile.
func (s *Server) photoOf(person int64) (done func()) {
	mutex := &s.photos[uint64(person)%uint64(len(s.photos))]
	mutex.Lock()
	return mutex.Unlock
}

// readPhoto takes a photo out of the form; nil means that there is none.
func readPhoto(ctx *fasthttp.RequestCtx, field string) ([]byte, error) {
	header, err := ctx.FormFile(field)
	switch {
	case errors.Is(err, fasthttp.ErrNoMultipartForm):
		return nil, &fault{status: fasthttp.StatusUnsupportedMediaType, code: "not_multipart", message: "send the photo as multipart/form-data"}
	case errors.Is(err, fasthttp.ErrMissingFile):
		return nil, nil
	case err != nil:
		return nil, invalid("the form cannot be read")
	case header.Size > maxPhoto:
		return nil, &fault{status: fasthttp.StatusRequestEntityTooLarge, code: "too_large", message: "a photo may have 2 MB"}
	}
	file, err := header.Open()
	if err != nil {
		return nil, fmt.Errorf("open the photo: %w", err)
	}
	defer file.Close()
	photo, err := io.ReadAll(file)
	if err != nil {
		return nil, fmt.Errorf("read the photo: %w", err)
	}
	return photo, nil
}

// checkPhoto makes sure that a file is a JPEG or PNG of a sound size with its beginning and its end, by its content. It
// does not decode the pixels: that is for whoever looks at them, apart from the service.
func checkPhoto(photo []byte) error {
	var decodeConfig func(io.Reader) (image.Config, error)
	var whole bool
	switch {
	case bytes.HasPrefix(photo, []byte("\xff\xd8\xff")):
		decodeConfig, whole = jpeg.DecodeConfig, bytes.Contains(photo, []byte("\xff\xd9")) // phones put more behind the end
	case bytes.HasPrefix(photo, []byte("\x89PNG\r\n\x1a\n")):
		decodeConfig, whole = png.DecodeConfig, bytes.HasSuffix(photo, []byte("IEND\xaeB`\x82"))
	default:
		return &fault{status: fasthttp.StatusUnsupportedMediaType, code: "not_an_image", message: "a photo must be a JPEG or PNG"}
	}
	config, err := decodeConfig(bytes.NewReader(photo))
	if err != nil || !whole {
		return invalid("the photo is damaged or cut short")
	}
	if config.Width < 1 || config.Height < 1 || config.Width > maxPixels/config.Height {
		return invalid("the photo has too many pixels")
	}
	return nil
}

// photoPath is where a person's photo is. The hash of the content names it; the person's number stands
// beside it, so that one may be erased though another person has the same.
func photoPath(folder string, person int64, name string) string {
	return filepath.Join(folder, name[:2], name+"."+strconv.FormatInt(person, 10))
}

// dropPhoto removes a photo, if there is one.
func dropPhoto(folder string, person int64, name string) error {
	if name == "" {
		return nil
	}
	if err := os.Remove(photoPath(folder, person, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove a photo: %w", err)
	}
	return nil
}

// keepPhoto writes a file so that after a crash it is there whole or not at all.
func keepPhoto(folder string, person int64, name string, photo []byte) error {
	path := photoPath(folder, person, name)
	folder = filepath.Dir(path)
	if _, err := os.Stat(path); err == nil {
		return nil // the name is the content
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	file, err := os.CreateTemp(folder, ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) // does nothing once it is renamed
	_, err = file.Write(photo)
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := os.Rename(file.Name(), path); err != nil {
		return err
	}
	return syncFolder(folder)
}

// syncFolder makes a rename last.
func syncFolder(folder string) error {
	file, err := os.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}
