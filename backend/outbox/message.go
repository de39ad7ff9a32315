package outbox

import (
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"github.com/ombak-sim/ombak/backend/store"
)

// message builds the mail with the link that proves an address (RFC 5322). The Message-ID is the same at each
// attempt, so that duplicates can be recognised.
func message(words words, from, link, code string, mail store.Job, now time.Time) []byte {
	_, domain, _ := strings.Cut(from, "@")
	b := make([]byte, 0, 1<<10)
	add := func(parts ...string) {
		for _, part := range parts {
			b = append(b, part...)
		}
	}
	add("From: ", words.sender, " <", from, ">\r\nTo: <", mail.Email, ">\r\nSubject: ", words.subject, "\r\n")
	add("Message-ID: <", strconv.FormatInt(mail.ID, 10), ".", hex.EncodeToString(mail.LinkNonce), "@", domain, ">\r\nDate: ")
	b = now.AppendFormat(b, time.RFC1123Z)
	add("\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n")
	add(words.dear, " ", greeting(mail.Name, words.stranger), ",\r\n\r\n", words.open, "\r\n\r\n", link, "\r\n\r\n")
	add(words.enter, " ", code, "\r\n\r\n", words.ignore, "\r\n")
	return b
}
