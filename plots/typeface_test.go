package plots

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/binary"
	"html"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"codeberg.org/go-fonts/liberation/liberationsansregular"
	"golang.org/x/image/font"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"pgregory.net/rapid"
)

// A subset draws its characters as the whole typeface does, and lacks all others.
func TestSubsetDrawsTheSame(t *testing.T) {
	whole, err := sfnt.Parse(liberationsansregular.TTF)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		used := map[rune]bool{'é': true} // of two components
		for _, char := range rapid.SliceOfN(rapid.RuneFrom([]rune("aAzZ09 ·–µσκλ≥×Ǻжשﬁ漢\x00\U0001f600")), 0, 12).Draw(t, "characters") {
			used[char] = true
		}
		packed, err := subset(liberationsansregular.TTF, used)
		if err != nil {
			t.Fatal(err)
		}
		part, err := sfnt.Parse(unpack(t, packed))
		if err != nil {
			t.Fatal(err)
		}
		for char := range used {
			sameGlyph(t, whole, part, char)
		}
		if glyph, err := part.GlyphIndex(nil, 'Q'); glyph != 0 || err != nil {
			t.Errorf("Q is there, %v", err)
		}
	})
}

type fataler interface {
	Fatalf(format string, args ...any)
	Errorf(format string, args ...any)
}

func sameGlyph(t fataler, whole, part *sfnt.Font, char rune) {
	var buffer sfnt.Buffer
	const size = fixed.Int26_6(64 * 1000)
	of := func(f *sfnt.Font) (segments sfnt.Segments, advance fixed.Int26_6) {
		glyph, err := f.GlyphIndex(&buffer, char)
		if err != nil {
			t.Fatalf("%q: %v", char, err)
		}
		drawn, err := f.LoadGlyph(&buffer, glyph, size, nil)
		if err != nil {
			t.Fatalf("%q: %v", char, err)
		}
		segments = slices.Clone(drawn)
		if advance, err = f.GlyphAdvance(&buffer, glyph, size, font.HintingNone); err != nil {
			t.Fatalf("%q: %v", char, err)
		}
		return segments, advance
	}
	want, wide := of(whole)
	got, advance := of(part)
	if !slices.Equal(got, want) || advance != wide {
		t.Errorf("%q is drawn differently, %v wide instead of %v", char, advance, wide)
	}
}

// unpack converts a WOFF file to TrueType and verifies its checksums.
func unpack(t fataler, woff []byte) []byte {
	count := int(binary.BigEndian.Uint16(woff[12:]))
	if string(woff[:4]) != "wOFF" || int(binary.BigEndian.Uint32(woff[8:])) != len(woff) {
		t.Fatalf("it is not a WOFF file of %d bytes", len(woff))
	}
	search, exponent := 1, uint16(0)
	for 2*search <= count {
		search, exponent = 2*search, exponent+1
	}
	head, body := binary.BigEndian.AppendUint32(nil, trueType), []byte(nil)
	head = append(head, words(uint16(count), uint16(16*search), exponent, uint16(16*(count-search)))...)
	for i := range count {
		record := woff[44+20*i : 64+20*i]
		field := func(at int) int { return int(binary.BigEndian.Uint32(record[at:])) }
		table := woff[field(4) : field(4)+field(8)]
		if field(8) < field(12) {
			r, err := zlib.NewReader(bytes.NewReader(table))
			if err != nil {
				t.Fatalf("%s: %v", record[:4], err)
			}
			if table, err = io.ReadAll(r); err != nil || len(table) != field(12) {
				t.Fatalf("%s: %d bytes, %v", record[:4], len(table), err)
			}
		}
		head = append(head, record[:4]...)
		head = append(head, record[16:20]...)
		for _, value := range []int{12 + 16*count + len(body), len(table)} {
			head = binary.BigEndian.AppendUint32(head, uint32(value))
		}
		body = append(body, padded(table)...)
	}
	font := append(head, body...)
	if sum := sumOf(font); sum != 0xb1b0afba { // as the specification of table head demands
		t.Errorf("the sum of the font is %#x", sum)
	}
	return font
}

// A font that is cut off is an error, not a panic.
func TestSubsetOfABrokenFont(t *testing.T) {
	for length := 0; length < len(liberationsansregular.TTF); length += 9973 {
		if _, err := subset(liberationsansregular.TTF[:length], map[rune]bool{'é': true}); err == nil {
			t.Errorf("%d bytes are accepted as a font", length)
		}
	}
}

// Every figure in the gallery embeds the glyphs of its texts, and not much more.
func TestFiguresBringTheirGlyphs(t *testing.T) {
	face := regexp.MustCompile(`font-weight:(\w+);src:url\(data:font/woff;base64,([^)]+)\)`)
	for _, name := range []string{"funnel", "tornado", "scalability", "spectrum"} {
		svg, err := os.ReadFile("testdata/" + name + ".svg")
		if err != nil {
			t.Fatal(err)
		}
		fonts := map[bool]*sfnt.Font{}
		for _, found := range face.FindAllSubmatch(svg, -1) {
			woff, err := base64.StdEncoding.DecodeString(string(found[2]))
			if err != nil || len(woff) > 20_000 {
				t.Fatalf("%s: %d bytes, %v", name, len(woff), err)
			}
			parsed, err := sfnt.Parse(unpack(t, woff))
			if err != nil {
				t.Fatal(err)
			}
			fonts[string(found[1]) == "bold"] = parsed
		}
		for _, text := range writtenText.FindAllStringSubmatch(string(svg), -1) {
			for _, char := range html.UnescapeString(text[2]) {
				if glyph, err := fonts[strings.Contains(text[1], "bold")].GlyphIndex(nil, char); err != nil || glyph == 0 {
					t.Fatalf("%s: %q has no glyph for %q, %v", name, text[2], char, err)
				}
			}
		}
	}
}

// A page embeds each glyph once: the first drawing has the glyphs of all, the others none.
func TestInlineBringsGlyphsOnce(t *testing.T) {
	one, err := drawing{name: "one"}.render(&page{title: "A"})
	if err != nil {
		t.Fatal(err)
	}
	two, err := drawing{name: "two"}.render(&page{title: "B", note: "<&>"})
	if err != nil {
		t.Fatal(err)
	}
	drawings, err := Inline([]Figure{one, two})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(drawings[0], "@font-face") != 2 || strings.Contains(drawings[1], "@font-face") {
		t.Errorf("%d and %d typefaces", strings.Count(drawings[0], "@font-face"), strings.Count(drawings[1], "@font-face"))
	}
	if empty, err := Inline(nil); err != nil || len(empty) != 0 {
		t.Errorf("%v, %v", empty, err)
	}
}
