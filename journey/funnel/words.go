package funnel

import "strings"

// Plural returns what people do at a step, in the plural, as in sign-ups, orders or entries. It is used where a scenario
// gives no word of its own.
func Plural(step string) string {
	switch {
	case step == "":
		return "people"
	case strings.HasSuffix(step, "y") && len(step) > 1 && !strings.ContainsRune("aeiou", rune(step[len(step)-2])):
		return step[:len(step)-1] + "ies"
	case strings.HasSuffix(step, "s"), strings.HasSuffix(step, "x"), strings.HasSuffix(step, "ch"), strings.HasSuffix(step, "sh"):
		return step + "es"
	}
	return step + "s"
}
