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

// maxPixels limits the size of a photo, because decoding a larger one takes too much memory.
const maxPixels = 50_000_000

type photoBody struct {
	SHA256 string `json:"sha256,omitempty"`        // of the photo of the KTP
	Selfie string `json:"selfie_sha256,omitempty"` // of the selfie
}

// photo stores the photo of the KTP, a selfie, or both.
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

// savePhoto stores a photo, beside the database or in it, and removes the one it replaces.
func (s *Server) savePhoto(photo store.Photo) error {
	if s.store.Shared() {
		_, err := s.store.SetPhoto(photo)
		return err
	}
	defer s.lockPhotos(photo.Person)()
	if err := keepPhoto(s.config.PhotoDir, photo.Person, photo.SHA256, photo.Content); err != nil {
		return fmt.Errorf("%w: %w", store.ErrStorage, err)
	}
	unnamed, err := s.store.SetPhoto(photo)
	if errors.Is(err, store.ErrOutOfOrder) {
		unnamed = photo.SHA256 // the person has been erased in the meantime
	}
	return errors.Join(err, dropPhoto(s.config.PhotoDir, photo.Person, unnamed))
}

// lockPhotos locks a person's photos until the caller calls the returned function. Without the lock, one
// request could remove a file that another has just stored.
func (s *Server) lockPhotos(person int64) (done func()) {
	mutex := &s.photos[uint64(person)%uint64(len(s.photos))]
	mutex.Lock()
	return mutex.Unlock
}

// readPhoto reads a photo from the form. It returns nil if the form has none.
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
		return nil, &fault{status: fasthttp.StatusRequestEntityTooLarge, code: "too_large", message: "a photo may have at most 2 MB"}
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

// checkPhoto checks by content that a file is a JPEG or PNG of a valid size, with a beginning and an end. It
// does not decode the pixels; that is left to the programs that view photos.
func checkPhoto(photo []byte) error {
	var decodeConfig func(io.Reader) (image.Config, error)
	var whole bool
	switch {
	case bytes.HasPrefix(photo, []byte("\xff\xd8\xff")):
		decodeConfig, whole = jpeg.DecodeConfig, bytes.Contains(photo, []byte("\xff\xd9")) // phones append data after the end marker
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

// photoPath returns the path of a person's photo. The hash of the content names the file. The person's id
// follows, so that one person's photo can be erased if another person has the same one.
func photoPath(folder string, person int64, name string) string {
	return filepath.Join(folder, name[:2], name+"."+strconv.FormatInt(person, 10))
}

// dropPhoto removes a photo, if it exists.
func dropPhoto(folder string, person int64, name string) error {
	if name == "" {
		return nil
	}
	if err := os.Remove(photoPath(folder, person, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove a photo: %w", err)
	}
	return nil
}

// keepPhoto writes a file atomically: after a crash the file is complete or absent.
func keepPhoto(folder string, person int64, name string, photo []byte) error {
	path := photoPath(folder, person, name)
	folder = filepath.Dir(path)
	if _, err := os.Stat(path); err == nil {
		return nil // the name is the hash of the content
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	file, err := os.CreateTemp(folder, ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) // no effect after the rename
	_, err = file.Write(photo)
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := os.Rename(file.Name(), path); err != nil {
		return err
	}
	return syncFolder(folder)
}

// syncFolder makes a rename durable.
func syncFolder(folder string) error {
	file, err := os.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}
