package backend_test

import (
	"bytes"
	"errors"
	"image"
	"image/png"
	"mime/multipart"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func pngOf(t testing.TB, width, height int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, width, height))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func (s *service) upload(session, field string, photo []byte) answer {
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	part, err := form.CreateFormFile(field, "ktp.png")
	if err == nil {
		_, err = part.Write(photo)
	}
	if err := errors.Join(err, form.Close()); err != nil {
		s.t.Fatal(err)
	}
	return s.send("POST", "/v1/photos", session, form.FormDataContentType(), b.Bytes())
}

// kept returns the stored photo files.
func (s *service) kept() []string {
	files, err := filepath.Glob(filepath.Join(s.config.PhotoDir, "*", "*"))
	if err != nil {
		s.t.Fatal(err)
	}
	return files
}

// TestPhotosGo checks that a replaced photo is removed, and that erasing a person leaves no photo, even if
// another upload runs at the same time.
func TestPhotosGo(t *testing.T) {
	s := startService(t, nil)
	sessions := s.sessionsOf(20)
	first := sessions[0]
	for i := range 5 {
		s.want("a photo", s.upload(first, "photo", pngOf(t, 8+i, 8)), 201, "")
	}
	s.want("the same as a selfie", s.upload(first, "selfie", pngOf(t, 12, 8)), 201, "")
	s.want("another photo", s.upload(first, "photo", pngOf(t, 20, 8)), 201, "")
	if n := len(s.kept()); n != 2 {
		t.Errorf("%d files for a photo and a selfie", n)
	}
	var wait sync.WaitGroup
	for i, session := range sessions {
		photo := pngOf(t, 30+i, 8)
		wait.Go(func() {
			if a := s.upload(session, "photo", photo); a.status != 201 && a.status != 401 {
				t.Errorf("a photo while the person is erased: %v", a)
			}
		})
		wait.Go(func() { s.want("erased", s.send("DELETE", "/v1/me", session, "", nil), 200, "") })
	}
	wait.Wait()
	if files := s.kept(); len(files) != 0 {
		t.Errorf("files left after erasure: %v", files)
	}
}

// TestErasingCanBeRepeated checks that a failed erasure keeps the person and the session, so that the request
// can be repeated.
func TestErasingCanBeRepeated(t *testing.T) {
	s := startService(t, nil)
	session := s.sessionsOf(1)[0]
	s.want("a photo", s.upload(session, "photo", pngOf(t, 8, 8)), 201, "")
	file := s.kept()[0]
	if err := errors.Join(os.Rename(file, file+".away"), os.MkdirAll(filepath.Join(file, "in the way"), 0o700)); err != nil {
		t.Fatal(err)
	}
	if a := s.send("DELETE", "/v1/me", session, "", nil); a.status != 500 {
		t.Errorf("erased though the photo could not be removed: %v", a)
	}
	if err := errors.Join(os.RemoveAll(file), os.Rename(file+".away", file)); err != nil {
		t.Fatal(err)
	}
	s.want("again", s.send("DELETE", "/v1/me", session, "", nil), 200, "")
	if files := s.kept(); len(files) != 0 {
		t.Errorf("files left after erasure: %v", files)
	}
}

func TestPhotos(t *testing.T) {
	s := startService(t, nil)
	session := s.sessionsOf(1)[0]
	good := pngOf(t, 8, 8)
	huge := bytes.Clone(good)
	copy(huge[16:24], []byte{0, 1, 0, 0, 0, 1, 0, 0}) // the size in the header; this also breaks the checksum
	for range 2 {
		a := s.upload(session, "photo", good)
		s.want("a photo", a, 201, "")
		name := strings.Split(a.body, `"`)[3]
		kept, err := os.ReadFile(filepath.Join(s.config.PhotoDir, name[:2], name+".1"))
		if err != nil || !bytes.Equal(kept, good) {
			t.Errorf("kept %d bytes, %v", len(kept), err)
		}
	}
	s.want("another field", s.upload(session, "portrait", good), 422, "invalid")
	s.want("a text", s.upload(session, "photo", []byte("hello")), 415, "not_an_image")
	s.want("cut short", s.upload(session, "photo", good[:20]), 422, "invalid")
	s.want("truncated after its header", s.upload(session, "photo", good[:len(good)-5]), 422, "invalid")
	s.want("with data after its end", s.upload(session, "photo", append(bytes.Clone(good), "<?php"...)), 422, "invalid")
	s.want("huge", s.upload(session, "photo", huge), 422, "invalid")
	s.want("more than 2 MB", s.upload(session, "photo", append(good, make([]byte, 2<<20)...)), 413, "too_large")
	s.want("no form", s.send("POST", "/v1/photos", session, "image/png", good), 415, "not_multipart")
	s.want("no session", s.upload("", "photo", good), 401, "no_session")
	if a := s.send("GET", "/v1/me", session, "", nil); !strings.Contains(a.body, `"photo":true`) {
		t.Errorf("me: %s", a.body)
	}
}
