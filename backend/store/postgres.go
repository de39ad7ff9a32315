package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

// isPostgres reports whether a location is a PostgreSQL URL.
func isPostgres(location string) bool {
	return strings.HasPrefix(location, "postgres://") || strings.HasPrefix(location, "postgresql://")
}

// connectPostgres returns a pool. It connects at first use.
func connectPostgres(location string) (*sql.DB, error) {
	config, err := pgx.ParseConfig(location)
	if err != nil {
		return nil, errors.New("the URL of PostgreSQL cannot be read; write postgres://USER:PASSWORD@HOST:PORT/DATABASE") // the error is hidden because it may contain a password
	}
	config.RuntimeParams["synchronous_commit"] = "on"
	config.RuntimeParams["application_name"] = "ombak"
	return stdlib.OpenDB(*config), nil
}

// openPostgres opens the database.
func openPostgres(ctx context.Context, location string) (_ *engine, err error) {
	e := &engine{dialect: dialect{
		name: "postgres", goose: goose.DialectPostgres, rewrite: rewritePostgres, begin: "BEGIN", returning: true,
		judge: judgePostgres, durable: durablePostgres, signUpMany: signUpMany, shared: true,
		beat: `SELECT pg_logical_emit_message(true, 'ombak', '')`, // a message that replicas do not wait for
	}}
	if e.writer, err = connectPostgres(location); err != nil {
		return nil, err
	}
	if e.reader, err = connectPostgres(location); err != nil {
		e.close()
		return nil, err
	}
	return e, e.open(ctx)
}

// rewritePostgres converts a statement to PostgreSQL's dialect. Question marks and at signs appear only in
// parameters.
func rewritePostgres(query string) string {
	return strings.NewReplacer("?", "$", "/*lock*/", "FOR UPDATE SKIP LOCKED", "/*lock row*/", "FOR UPDATE", "/*share row*/", "FOR KEY SHARE", "/*returning*/", "RETURNING id").Replace(query)
}

// durablePostgres checks that a commit means an fsync of the log, and that the server is recent enough.
func durablePostgres(ctx context.Context, conn *sql.Conn) (string, error) {
	const oldest = 150000
	var fsync, commits string
	var version int
	const ask = "SELECT current_setting('fsync'), current_setting('synchronous_commit'), current_setting('server_version_num')::int"
	if err := conn.QueryRowContext(ctx, ask).Scan(&fsync, &commits, &version); err != nil {
		return "", fmt.Errorf("query the durability settings: %w", err)
	}
	if version < oldest {
		return "", fmt.Errorf("the server is PostgreSQL %d; use 15 or later", version/10000)
	}
	if fsync != "on" || commits != "on" {
		return "", fmt.Errorf("fsync is %s and synchronous_commit is %s; both must be on, see postgresql.conf", fsync, commits)
	}
	return "fsync=on, synchronous_commit=on", nil
}

// judgePostgres classifies an error by its SQLSTATE, if it has one (PostgreSQL manual, appendix A).
func judgePostgres(err error) blame {
	var fault *pgconn.PgError
	var network net.Error
	if !errors.As(err, &fault) {
		if errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &network) ||
			errors.Is(err, net.ErrClosed) || pgconn.SafeToRetry(err) || errors.Is(err, sql.ErrConnDone) {
			return blameLost
		}
		return blameOperation
	}
	switch class := fault.Code[:2]; {
	case fault.Code == "23505":
		return blameTaken
	case class == "40": // deadlock, serialization
		return blameTurn
	case class == "08" || class == "57": // connection failure; shutdown, crash of another process
		return blameLost
	case class == "53" || class == "58" || class == "XX" || fault.Code == "25006": // disk full, I/O error, corruption, read only
		return blameStorage
	}
	return blameOperation
}

// insertMany writes many people and their mails and returns the addresses that are new. It sorts by e-mail so
// that two replicas take locks in the same order.
const insertMany = `WITH input AS (
		SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bytea[], $7::bytea[], $8::bigint[])
			AS i (email, name, phone, password, at, nonce, hash, expires)),
	new AS (
		INSERT INTO people (email, name, phone, password, created_ms, mailed_ms, link_nonce, link_hash, link_expires_ms)
		SELECT email, name, phone, nullif(password, ''), at, at, nonce, hash, expires FROM input ORDER BY email
		ON CONFLICT (email) DO NOTHING RETURNING id, email, created_ms),
	mailed AS (INSERT INTO jobs (person_id, kind, due_ms) SELECT id, 0, created_ms FROM new ORDER BY id)
	SELECT email FROM new`

// signUpMany writes sign-ups in one statement, and then the repeated ones one by one.
func signUpMany(e *engine, signUps []*SignUp) error {
	n := len(signUps)
	emails, names, phones, passwords := make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	at, expires := make([]int64, n), make([]int64, n)
	nonces, hashes := make([][]byte, n), make([][]byte, n)
	first := make(map[string]*SignUp, n)
	for i, s := range signUps {
		s.mailed = false
		emails[i], names[i], phones[i], passwords[i] = s.Email, s.Name, s.Phone, s.Password
		at[i], expires[i], nonces[i], hashes[i] = s.At.UnixMilli(), s.Link.Expires.UnixMilli(), s.Link.Nonce, s.Link.Hash
		if first[s.Email] == nil {
			first[s.Email] = s
		}
	}
	rows, err := e.conn.QueryContext(context.Background(), insertMany, emails, names, phones, passwords, at, nonces, hashes, expires)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var email string
		if err := rows.Scan(&email); err != nil {
			return err
		}
		first[email].mailed = true
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return repeatMails(e, signUps)
}
