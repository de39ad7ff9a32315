// Package store keeps registered people in SQLite or PostgreSQL, so that no acknowledged person is lost.
//
//  1. a handler calls an operation such as [Store.SignUp] and waits;
//  2. the single writer takes all waiting operations, runs them in one transaction and commits it: one fsync
//     for many rows (group commit, after DeWitt et al., "Implementation Techniques for Main Memory Database
//     Systems", SIGMOD 1984);
//  3. each caller then gets its result: nil, a [Refusal] (a correct no), or an [ErrStorage];
//  4. reads such as [Store.Person] and [Store.PendingJobs] use a pool of read-only connections;
//  5. when the service has stopped, [Audit] reads every row for reconciliation.
//
// A NIK is stored as an AES-256-GCM ciphertext and found by a keyed hash (a blind index). The key is never
// stored in the database.
package store
