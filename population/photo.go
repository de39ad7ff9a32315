package population

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"math"
	"math/rand/v2"
)

// The sizes that photos may have, in bytes.
const (
	SmallestPhoto = 5_000
	LargestPhoto  = 4_000_000
)

// Photos makes JPEG files of one size. A few pictures are drawn once. A person's file is one of them with a comment segment
// that holds the index, so that the files of two people have different hashes.
type Photos struct {
	pictures [][]byte // complete files, shorter than the size by one index segment
}

const (
	pictureCount = 4
	quality      = 75
	aspect       = 1.6  // width over height, about that of an identity card (85.6 mm × 54 mm)
	bytesPerDot  = 0.65 // of such a picture at this quality
	headLength   = 2    // start of image
	segmentHead  = 4    // marker and length
	segmentMost  = 2 + math.MaxUint16
	indexDigits  = 20
	indexSegment = segmentHead + indexDigits
)

// NewPhotos draws the pictures for files of exactly size bytes.
func NewPhotos(size int) (Photos, error) {
	if size < SmallestPhoto || size > LargestPhoto {
		return Photos{}, fmt.Errorf("photo size is %d bytes; it must lie between %d and %d", size, SmallestPhoto, LargestPhoto)
	}
	var photos Photos
	for variant := range uint64(pictureCount) {
		picture, err := pictureOf(size-indexSegment, variant)
		if err != nil {
			return Photos{}, err
		}
		photos.pictures = append(photos.pictures, picture)
	}
	return photos, nil
}

// Photo writes the file of a person into buffer from its beginning, grows the buffer if necessary, and returns it. For a
// second file of the same person add [Size] to the index.
func (p Photos) Photo(index uint64, buffer []byte) []byte {
	picture := p.pictures[index%pictureCount]
	buffer = append(buffer[:0], picture[:headLength]...)
	buffer = appendSegment(buffer, indexSegment)
	buffer = appendDigits(buffer, index, indexDigits)
	return append(buffer, picture[headLength:]...)
}

// pictureOf returns a file of exactly size bytes: the largest picture that fits, and comments that fill the rest.
func pictureOf(size int, variant uint64) ([]byte, error) {
	height := math.Sqrt(float64(size) / bytesPerDot / aspect)
	for {
		var file bytes.Buffer
		if err := jpeg.Encode(&file, draw(int(height*aspect), int(height), variant), &jpeg.Options{Quality: quality}); err != nil {
			return nil, fmt.Errorf("draw a photo of %d bytes: %w", size, err)
		}
		if file.Len() <= size-segmentHead {
			return fill(file.Bytes(), size), nil
		}
		height *= 0.98 * math.Sqrt(float64(size-segmentHead)/float64(file.Len()))
	}
}

// fill inserts comment segments after the start of the image until the file has size bytes.
func fill(file []byte, size int) []byte {
	filled := append(make([]byte, 0, size), file[:headLength]...)
	for missing := size - len(file); missing > 0; {
		length := min(missing, segmentMost)
		if rest := missing - length; rest > 0 && rest < segmentHead {
			length -= segmentHead
		}
		filled = appendSegment(filled, length)
		filled = append(filled, make([]byte, length-segmentHead)...)
		missing -= length
	}
	return append(filled, file[headLength:]...)
}

// appendSegment appends the head of a comment segment whose total length is length bytes.
func appendSegment(buffer []byte, length int) []byte {
	const start, comment = 0xff, 0xfe
	counted := length - 2
	return append(buffer, start, comment, byte(counted>>8), byte(counted))
}

// draw draws a light blue card with a dark portrait, with the grain of a phone's camera.
func draw(width, height int, variant uint64) image.Image {
	const light, dark, grain, blue, red = 150, 70, 64, 140, 122
	noise := rand.New(rand.NewPCG(variant, uint64(width)))
	card := image.NewYCbCr(image.Rect(0, 0, width, height), image.YCbCrSubsampleRatio420)
	for y := range height {
		row := card.Y[y*card.YStride : y*card.YStride+width]
		for x := range row {
			row[x] = byte(light + noise.Uint32()%grain)
			if x > width*3/4 && y > height/4 && y < height*3/4 {
				row[x] -= light - dark
			}
		}
	}
	for i := range card.Cb {
		card.Cb[i], card.Cr[i] = blue, red
	}
	return card
}
