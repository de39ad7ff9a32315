// Package postgres runs a PostgreSQL server of one's own, for a drill or a test: a database cluster, as
// PostgreSQL calls a data folder with the server over it.
//
//  1. [Start] finds the installed programs, makes a data folder that only their user may read, and
//     starts the server there; as root it does so as an unprivileged user, since the server refuses root;
//  2. the server listens at a Unix socket in that folder and nowhere else; [Cluster.URL] says how to
//     get there;
//  3. [Cluster.Stop] ends it and removes everything. When the process that started it dies, the server
//     ends too, since the pipe that both hold breaks.
//
// [Cluster.Kill] and [Cluster.Restart] are for tests of what a crash does.
package postgres
