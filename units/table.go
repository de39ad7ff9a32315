package units

import (
	"strings"
	"unicode/utf8"
)

// Table arranges rows in columns for a terminal, two spaces apart. Layout has a letter for each column: l for
// text, r for numbers, which are aligned to the right, and n for numbers that follow the column before by
// only one space. Columns without a letter are text.
func Table(layout string, rows [][]string) string {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var table strings.Builder
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			padding := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if isNumber(layout, i) {
				cell = padding + cell
			} else {
				cell += padding
			}
			line.WriteString(gap(layout, i) + cell)
		}
		table.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return table.String()
}

// gap returns the space between a column and the one before it.
func gap(layout string, column int) string {
	switch {
	case column == 0:
		return ""
	case column < len(layout) && layout[column] == 'n':
		return " "
	}
	return "  "
}

func isNumber(layout string, column int) bool {
	return column < len(layout) && (layout[column] == 'r' || layout[column] == 'n')
}

// Markdown arranges rows as a table whose header is the first row. Layout is that of [Table]. The cells are
// Markdown: see [Cell] and [Code].
func Markdown(layout string, rows [][]string) string {
	var table strings.Builder
	for i, row := range rows {
		table.WriteString("| " + strings.Join(row, " | ") + " |\n")
		if i > 0 {
			continue
		}
		for column := range row {
			if isNumber(layout, column) {
				table.WriteString("|---:")
			} else {
				table.WriteString("|---")
			}
		}
		table.WriteString("|\n")
	}
	return table.String()
}

// Cell escapes a text so that Markdown shows it as it is, on one line of one cell.
func Cell(text string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ", "\r", " ", "<", "&lt;", ">", "&gt;", "&", "&amp;").Replace(text)
}

// Code returns a text as code for a cell. Markdown does not interpret markup in it.
func Code(text string) string {
	return "`" + strings.NewReplacer("|", `\|`, "\n", " ", "\r", " ", "`", "'").Replace(text) + "`"
}
