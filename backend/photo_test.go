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

func TestPhotos(t *testing.T) {
	s := startService(t, nil)
	session := s.sessionsOf(1)[0]
	good := pngOf(t, 8, 8)
	huge := bytes.Clone(good)
	copy(huge[16:24], []byte{0, 1, 0, 0, 0, 1, 0, 0}) // the header's size; the checksum breaks too
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
	s.want("huge", s.upload(session, "photo", huge), 422, "invalid")
	s.want("more than 2 MB", s.upload(session, "photo", append(good, make([]byte, 2<<20)...)), 413, "too_large")
	s.want("no form", s.send("POST", "/v1/photos", session, "image/png", good), 415, "not_multipart")
	s.want("no session", s.upload("", "photo", good), 401, "no_session")
	if a := s.send("GET", "/v1/me", session, "", nil); !strings.Contains(a.body, `"photo":true`) {
		t.Errorf("me: %s", a.body)
	}
}
