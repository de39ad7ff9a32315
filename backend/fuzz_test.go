package backend

import (
	"bytes"
	"image"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"
)

func FuzzSelection(f *testing.F) {
	for _, seed := range []string{`{}`, `{"batch":1,"seed":"12345678","places":1}`, `[`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if order, err := parseSelection(body); err == nil && (order.Batch < 1 || order.Places < 1 || len(order.Seed) < 8) {
			t.Errorf("%s was accepted as %+v", body, order)
		}
	})
}

func FuzzPasswordHash(f *testing.F) {
	salt, key := bytes.Repeat([]byte{1}, saltSize), bytes.Repeat([]byte{2}, hashSize)
	for _, seed := range []string{"", "$", encodeHash(salt, key), encodeHash(nil, key)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, encoded string) {
		if salt, key, known := decodeHash(encoded); known && (len(salt) != saltSize || len(key) != hashSize) {
			t.Errorf("%q gives a salt of %d and a key of %d bytes", encoded, len(salt), len(key))
		}
	})
}

// FuzzCheckPhoto checks that accepted photos are small enough to be decoded.
func FuzzCheckPhoto(f *testing.F) {
	var asPNG, asJPEG bytes.Buffer
	small := image.NewGray(image.Rect(0, 0, 3, 2))
	if png.Encode(&asPNG, small) != nil || jpeg.Encode(&asJPEG, small, nil) != nil {
		f.Fatal("no seed")
	}
	for _, seed := range [][]byte{nil, asPNG.Bytes(), asJPEG.Bytes(), []byte("GIF89a"), asPNG.Bytes()[:20]} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, photo []byte) {
		if checkPhoto(photo) != nil {
			return
		}
		config, _, err := image.DecodeConfig(bytes.NewReader(photo))
		if err != nil || config.Width*config.Height > maxPixels {
			t.Errorf("a photo of %d × %d was accepted, %v", config.Width, config.Height, err)
		}
	})
}

// FuzzParseStock checks that only whole numbers within bounds are accepted.
func FuzzParseStock(f *testing.F) {
	for _, seed := range []string{`{}`, `{"count":1}`, `{"count":-1}`, `{"count":1e30}`, `[`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if count, err := parseStock(body); err == nil && (count < 0 || count > largestStock) {
			t.Errorf("%s was accepted as %d", body, count)
		}
	})
}

// FuzzRouteOf checks that a path leads to a route with a stock only if both put together are the path.
func FuzzRouteOf(f *testing.F) {
	for _, seed := range []string{"/", "/v1/stocks/", "/v1/stocks/jab", "/v1/stocks/jab/bookings", "/v1/stocks//bookings", "/v1/stocks/a/b/bookings"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		route, name := routeOf(path)
		if name == "" && route != path || name != "" && strings.Replace(route, "{name}", name, 1) != path {
			t.Errorf("%q leads to %q with the stock %q", path, route, name)
		}
	})
}
