package units

import (
	"fmt"
	"strings"

	"github.com/agnivade/levenshtein"
)

// Hint proposes the valid word nearest to a wrong one. If none is near, it lists all of them.
func Hint(word string, valid []string) string {
	if near := nearest(word, valid); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	if len(valid) == 0 {
		return ""
	}
	return "use one of: " + strings.Join(valid, ", ")
}

// nearest returns the valid word with the least edit distance from a wrong one, or "" if none is within half
// of its length.
func nearest(word string, valid []string) string {
	best, least := "", (len(word)+1)/2+1
	for _, candidate := range valid {
		if d := levenshtein.ComputeDistance(strings.ToLower(word), candidate); d < least {
			best, least = candidate, d
		}
	}
	return best
}
