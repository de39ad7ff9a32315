package plots

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"html"
	"regexp"
	"strings"

	"codeberg.org/go-fonts/liberation/liberationsansbold"
	"codeberg.org/go-fonts/liberation/liberationsansregular"
)

// family is the name by which figures refer to the glyphs that they embed. It is not the typeface's own name: a viewer
// would use an installed font of that name, and the licence reserves the name for the complete font.
const family = "ombak figure"

// fontStyle matches the typeface of a text as vgsvg writes it.
const fontStyle = "font-family:Liberation Sans;"

// writtenText matches a text of a drawing with its start tag, which holds its weight.
var writtenText = regexp.MustCompile(`(?s)<text ([^>]*)>([^<]*)</text>`)

// withTypeface makes a drawing refer to the glyphs of fontFaces, and to typefaces of the same widths for viewers that
// cannot read them.
func withTypeface(svg []byte) []byte {
	return bytes.ReplaceAll(svg, []byte(fontStyle), []byte("font-family:'"+family+"','Liberation Sans',Arimo,Arial,Helvetica,sans-serif;"))
}

// fontFaces returns a style sheet with the glyphs of all texts in the drawings, as WOFF, some kilobytes per weight.
func fontFaces(drawings ...[]byte) (string, error) {
	regular, bold := map[rune]bool{}, map[rune]bool{}
	for _, drawing := range drawings {
		for _, found := range writtenText.FindAllSubmatch(drawing, -1) {
			glyphs := regular
			if bytes.Contains(found[1], []byte("font-weight:bold")) {
				glyphs = bold
			}
			for _, char := range html.UnescapeString(string(found[2])) {
				glyphs[char] = true
			}
		}
	}
	var css strings.Builder
	for _, face := range []struct {
		weight string
		whole  []byte
		used   map[rune]bool
	}{{"normal", liberationsansregular.TTF, regular}, {"bold", liberationsansbold.TTF, bold}} {
		if len(face.used) == 0 {
			continue
		}
		woff, err := subset(face.whole, face.used)
		if err != nil {
			return "", fmt.Errorf("embedding the typeface: %w", err)
		}
		fmt.Fprintf(&css, "@font-face{font-family:'%s';font-weight:%s;src:url(data:font/woff;base64,%s) format('woff')}\n",
			family, face.weight, base64.StdEncoding.EncodeToString(woff))
	}
	return css.String(), nil
}

// withStyle puts a style sheet into a drawing.
func withStyle(svg []byte, css string) []byte {
	start := bytes.Index(svg, []byte("<g "))
	if css == "" || start < 0 {
		return svg
	}
	return bytes.Join([][]byte{svg[:start], []byte("<style>\n" + css + "</style>\n"), svg[start:]}, nil)
}

// Inline returns the drawings for one page. The first one holds the glyphs of all.
func Inline(figures []Figure) ([]string, error) {
	var drawings [][]byte
	for _, figure := range figures {
		drawings = append(drawings, figure.bare)
	}
	css, err := fontFaces(drawings...)
	if err != nil {
		return nil, err
	}
	var inline []string
	for _, drawing := range drawings {
		inline, css = append(inline, string(withStyle(drawing, css))), ""
	}
	return inline, nil
}
