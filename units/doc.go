// Package units writes figures as people read them, in one dialect for the terminal, Markdown, the report
// page and the figures: 1,200 people, 319 µs, 1.4 %, 300 MiB.
//
//  1. a report or a study holds float64s in seconds, shares, bytes and counts;
//  2. [Count], [Amount], [Rate], [Number], [Time], [Percent] and [Bytes] write one of them;
//  3. [Table] and [Markdown] lay rows of such texts out in columns;
//  4. [Hint] proposes the word that somebody meant who wrote another.
package units
