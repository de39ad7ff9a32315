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
	"os"
	"path/filepath"

	"github.com/ombak-sim/ombak/backend/store"
	"github.com/valyala/fasthttp"
)

// maxPixels bounds a photo: beyond, decoding one would take more memory than it is worth.
const maxPixels = 50_000_000

type photoBody struct {
	SHA256 string `json:"sha256"`
}

// photo keeps a photo under the hash of its content.
func (s *Server) photo(ctx *fasthttp.RequestCtx, person store.Person) (reply, error) {
	photo, err := readPhoto(ctx)
	if err != nil {
		return reply{}, err
	}
	if err := checkPhoto(photo); err != nil {
		return reply{}, err
	}
	sum := sha256.Sum256(photo)
	name := hex.EncodeToString(sum[:])
	if err := keepPhoto(s.config.PhotoDir, name, photo); err != nil {
		return reply{}, fmt.Errorf("%w: %w", store.ErrStorage, err)
	}
	if err := s.store.SetPhoto(person.ID, name); err != nil {
		return reply{}, err
	}
	return reply{fasthttp.StatusCreated, photoBody{name}}, nil
}

// readPhoto takes the photo out of the form.
func readPhoto(ctx *fasthttp.RequestCtx) ([]byte, error) {
	header, err := ctx.FormFile("photo")
	switch {
	case errors.Is(err, fasthttp.ErrNoMultipartForm):
		return nil, &fault{status: fasthttp.StatusUnsupportedMediaType, code: "not_multipart", message: "send the photo as multipart/form-data"}
	case err != nil:
		return nil, invalid("the form has no file in the field photo")
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

// keepPhoto writes a file so that after a crash it is there whole or not at all.
func keepPhoto(folder, name string, photo []byte) error {
	folder = filepath.Join(folder, name[:2])
	path := filepath.Join(folder, name)
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
