// Package draft makes a scenario to start from out of what people have: a recording of a browser, a description
// of an interface, a log, a collection of requests.
//
//  1. [From] unpacks the source: gzip, zstd, byte order marks.
//  2. A reader for each kind (har.go, openapi.go, log.go, postman.go, k6.go, curl.go) turns it into steps whose
//     requests are made of leaves: every segment, parameter, header, field and value of a body is one.
//  3. Three passes rewrite leaves as references: a value that an earlier answer held becomes ${got.NAME}
//     (correlate.go), a credential becomes ${var.NAME} (secret.go), and what says who somebody is becomes
//     ${person.NAME} (person.go).
//  4. The steps are written as a scenario file, and read again: a step that the scenario reader refuses is left
//     out.
//
// An odd entry is left out and noted; a source is refused only if nothing of it remains.
package draft
