// Package store keeps the people who register, in SQLite, so that nobody who was told yes is lost.
//
//  1. a handler calls an operation such as [Store.SignUp] and waits;
//  2. the one writer takes all operations that wait, runs them in one transaction and commits it:
//     one fsync for many rows (group commit, after DeWitt et al., "Implementation Techniques for Main
//     Memory Database Systems", SIGMOD 1984);
//  3. only then each caller has its answer: nil, a [Refusal] (a correct no), or an [ErrStorage];
//  4. reads such as [Store.Person] and [Store.PendingJobs] go to a pool of read-only connections;
//  5. when the service has stopped, [Audit] reads every row for reconciliation.
//
// A NIK is kept as an AES-256-GCM ciphertext and found by a keyed hash (a blind index); the key never
// enters the database.
package store
