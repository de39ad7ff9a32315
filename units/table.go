package units

import (
	"strings"
	"unicode/utf8"
)

// Table lays rows out in columns for a terminal, two spaces apart. Layout has a letter for each column: l for
// text, r for numbers, which are aligned to the right, and n for numbers only one space from the column before;
// columns without a letter are text.
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

// gap is what stands between a column and the one before it.
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

// Markdown lays rows out as a table, the first of them its header. Layout is that of [Table]. The cells are
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

// Cell returns a text as Markdown that shows it as it is, on one line and inside its cell.
func Cell(text string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ", "\r", " ", "<", "&lt;", ">", "&gt;", "&", "&amp;").Replace(text)
}

// Code returns a text as code inside a cell, where markup is not read.
func Code(text string) string {
	return "`" + strings.NewReplacer("|", `\|`, "\n", " ", "\r", " ", "`", "'").Replace(text) + "`"
}
