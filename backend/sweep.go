package backend

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/ombak-sim/ombak/backend/store"
)

// sweepPhotos removes the photos that belong to nobody, which a killed process leaves: files that were being written, and
// whole ones that were never recorded, or whose person has been erased. It runs beside requests.
func (s *Server) sweepPhotos(ctx context.Context) {
	err := filepath.WalkDir(s.config.PhotoDir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || ctx.Err() != nil {
			return errors.Join(err, ctx.Err())
		}
		if !entry.Type().IsRegular() {
			return nil
		}
		return s.sweepPhoto(ctx, path, entry)
	})
	if err != nil && ctx.Err() == nil && !errors.Is(err, fs.ErrNotExist) {
		s.config.Log.Error("remove photos that belong to nobody", "error", err)
	}
}

func (s *Server) sweepPhoto(ctx context.Context, path string, entry fs.DirEntry) error {
	if strings.HasPrefix(entry.Name(), ".new-") {
		info, err := entry.Info()
		if err != nil || info.ModTime().After(s.began) {
			return nil // of this process, or already renamed
		}
		return os.Remove(path)
	}
	name, owner, _ := strings.Cut(entry.Name(), ".")
	id, err := parseRow(owner)
	if err != nil || len(name) != 64 {
		return nil // not of ombak
	}
	defer s.lockPhotos(id)()
	person, err := s.store.Person(ctx, id)
	if err != nil && !errors.Is(err, store.ErrUnknown) {
		return err
	}
	if person.Photo == name || person.Selfie == name {
		return nil
	}
	return os.Remove(path)
}
