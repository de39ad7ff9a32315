package plots

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"unicode/utf16"

	"golang.org/x/image/font/sfnt"
)

// errFont is returned for a font that is shorter than its tables say.
var errFont = errors.New("the font is cut off")

// subset returns, as WOFF, the part of a TrueType font with the glyphs of some characters, without hints, kerning and
// ligatures. For characters that are missing in the font, the viewer uses another font.
//
// The format is "OpenType specification", version 1.9 (Microsoft, 2021), the tables by their names.
func subset(ttf []byte, used map[rune]bool) ([]byte, error) {
	parsed, err := sfnt.Parse(ttf)
	if err != nil {
		return nil, fmt.Errorf("reading the font: %w", err)
	}
	whole, err := tables(ttf)
	if err != nil {
		return nil, err
	}
	c := cutting{whole: whole, places: map[uint16]uint16{}}
	c.keep(0) // the glyph for missing characters
	var chars []rune
	for _, char := range slices.Sorted(maps.Keys(used)) {
		if glyph, err := parsed.GlyphIndex(nil, char); err == nil && glyph != 0 && char < 0xffff {
			c.keep(uint16(glyph))
			chars = append(chars, char)
			c.codes = append(c.codes, uint16(glyph))
		}
	}
	copyright, err := parsed.Name(nil, sfnt.NameIDCopyright)
	if err != nil {
		return nil, fmt.Errorf("reading the font's copyright: %w", err)
	}
	return c.woff(chars, copyright)
}

// tables splits a TrueType file into its tables.
func tables(ttf []byte) (map[string][]byte, error) {
	found := map[string][]byte{}
	if len(ttf) < 12 {
		return nil, errFont
	}
	for i := range int(binary.BigEndian.Uint16(ttf[4:])) {
		if len(ttf) < 28+16*i {
			return nil, errFont
		}
		record := ttf[12+16*i:]
		offset, length := int(binary.BigEndian.Uint32(record[8:])), int(binary.BigEndian.Uint32(record[12:]))
		if offset+length > len(ttf) {
			return nil, errFont
		}
		found[string(record[:4])] = ttf[offset : offset+length]
	}
	for name, least := range map[string]int{"head": 54, "hhea": 36, "maxp": 32, "post": 32, "OS/2": 78, "loca": 4, "hmtx": 4, "glyf": 1} {
		if len(found[name]) < least {
			return nil, fmt.Errorf("%w: its table %s has %d bytes", errFont, name, len(found[name]))
		}
	}
	return found, nil
}

// cutting is a subset in the making. Glyphs get new numbers in the order in which they are kept.
type cutting struct {
	whole  map[string][]byte
	kept   []uint16          // old numbers in order of the new
	places map[uint16]uint16 // new numbers by the old
	codes  []uint16          // old number of each character
}

func (c *cutting) keep(glyph uint16) uint16 {
	place, known := c.places[glyph]
	if !known {
		place = uint16(len(c.kept))
		c.places[glyph], c.kept = place, append(c.kept, glyph)
	}
	return place
}

// outline returns the part of table glyf that draws a glyph.
func (c *cutting) outline(glyph uint16) ([]byte, error) {
	loca, long := c.whole["loca"], binary.BigEndian.Uint16(c.whole["head"][50:]) == 1
	at := func(i int) int {
		if long {
			return int(binary.BigEndian.Uint32(loca[4*i:]))
		}
		return 2 * int(binary.BigEndian.Uint16(loca[2*i:]))
	}
	width := 2
	if long {
		width = 4
	}
	if (int(glyph)+2)*width > len(loca) {
		return nil, errFont
	}
	from, to := at(int(glyph)), at(int(glyph)+1)
	if from > to || to > len(c.whole["glyf"]) {
		return nil, errFont
	}
	return c.whole["glyf"][from:to], nil
}

// Flags of a component of a composite glyph.
const (
	argumentsAreWords = 0x0001
	haveScale         = 0x0008
	moreComponents    = 0x0020
	haveTwoScales     = 0x0040
	haveMatrix        = 0x0080
	haveInstructions  = 0x0100
)

// redrawn returns an outline without its hints. It keeps the components and gives them their new numbers.
func (c *cutting) redrawn(outline []byte) ([]byte, error) {
	if len(outline) < 12 {
		return nil, nil // a space
	}
	contours := int(int16(binary.BigEndian.Uint16(outline)))
	if contours >= 0 {
		end := 10 + 2*contours
		if len(outline) < end+2 {
			return nil, errFont
		}
		rest := end + 2 + int(binary.BigEndian.Uint16(outline[end:]))
		if len(outline) < rest {
			return nil, errFont
		}
		return slices.Concat(outline[:end], []byte{0, 0}, outline[rest:]), nil
	}
	composite := slices.Clone(outline)
	for at, flags := 10, uint16(moreComponents); flags&moreComponents != 0; {
		if len(composite) < at+6 {
			return nil, errFont
		}
		flags = binary.BigEndian.Uint16(composite[at:])
		binary.BigEndian.PutUint16(composite[at:], flags&^haveInstructions)
		binary.BigEndian.PutUint16(composite[at+2:], c.keep(binary.BigEndian.Uint16(composite[at+2:])))
		at += componentSize(flags)
		if flags&moreComponents == 0 && at <= len(composite) {
			composite = composite[:at]
		}
	}
	return composite, nil
}

func componentSize(flags uint16) int {
	size := 6
	if flags&argumentsAreWords != 0 {
		size += 2
	}
	switch {
	case flags&haveScale != 0:
		size += 2
	case flags&haveTwoScales != 0:
		size += 4
	case flags&haveMatrix != 0:
		size += 8
	}
	return size
}

// woff draws the kept glyphs and packs the tables that a viewer needs.
func (c *cutting) woff(chars []rune, copyright string) ([]byte, error) {
	var glyf, hmtx []byte
	loca := []byte{0, 0, 0, 0}
	for i := 0; i < len(c.kept); i++ { // grows by components
		outline, err := c.outline(c.kept[i])
		if err != nil {
			return nil, err
		}
		if outline, err = c.redrawn(outline); err != nil {
			return nil, err
		}
		glyf = append(glyf, outline...)
		glyf = append(glyf, make([]byte, -len(glyf)&3)...)
		loca = binary.BigEndian.AppendUint32(loca, uint32(len(glyf)))
		hmtx = append(hmtx, c.metric(c.kept[i])...)
	}
	count := uint16(len(c.kept))
	cut := map[string][]byte{"glyf": glyf, "loca": loca, "hmtx": hmtx, "cmap": c.charactersToGlyphs(chars), "name": nameTable(copyright)}
	for name, length := range map[string]int{"head": 54, "hhea": 36, "maxp": 32, "post": 32, "OS/2": len(c.whole["OS/2"])} {
		cut[name] = slices.Clone(c.whole[name][:length])
	}
	binary.BigEndian.PutUint16(cut["head"][50:], 1) // loca has long offsets
	binary.BigEndian.PutUint16(cut["hhea"][34:], count)
	binary.BigEndian.PutUint16(cut["maxp"][4:], count)
	binary.BigEndian.PutUint32(cut["post"], 0x00030000) // without the names of glyphs
	return pack(cut)
}

// metric returns the advance and the left bearing of a glyph. If a font leaves advances out, the last one applies.
func (c *cutting) metric(glyph uint16) []byte {
	hmtx, full := c.whole["hmtx"], binary.BigEndian.Uint16(c.whole["hhea"][34:])
	if int(glyph) < int(full) && 4*int(glyph)+4 <= len(hmtx) {
		return hmtx[4*int(glyph) : 4*int(glyph)+4]
	}
	last, bearing := 4*(int(full)-1), 4*int(full)+2*(int(glyph)-int(full))
	if last < 0 || bearing+2 > len(hmtx) {
		return []byte{0, 0, 0, 0}
	}
	return slices.Concat(hmtx[last:last+2], hmtx[bearing:bearing+2])
}

// charactersToGlyphs returns table cmap in format 4, with a segment for each character.
func (c *cutting) charactersToGlyphs(chars []rune) []byte {
	segments := len(chars) + 1
	var ends, starts, deltas []byte
	for i, char := range chars {
		ends = binary.BigEndian.AppendUint16(ends, uint16(char))
		starts = binary.BigEndian.AppendUint16(starts, uint16(char))
		deltas = binary.BigEndian.AppendUint16(deltas, c.places[c.codes[i]]-uint16(char))
	}
	search := 1
	for 2*search <= segments {
		search *= 2
	}
	var exponent uint16
	for 1<<(exponent+1) <= segments {
		exponent++
	}
	table := words(0, 1, 3, 1, 0, 12, 4, uint16(16+8*segments), 0, uint16(2*segments), uint16(2*search), exponent, uint16(2*(segments-search)))
	return slices.Concat(table, ends, words(0xffff, 0), starts, words(0xffff), deltas, words(1), make([]byte, 2*segments))
}

// nameTable returns table name, with the copyright and the licence of the glyphs.
func nameTable(copyright string) []byte {
	names := map[uint16]string{0: copyright, 1: family, 2: "Regular", 13: "SIL Open Font License, Version 1.1", 14: "https://scripts.sil.org/OFL"}
	table, texts := words(0, uint16(len(names)), uint16(6+12*len(names))), []byte(nil)
	for _, id := range slices.Sorted(maps.Keys(names)) {
		text := words(utf16.Encode([]rune(names[id]))...)
		table = append(table, words(3, 1, 0x0409, id, uint16(len(text)), uint16(len(texts)))...)
		texts = append(texts, text...)
	}
	return append(table, texts...)
}

// words returns numbers of two bytes each, the high byte first.
func words(values ...uint16) (b []byte) {
	for _, value := range values {
		b = binary.BigEndian.AppendUint16(b, value)
	}
	return b
}
