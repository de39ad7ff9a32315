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

	"github.com/ombak-sim/ombak/backend/store"
	"github.com/valyala/fasthttp"
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
	for _, field := range []struct {
		name string
		kept *string
		set  func(int64, string) error
	}{{"photo", &body.SHA256, s.store.SetPhoto}, {"selfie", &body.Selfie, s.store.SetSelfie}} {
		photo, err := readPhoto(ctx, field.name)
		if err == nil && photo != nil {
			*field.kept, err = s.savePhoto(person.ID, photo)
		}
		if err == nil && photo != nil {
			err = field.set(person.ID, *field.kept)
		}
		if err != nil {
			return reply{}, err
		}
	}
	if body == (photoBody{}) {
		return reply{}, invalid("the form has no file in the field photo or selfie")
	}
	return reply{fasthttp.StatusCreated, body}, nil
}

// savePhoto checks a photo and writes it.
func (s *Server) savePhoto(person int64, photo []byte) (name string, err error) {
	if err := checkPhoto(photo); err != nil {
		return "", err
	}
	sum := sha256.Sum256(photo)
	name = hex.EncodeToString(sum[:])
	if err := keepPhoto(s.config.PhotoDir, person, name, photo); err != nil {
		return "", fmt.Errorf("%w: %w", store.ErrStorage, err)
	}
	return name, nil
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

// checkPhoto makes sure that a file is a JPEG or PNG of a sound size, by its content.
func checkPhoto(photo []byte) error {
	var decodeConfig func(io.Reader) (image.Config, error)
	switch {
	case bytes.HasPrefix(photo, []byte("\xff\xd8\xff")):
		decodeConfig = jpeg.DecodeConfig
	case bytes.HasPrefix(photo, []byte("\x89PNG\r\n\x1a\n")):
		decodeConfig = png.DecodeConfig
	default:
		return &fault{status: fasthttp.StatusUnsupportedMediaType, code: "not_an_image", message: "a photo must be a JPEG or PNG"}
	}
	config, err := decodeConfig(bytes.NewReader(photo))
	if err != nil {
		return invalid("the photo is damaged")
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
