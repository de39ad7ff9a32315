// Package units formats figures for people, in the same way in the terminal, in Markdown, on the report page
// and in the figures: 1,200 people, 319 µs, 1.4 %, 300 MiB.
//
//  1. A report or a study holds float64s: seconds, shares, bytes and counts.
//  2. [Count], [Amount], [Rate], [Number], [Time], [Percent] and [Bytes] format one of them.
//  3. [Table] and [Markdown] arrange rows of such texts in columns.
//  4. [Hint] proposes the valid word nearest to a misspelt one.
package units
