package plots

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
)

// trueType is the WOFF flavor of fonts whose outlines are in table glyf.
const trueType = 0x00010000

// pack writes tables as a WOFF file: "WOFF File Format 1.0" (W3C, 2012), sections 3 to 5.
func pack(cut map[string][]byte) ([]byte, error) {
	tags := slices.Sorted(maps.Keys(cut))
	setChecksum(cut, tags)
	offset, whole := 44+20*len(tags), 12+16*len(tags)
	var directory, data []byte
	for _, tag := range tags {
		packed, err := deflated(cut[tag])
		if err != nil {
			return nil, err
		}
		directory = append(directory, tag...)
		for _, field := range []uint32{uint32(offset + len(data)), uint32(len(packed)), uint32(len(cut[tag])), tableSum(tag, cut[tag])} {
			directory = binary.BigEndian.AppendUint32(directory, field)
		}
		data = append(padded(data), padded(packed)...)
		whole += len(padded(cut[tag]))
	}
	header := append([]byte("wOFF"), 0, 1, 0, 0)
	header = binary.BigEndian.AppendUint32(header, uint32(offset+len(data)))
	header = append(header, words(uint16(len(tags)), 0)...)
	header = binary.BigEndian.AppendUint32(header, uint32(whole))
	header = append(header, make([]byte, 44-len(header))...) // neither version nor metadata
	return slices.Concat(header, directory, data), nil
}

// deflated returns a table compressed, or the table itself if that is not shorter.
func deflated(table []byte) ([]byte, error) {
	var packed bytes.Buffer
	w, err := zlib.NewWriterLevel(&packed, zlib.BestCompression)
	if err != nil {
		return nil, fmt.Errorf("packing the font: %w", err)
	}
	if _, err := w.Write(table); err != nil {
		return nil, fmt.Errorf("packing the font: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("packing the font: %w", err)
	}
	if packed.Len() >= len(table) {
		return table, nil
	}
	return packed.Bytes(), nil
}

// setChecksum writes head.checksumAdjustment, which depends on the sum of the file as a TrueType font.
func setChecksum(cut map[string][]byte, tags []string) {
	n, search, exponent := len(tags), 1, 0
	for 2*search <= n {
		search, exponent = 2*search, exponent+1
	}
	font := binary.BigEndian.AppendUint32(nil, trueType)
	font = append(font, words(uint16(n), uint16(16*search), uint16(exponent), uint16(16*(n-search)))...)
	offset, sum := 12+16*n, uint32(0)
	for _, tag := range tags {
		own := tableSum(tag, cut[tag])
		sum += own
		font = append(font, tag...)
		for _, field := range []uint32{own, uint32(offset), uint32(len(cut[tag]))} {
			font = binary.BigEndian.AppendUint32(font, field)
		}
		offset += len(padded(cut[tag]))
	}
	binary.BigEndian.PutUint32(cut["head"][8:], 0xb1b0afba-(sum+sumOf(font)))
}

// tableSum returns a table's checksum. That of head excludes its own adjustment.
func tableSum(tag string, table []byte) uint32 {
	if tag == "head" {
		table = slices.Clone(table)
		clear(table[8:12])
	}
	return sumOf(table)
}

func sumOf(table []byte) (sum uint32) {
	table = padded(table)
	for i := 0; i < len(table); i += 4 {
		sum += binary.BigEndian.Uint32(table[i:])
	}
	return sum
}

// padded returns a table padded to a multiple of four bytes.
func padded(b []byte) []byte { return append(slices.Clip(b), make([]byte, -len(b)&3)...) }
