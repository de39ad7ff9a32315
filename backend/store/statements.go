package store

import (
	"context"
	"database/sql"
	"fmt"
)

// The statements of the writer.
const (
	insertPerson = `INSERT INTO people (email, name, phone, created_ms, mailed_ms, link_nonce, link_hash, link_expires_ms)
		VALUES (?1, ?2, ?3, ?4, ?4, ?5, ?6, ?7) ON CONFLICT (email) DO NOTHING`
	// A link that still holds is sent again, so that the first mail, if it is only late, stays good.
	mailAgain = `UPDATE people SET mailed_ms = ?1,
			link_nonce = iif(link_expires_ms > ?1, link_nonce, ?2),
			link_hash = iif(link_expires_ms > ?1, link_hash, ?3),
			link_expires_ms = iif(link_expires_ms > ?1, link_expires_ms, ?4)
		WHERE email = ?5 AND verified_ms IS NULL AND mailed_ms <= ?6 RETURNING id`
	insertMail  = `INSERT INTO outbox (person_id) VALUES (?)`
	settleMail  = `UPDATE outbox SET state = ?, attempts = ?, settled_ms = ? WHERE id = ?`
	verifyEmail = `UPDATE people SET verified_ms = ?1
		WHERE id = ?2 AND link_hash = ?3 AND link_expires_ms > ?1 AND verified_ms IS NULL`
	claimNIK = `UPDATE people SET nik_index = ?1, nik_cipher = ?2, birth_date = ?3, identified_ms = ?4
		WHERE id = ?5 AND verified_ms IS NOT NULL AND (nik_index IS NULL OR nik_index = ?1)`
	setPhoto    = `UPDATE people SET photo_sha256 = ? WHERE id = ? AND verified_ms IS NOT NULL`
	setEligible = `UPDATE people SET eligible_ms = ?, social_aid = ? WHERE id = ? AND nik_index IS NOT NULL`
	askJoin     = `SELECT coalesce(batch, 0), eligible_ms IS NOT NULL FROM people WHERE id = ?`
	takePlace   = `UPDATE batches SET members = members + 1 WHERE id = ? AND (quota = 0 OR members < quota)`
	setBatch    = `UPDATE people SET batch = ?, joined_ms = ? WHERE id = ?`
)

// The statements of the readers.
const (
	selectPerson = `SELECT email, verified_ms IS NOT NULL, coalesce(nik_cipher, x''), coalesce(birth_date, ''),
		coalesce(photo_sha256, ''), eligible_ms IS NOT NULL, coalesce(social_aid, 0), coalesce(batch, 0)
		FROM people WHERE id = ?`
	selectPending = `SELECT outbox.id, outbox.attempts, people.id, people.email, people.name, people.link_nonce
		FROM outbox JOIN people ON people.id = outbox.person_id
		WHERE outbox.id > ? AND outbox.state = 0 ORDER BY outbox.id LIMIT ?`
	countPending = `SELECT count(*) FROM outbox WHERE state = 0`
)

// prepare prepares all statements.
func (e *engine) prepare(ctx context.Context) (err error) {
	e.write, err = prepareAll(ctx, e.conn, "BEGIN IMMEDIATE", "COMMIT", insertPerson, mailAgain, insertMail, settleMail,
		verifyEmail, claimNIK, setPhoto, setEligible, askJoin, takePlace, setBatch)
	if err != nil {
		return err
	}
	e.read, err = prepareAll(ctx, e.reader, selectPerson, selectPending, countPending)
	return err
}

type preparer interface {
	PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
}

func prepareAll(ctx context.Context, db preparer, queries ...string) (map[string]*sql.Stmt, error) {
	statements := make(map[string]*sql.Stmt, len(queries))
	for _, query := range queries {
		stmt, err := db.PrepareContext(ctx, query)
		if err != nil {
			return statements, fmt.Errorf("prepare %q: %w", query, err)
		}
		statements[query] = stmt
	}
	return statements, nil
}
