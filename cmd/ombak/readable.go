package main

import "strings"

// maxLine is the length of the longest line of an error, in bytes. A file that somebody else wrote may have names of any
// length.
const maxLine = 500

// readable shortens the lines of an error in the middle.
func readable(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if len(line) > maxLine {
			const gap, half = " … ", maxLine/2 - 3
			head, tail := line[:half], line[len(line)-half:]
			lines[i] = strings.ToValidUTF8(head, "") + gap + strings.ToValidUTF8(tail, "")
		}
	}
	return strings.Join(lines, "\n")
}
