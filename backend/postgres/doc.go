// Package postgres runs a temporary PostgreSQL server for a drill or a test. It is a database cluster in the sense
// of PostgreSQL: a data folder and the server that owns it.
//
//  1. [Start] finds the installed programs, makes a data folder that only their user may read, and
//     starts the server there; as root it uses an unprivileged account, because the server refuses to run as root;
//  2. the server listens only on a Unix socket in that folder; [Cluster.URL] returns its address;
//  3. [Cluster.Stop] stops it and removes everything. If the process that started it dies, the server
//     stops too, because the pipe between them breaks.
//
// [Cluster.Kill] and [Cluster.Restart] are for crash tests.
package postgres
