package store

// The statements use SQLite's dialect where PostgreSQL agrees; rewritePostgres converts the rest. Parameters
// are numbered. /*lock*/ and /*lock row*/ mark where PostgreSQL must lock rows, /*share row*/ where a row must not go
// meanwhile, and /*returning*/ where it must return the id of the new row.

const commit = "COMMIT"

// The statements of the writer.
const (
	insertPerson = `INSERT INTO people (email, name, phone, password, created_ms, mailed_ms, link_nonce, link_hash, link_expires_ms)
		VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6, ?7, ?8) ON CONFLICT (email) DO NOTHING /*returning*/`
	lastPerson = `SELECT coalesce(max(id), 0) FROM people`
	mailNew    = `INSERT INTO jobs (person_id, kind, due_ms) SELECT id, 0, created_ms FROM people WHERE id > ?1 ORDER BY id`
	// A link with at least half of its lifetime left is sent again, so that a late first mail stays valid,
	// unless its code has had too many attempts.
	mailAgain = `UPDATE people SET mailed_ms = ?1,
			link_nonce = CASE WHEN ` + linkHolds + ` THEN link_nonce ELSE ?3 END,
			link_hash = CASE WHEN ` + linkHolds + ` THEN link_hash ELSE ?4 END,
			link_tries = CASE WHEN ` + linkHolds + ` THEN link_tries ELSE 0 END,
			link_expires_ms = CASE WHEN ` + linkHolds + ` THEN link_expires_ms ELSE ?5 END
		WHERE email = ?6 AND (?8 OR verified_ms IS NULL) AND (mailed_ms <= ?7 OR mailed_ms > ?10) RETURNING id`
	linkHolds = `link_expires_ms - ?1 >= ?5 - link_expires_ms AND link_hash <> ?2 AND link_tries < ?9 AND link_expires_ms <= ?11`
	// Where a short message carried the code, the first use proves the phone, too.
	verifyEmail = `UPDATE people SET verified_ms = coalesce(verified_ms, ?1), link_hash = ?4,
			phone_verified_ms = CASE WHEN ` + firstBySMS + ` THEN ?1 ELSE phone_verified_ms END,
			phone_given_ms = CASE WHEN ` + firstBySMS + ` THEN ?1 ELSE phone_given_ms END
		WHERE id = ?2 AND link_hash = ?3 AND link_expires_ms > ?1 AND link_expires_ms <= ?5`
	firstBySMS = `?6 AND verified_ms IS NULL`
	tryLink    = `UPDATE people SET link_tries = link_tries + 1
		WHERE email = ?1 AND link_tries < ?2 AND link_hash <> ?4 AND link_expires_ms > ?3 AND link_expires_ms <= ?5 RETURNING id, link_nonce`
	setPassword = `UPDATE people SET password = ?1 WHERE id = ?2 AND verified_ms IS NOT NULL`

	findNIK  = `SELECT id FROM people WHERE nik_index = ?1`
	claimNIK = `UPDATE people SET nik_index = ?1, nik_cipher = ?2, birth_date = ?3, identified_ms = ?4, identity = ?6
		WHERE id = ?5 AND verified_ms IS NOT NULL AND (nik_index IS NULL OR nik_index = ?1)`
	setIdentity = `UPDATE people SET identity = ?1 WHERE id = ?2 AND verified_ms IS NOT NULL AND nik_index IS NULL`
	askIdentity = `UPDATE people SET identity = ?1
		WHERE id = ?2 AND verified_ms IS NOT NULL AND nik_index IS NULL AND coalesce(identity, '') <> ?1`

	// Another phone takes with it the code that was sent to the last one, and its proof.
	setProfile = `UPDATE people SET profile_cipher = ?1,
			name = CASE WHEN ?3 = '' THEN name ELSE ?3 END,
			otp_expires_ms = CASE WHEN ` + otherPhone + ` THEN 0 ELSE otp_expires_ms END,
			phone_verified_ms = CASE WHEN ` + otherPhone + ` THEN NULL ELSE phone_verified_ms END,
			phone_given_ms = CASE WHEN ?4 = '' THEN phone_given_ms ELSE ?5 END,
			phone = CASE WHEN ?4 = '' THEN phone ELSE ?4 END
		WHERE id = ?2 AND verified_ms IS NOT NULL`
	otherPhone = `?4 <> '' AND ?4 <> phone`
	setKTP     = `UPDATE people SET ktp_sha256 = ?1 WHERE id = ?2 AND verified_ms IS NOT NULL`
	setSelfie  = `UPDATE people SET selfie_sha256 = ?1 WHERE id = ?2 AND verified_ms IS NOT NULL`
	photosOf   = `SELECT coalesce(ktp_sha256, ''), coalesce(selfie_sha256, '') FROM people WHERE id = ?1 AND verified_ms IS NOT NULL /*lock row*/`
	keepPhoto  = `INSERT INTO photos (person_id, sha256, content) VALUES (?1, ?2, ?3) ON CONFLICT (person_id, sha256) DO NOTHING`
	dropPhoto  = `DELETE FROM photos WHERE person_id = ?1 AND sha256 = ?2`
	dropPhotos = `DELETE FROM photos WHERE person_id = ?1`
	startOTP   = `UPDATE people SET otp_nonce = ?1, otp_expires_ms = ?2, otp_tries = 0, otp_sent_ms = ?3
		WHERE id = ?4 AND verified_ms IS NOT NULL AND phone_given_ms IS NOT NULL AND phone_verified_ms IS NULL AND (coalesce(otp_sent_ms, 0) <= ?5 OR otp_sent_ms > ?6)`
	tryOTP = `UPDATE people SET otp_tries = otp_tries + 1
		WHERE id = ?1 AND otp_tries < ?2 AND otp_expires_ms > ?3 AND otp_expires_ms <= ?4 RETURNING otp_nonce`
	confirmPhone = `UPDATE people SET phone_verified_ms = ?1, otp_expires_ms = 0
		WHERE id = ?2 AND otp_nonce = ?3 AND otp_expires_ms > ?1 AND otp_expires_ms <= ?4 AND phone_verified_ms IS NULL`
	setStatement = `UPDATE people SET statement_ms = ?1 WHERE id = ?2 AND verified_ms IS NOT NULL`
	submitTest   = `UPDATE people SET test_score = ?1, test_due_ms = ?2
		WHERE id = ?3 AND verified_ms IS NOT NULL AND test_due_ms IS NULL`
	setEligible = `UPDATE people SET eligible_ms = ?1, social_aid = ?2 WHERE id = ?3 AND nik_index IS NOT NULL`

	askJoin   = `SELECT coalesce(batch, 0), eligible_ms IS NOT NULL FROM people WHERE id = ?1 AND erased_ms IS NULL`
	takePlace = `UPDATE batches SET members = members + 1
		WHERE id = (SELECT min(id) FROM batches WHERE closed_ms IS NULL) AND closed_ms IS NULL
		AND (quota = 0 OR members < quota) RETURNING id`
	setBatch = `UPDATE people SET batch = ?1, joined_ms = ?2 WHERE id = ?3 AND batch IS NULL`

	closeBatch = `UPDATE batches SET closed_ms = ?1
		WHERE id = (SELECT min(id) FROM batches WHERE closed_ms IS NULL) AND closed_ms IS NULL AND (?2 = 0 OR id = ?2) RETURNING id, quota`
	openBatch   = `INSERT INTO batches (id, quota) VALUES (?1, ?2) ON CONFLICT (id) DO NOTHING`
	selectBatch = `UPDATE batches SET seed = ?1, places = ?2, selected_ms = ?3
		WHERE id = ?4 AND closed_ms IS NOT NULL AND selected_ms IS NULL`
	batchMembers = `SELECT id FROM people WHERE batch = ?1 AND erased_ms IS NULL AND (?2 = 0 OR ktp_sha256 IS NOT NULL) ORDER BY id`
	setSelected  = `UPDATE people SET selected_ms = ?1 WHERE id = ?2`

	erasePerson = `UPDATE people SET erased_ms = ?1, email = ?3, name = '', phone = '', password = NULL,
			link_nonce = ?4, link_hash = ?4, verified_ms = NULL, identity = NULL, nik_index = NULL, nik_cipher = NULL,
			birth_date = NULL, profile_cipher = NULL, ktp_sha256 = NULL, selfie_sha256 = NULL, otp_nonce = NULL,
			phone_given_ms = NULL, phone_verified_ms = NULL, statement_ms = NULL, test_score = NULL, test_due_ms = NULL, eligible_ms = NULL, social_aid = NULL
		WHERE id = ?2 AND erased_ms IS NULL`

	openStock = `INSERT INTO stocks (name, opened, remaining) VALUES (?1, ?2, ?2)
		ON CONFLICT (name) DO UPDATE SET opened = excluded.opened, remaining = stocks.remaining + excluded.opened - stocks.opened
		WHERE stocks.remaining + excluded.opened - stocks.opened >= 0`
	knowStock  = `SELECT EXISTS (SELECT 1 FROM stocks WHERE name = ?1)`
	askBooking = `SELECT coalesce((SELECT b.id FROM bookings b WHERE b.person_id = people.id AND b.stock = ?2), 0), verified_ms IS NOT NULL
		FROM people WHERE id = ?1 AND erased_ms IS NULL /*share row*/`
	askGuest = `SELECT id, coalesce((SELECT b.id FROM bookings b WHERE b.person_id = people.id AND b.stock = ?2), 0)
		FROM people WHERE email = ?1 /*share row*/`
	takeOne       = `UPDATE stocks SET remaining = remaining - 1 WHERE name = ?1 AND remaining > 0`
	insertBooking = `INSERT INTO bookings (person_id, stock, booked_ms) VALUES (?1, ?2, ?3) ON CONFLICT (person_id, stock) DO NOTHING /*returning*/`
	lockStock     = `SELECT remaining FROM stocks WHERE name = ?1 /*lock row*/`
	returnOne     = `UPDATE stocks SET remaining = remaining + 1 WHERE name = ?1`
	dropBooking   = `DELETE FROM bookings WHERE person_id = ?1 AND stock = ?2`
	dropBookings  = `DELETE FROM bookings WHERE person_id = ?1 RETURNING stock`

	insertJob = `INSERT INTO jobs (person_id, kind, due_ms, payload) VALUES (?1, ?2, ?3, ?4)`
	pullJobs  = `UPDATE jobs SET due_ms = ?1 WHERE kind = ?2 AND state = 0 AND due_ms > ?3`
	leaseJobs = `UPDATE jobs SET due_ms = ?1 WHERE id IN (
			SELECT id FROM jobs WHERE kind = ?2 AND state = 0 AND due_ms <= ?3 ORDER BY due_ms, id LIMIT ?4 /*lock*/)
		RETURNING id, person_id, attempts, payload,
			(SELECT email FROM people WHERE people.id = person_id AND erased_ms IS NULL),
			(SELECT name FROM people WHERE people.id = person_id AND erased_ms IS NULL),
			(SELECT phone FROM people WHERE people.id = person_id AND erased_ms IS NULL),
			(SELECT link_nonce FROM people WHERE people.id = person_id AND erased_ms IS NULL),
			(SELECT otp_nonce FROM people WHERE people.id = person_id AND erased_ms IS NULL)`
	settleJob = `UPDATE jobs SET state = ?1, attempts = ?2, due_ms = ?3, settled_ms = ?4,
			payload = CASE WHEN ?6 THEN payload ELSE NULL END
		WHERE id = ?5`

	takeKey = `INSERT INTO idempotency (key, fingerprint, status, expires_ms) VALUES (?1, ?2, 0, ?3)
		ON CONFLICT (key) DO UPDATE SET fingerprint = excluded.fingerprint, status = 0, body = NULL, expires_ms = excluded.expires_ms
		WHERE idempotency.expires_ms <= ?4 OR idempotency.expires_ms > ?5 OR idempotency.status = 0 AND idempotency.expires_ms > ?6`
	readKey = `SELECT fingerprint, status, body FROM idempotency WHERE key = ?1`
	keepKey = `UPDATE idempotency SET status = ?1, body = ?2, expires_ms = ?3 WHERE key = ?4`
	freeKey = `DELETE FROM idempotency WHERE key = ?1`
	// At most two expired keys are deleted for each new key, so the table grows only with keys in use.
	dropKeys = `DELETE FROM idempotency WHERE key IN (SELECT key FROM idempotency WHERE expires_ms <= ?1 ORDER BY expires_ms LIMIT 2 /*lock*/)`
)

// The statements of the readers.
const (
	selectPerson = `SELECT email, name, phone, coalesce(password, ''), verified_ms IS NOT NULL, coalesce(identity, ''), nik_cipher,
		coalesce(birth_date, ''), profile_cipher IS NOT NULL, coalesce(ktp_sha256, ''), coalesce(selfie_sha256, ''),
		phone_given_ms IS NOT NULL, phone_verified_ms IS NOT NULL, statement_ms IS NOT NULL, coalesce(test_due_ms, 0), coalesce(test_score, 0),
		eligible_ms IS NOT NULL, coalesce(social_aid, FALSE), coalesce(batch, 0), selected_ms IS NOT NULL
		FROM people WHERE id = ?1 AND erased_ms IS NULL`
	selectPassword = `SELECT id, coalesce(password, '') FROM people WHERE email = ?1 AND verified_ms IS NOT NULL`
	selectBatches  = `SELECT id, quota, members, coalesce(closed_ms, 0), coalesce(seed, ''), coalesce(places, 0), coalesce(selected_ms, 0)
		FROM batches WHERE id = ?1`
	selectStock    = `SELECT opened, remaining FROM stocks WHERE name = ?1`
	selectStocks   = `SELECT name, opened, remaining FROM stocks ORDER BY name`
	selectBookings = `SELECT stock FROM bookings WHERE person_id = ?1 ORDER BY stock`
	auditStocks    = `SELECT name, opened, remaining, (SELECT count(*) FROM bookings b WHERE b.stock = stocks.name) FROM stocks ORDER BY name`
	auditBookings  = `SELECT b.id, p.email, b.stock FROM bookings b JOIN people p ON p.id = b.person_id ORDER BY b.id`
	currentBatch   = `SELECT coalesce(min(id), 0) FROM batches WHERE closed_ms IS NULL`
	pendingJobs    = `SELECT count(*), coalesce(min(due_ms), 0) FROM jobs WHERE state = 0 AND kind = ?1`
	usedAtAll      = `SELECT EXISTS (SELECT 1 FROM people)`
	checkSeal      = `INSERT INTO seal (id, fingerprint) VALUES (1, ?1) ON CONFLICT (id) DO UPDATE SET id = 1 RETURNING fingerprint = ?1`
	breakSeal      = `INSERT INTO seal (id, fingerprint) VALUES (1, ?1) ON CONFLICT (id) DO UPDATE SET fingerprint = ?1 RETURNING fingerprint = ?1`
	setQuota       = `UPDATE batches SET quota = ?1 WHERE closed_ms IS NULL`
	selectAll      = `SELECT id, email, nik_cipher, verified_ms IS NOT NULL, batch IS NOT NULL FROM people WHERE erased_ms IS NULL ORDER BY id`
)

// writeQueries returns the statements prepared for the writer.
func writeQueries() []string {
	return []string{
		commit, insertPerson, lastPerson, mailNew, mailAgain, verifyEmail, tryLink, setPassword, findNIK, claimNIK, setIdentity,
		askIdentity, setProfile, setKTP, setSelfie, photosOf, keepPhoto, dropPhoto, dropPhotos, startOTP, tryOTP, confirmPhone, setStatement,
		submitTest, setEligible, askJoin, takePlace, setBatch, closeBatch, openBatch, selectBatch,
		batchMembers, setSelected, erasePerson, insertJob, pullJobs, leaseJobs, settleJob, takeKey, readKey, keepKey,
		openStock, knowStock, askBooking, askGuest, takeOne, insertBooking, lockStock, returnOne, dropBooking, dropBookings,
		freeKey, dropKeys, selectPerson, usedAtAll, checkSeal, breakSeal, setQuota,
	}
}

// readQueries returns the statements prepared for the readers.
func readQueries() []string {
	return []string{
		selectPerson, selectPassword, selectBatches, currentBatch, pendingJobs,
		selectStock, selectStocks, selectBookings,
	}
}
