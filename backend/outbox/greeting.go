package outbox

import (
	"strings"
	"unicode"
)

// greeting returns a name as a mail greets with it: without the words that a reader's program would turn into links. It
// returns stranger if no word is left.
func greeting(name, stranger string) string {
	words := strings.Fields(name)
	kept := words[:0]
	for _, word := range words {
		if !linkLike(word) {
			kept = append(kept, word)
		}
	}
	if len(kept) == 0 {
		return stranger
	}
	return strings.Join(kept, " ")
}

// linkLike reports whether a word looks like a domain name: a dot, or what programs take for one, before two letters or
// digits. Titles such as "S.Kom" look like one, too; "Siti M." does not.
func linkLike(word string) bool {
	parts := strings.FieldsFunc(word, func(r rune) bool { return strings.ContainsRune(".。．｡․", r) })
	for i := 1; i < len(parts); i++ {
		before, after := []rune(parts[i-1]), []rune(parts[i])
		if len(before) >= 1 && len(after) >= 2 && isWordRune(before[len(before)-1]) && isWordRune(after[0]) && isWordRune(after[1]) {
			return true
		}
	}
	return false
}

func isWordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
