package mocks

import "strings"

// similarity scores two texts from 0 to 100: 100·(1 − d/n), rounded down. Case and repeated spaces
// do not matter. (Dukcapil's own measure is not public; this one is an assumption.)
//
// Where:
//
//	d = the edit distance (Levenshtein 1966): letters to insert, delete or replace
//	n = the length of the longer text, in letters
func similarity(a, b string) int {
	x, y := letters(a), letters(b)
	longer := max(len(x), len(y))
	if longer == 0 {
		return 100
	}
	return 100 * (longer - editDistance(x, y)) / longer
}

func letters(text string) []rune {
	return []rune(strings.ToUpper(strings.Join(strings.Fields(text), " ")))
}

func editDistance(x, y []rune) int {
	row := make([]int, len(y)+1)
	for j := range row {
		row[j] = j
	}
	for i, a := range x {
		diagonal := row[0]
		row[0] = i + 1
		for j, b := range y {
			replaced := diagonal
			if a != b {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(y)]
}
