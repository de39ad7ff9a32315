package population_test

import (
	"bytes"
	"crypto/sha256"
	"image/jpeg"
	"testing"

	"github.com/ombak-sim/ombak/population"
)

func TestPhotosAreRealAndUnique(t *testing.T) {
	for _, size := range []int{population.SmallestPhoto, 20_000, 200_000, 500_001} {
		photos, err := population.NewPhotos(size)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[[sha256.Size]byte]bool{}
		buffer := make([]byte, 0, size)
		for index := range uint64(200) {
			file := photos.Photo(index, buffer)
			if len(file) != size {
				t.Fatalf("photo has %d bytes, want %d", len(file), size)
			}
			if hash := sha256.Sum256(file); seen[hash] {
				t.Fatalf("photo %d is another's", index)
			} else {
				seen[hash] = true
			}
			if index >= 5 {
				continue
			}
			if _, err := jpeg.Decode(bytes.NewReader(file)); err != nil {
				t.Fatalf("photo %d of %d bytes: %v", index, size, err)
			}
		}
	}
}

func TestPhotosAreMostlyPicture(t *testing.T) {
	const size = 200_000
	photos, err := population.NewPhotos(size)
	if err != nil {
		t.Fatal(err)
	}
	config, err := jpeg.DecodeConfig(bytes.NewReader(photos.Photo(1, nil)))
	if err != nil {
		t.Fatal(err)
	}
	// A grainy picture takes about half a byte per dot; much less would mean that comments fill the file.
	if dots := config.Width * config.Height; dots < size {
		t.Errorf("only %d dots in %d bytes", dots, size)
	}
}

func TestPhotoSizesHaveBounds(t *testing.T) {
	for _, size := range []int{-1, 0, population.SmallestPhoto - 1, population.LargestPhoto + 1} {
		if _, err := population.NewPhotos(size); err == nil {
			t.Errorf("a photo of %d bytes was accepted", size)
		}
	}
}
