package mocks

import (
	"strings"
	"unicode/utf8"

	"github.com/agnivade/levenshtein"
)

// similarity scores two texts from 0 to 100: 100·(1 − d/n), rounded down. Case and repeated spaces
// do not matter. (Dukcapil's own measure is not public; this one is an assumption.)
//
// Where:
//
//	d = the edit distance (Levenshtein 1966): letters to insert, delete or replace
//	n = the length of the longer text, in letters
func similarity(a, b string) int {
	a, b = plain(a), plain(b)
	longer := max(utf8.RuneCountInString(a), utf8.RuneCountInString(b))
	if longer == 0 {
		return 100
	}
	return 100 * (longer - levenshtein.ComputeDistance(a, b)) / longer
}

func plain(text string) string { return strings.ToUpper(strings.Join(strings.Fields(text), " ")) }
