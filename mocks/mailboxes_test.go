package mocks

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

func TestMailboxHidesWhatIsUnderWay(t *testing.T) {
	boxes := newMailboxes(0)
	boxes.put(7, letter{subject: "late", visible: 10 * time.Second})
	boxes.put(7, letter{subject: "soon", visible: 5 * time.Second})
	boxes.put(7, letter{subject: "advert", visible: 0, spam: true})
	for _, row := range []struct {
		why  string
		now  time.Duration
		want string
		next time.Duration
	}{
		{"nothing yet", time.Second, "", 5 * time.Second},
		{"one has arrived", 5 * time.Second, "soon", 10 * time.Second},
		{"the newest first", 10 * time.Second, "late soon", 0},
	} {
		found, next := boxes.look(7, false, false, row.now)
		if got := subjects(found); got != row.want || next != row.next {
			t.Errorf("%s: got %q, next %v; want %q, next %v", row.why, got, next, row.want, row.next)
		}
	}
	if found, _ := boxes.look(7, true, false, 0); subjects(found) != "advert" {
		t.Errorf("spam folder: %q", subjects(found))
	}
}

func subjects(letters []letter) string {
	var names []string
	for _, letter := range letters {
		names = append(names, letter.subject)
	}
	return strings.Join(names, " ")
}

// TestMailboxesKeepTheirBooks checks, under any sequence of messages added and removed, that the counters are
// right, memory stays bounded, and empty mailboxes are removed.
func TestMailboxesKeepTheirBooks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		memory := int64(rapid.SampledFrom([]int{1, 200, 1000, 100_000}).Draw(t, "memory")) * mailShards
		boxes := newMailboxes(memory)
		shard := boxes.shard(0)
		for range rapid.IntRange(1, 300).Draw(t, "steps") {
			person := uint64(rapid.IntRange(0, 5).Draw(t, "person")) * mailShards
			handIn := rapid.Bool().Draw(t, "hand in")
			if handIn {
				boxes.put(person, letter{body: strings.Repeat("x", rapid.IntRange(0, 100).Draw(t, "length"))})
			} else {
				boxes.look(person, false, true, 0)
			}
			var bytes int64
			letters := 0
			for _, box := range shard.boxes {
				letters += len(box.letters)
				if len(box.letters) == 0 || len(box.letters) > mailboxMessages {
					t.Fatalf("a mailbox of %d messages is kept", len(box.letters))
				}
				for _, letter := range box.letters {
					bytes += letter.bytes()
				}
			}
			if bytes != shard.bytes || letters != shard.letters || bytes > shard.most {
				t.Fatalf("%d bytes in %d messages; counted %d in %d, limit %d", bytes, letters, shard.bytes, shard.letters, shard.most)
			}
			if handIn && shard.order.len() > 2*shard.letters+mailShards {
				t.Fatalf("%d postings for %d messages", shard.order.len(), shard.letters)
			}
		}
	})
}

func TestMailboxesCountUnreadDrops(t *testing.T) {
	boxes := newMailboxes(0)
	for range mailboxMessages {
		boxes.put(1, letter{})
		boxes.put(2, letter{})
	}
	boxes.look(1, false, false, 0)
	boxes.put(1, letter{}) // makes room by dropping a message that was read
	boxes.put(2, letter{}) // makes room by dropping one that was not
	if got := boxes.dropped(); got != 1 {
		t.Errorf("dropped %d unread, want 1", got)
	}
}

func TestReaderWaitsForAMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		boxes, clock := newMailboxes(0), newRunClock()
		reader := &mailReader{context: t.Context(), boxes: boxes, clock: clock}
		go func() {
			time.Sleep(time.Second)
			boxes.put(7, letter{subject: "hello", visible: clock.now() + 3*time.Second})
		}()
		begun := time.Now()
		if found := reader.read(lookup{person: 7, wait: 2 * time.Second}); len(found) != 0 || time.Since(begun) != 2*time.Second {
			t.Errorf("found %d messages after %v, want none after 2s", len(found), time.Since(begun))
		}
		found := reader.read(lookup{person: 7, wait: time.Minute, consume: true})
		if subjects(found) != "hello" || time.Since(begun) != 4*time.Second {
			t.Errorf("found %q after %v, want hello after 4s", subjects(found), time.Since(begun))
		}
		if left := len(boxes.shard(7).boxes); left != 0 {
			t.Errorf("%d empty mailboxes are kept", left)
		}
	})
}

func TestMessagesAreReadAsPeopleSeeThem(t *testing.T) {
	for _, row := range []struct{ why, raw, subject, body string }{
		{"plain", "Subject: Verifikasi\r\n\r\nhttps://x/?t=1\r\n", "Verifikasi", "https://x/?t=1\r\n"},
		{"encoded words", "Subject: =?utf-8?q?Caf=C3=A9?=\r\n\r\nx", "Café", "x"},
		{"a soft line break does not cut a link", "Content-Transfer-Encoding: quoted-printable\r\n\r\nhttps://x/?t=3D=\r\n1\r\n", "", "https://x/?t=1\r\n"},
		{"base64", "Content-Transfer-Encoding: base64\r\n\r\naGVs\r\nbG8=\r\n", "", "hello"},
		{"the first text of several parts", "Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n" +
			"Content-Transfer-Encoding: quoted-printable\r\n\r\na=3Db\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>\r\n--b--\r\n", "", "a=b"},
		{"not a message", "\r\nhello", "", "hello"},
		{"a picture has no text", "Content-Type: image/png\r\n\r\nx", "", ""},
	} {
		subject, body := readMessage([]byte(row.raw))
		if subject != row.subject || body != row.body {
			t.Errorf("%s: got %q, %q; want %q, %q", row.why, subject, body, row.subject, row.body)
		}
	}
}

func FuzzReadMessage(f *testing.F) {
	f.Add([]byte("Subject: x\r\n\r\ny"))
	f.Add([]byte("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\nx"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		subject, body := readMessage(raw)
		if len(subject) > messageKept || len(body) > messageKept {
			t.Fatalf("kept %d and %d bytes", len(subject), len(body))
		}
	})
}

func TestSimilarity(t *testing.T) {
	for _, row := range []struct {
		why, a, b string
		want      int
	}{
		{"case and spaces do not matter", "Siti  Rahayu ", "SITI RAHAYU", 100},
		{"one letter of eleven", "SITI RAHAYO", "SITI RAHAYU", 90},
		{"one extra letter", "BUDII", "BUDI", 80},
		{"nothing in common", "abc", "xyz", 0},
		{"both empty", "", " ", 100},
		{"one empty", "", "x", 0},
	} {
		if got := similarity(row.a, row.b); got != row.want {
			t.Errorf("%s: got %d, want %d", row.why, got, row.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.String().Draw(t, "a"), rapid.String().Draw(t, "b")
		score := similarity(a, b)
		if score != similarity(b, a) || score < 0 || score > 100 || similarity(a, a) != 100 {
			t.Fatalf("%q and %q score %d", a, b, score)
		}
	})
}
