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
func message(from, link, code string, mail store.Job, now time.Time) []byte {
	_, domain, _ := strings.Cut(from, "@")
	b := make([]byte, 0, 1<<10)
	add := func(parts ...string) {
		for _, part := range parts {
			b = append(b, part...)
		}
	}
	add("From: Registration <", from, ">\r\nTo: <", mail.Email, ">\r\nSubject: Confirm your e-mail address\r\n")
	add("Message-ID: <", strconv.FormatInt(mail.ID, 10), ".", hex.EncodeToString(mail.LinkNonce), "@", domain, ">\r\nDate: ")
	b = now.AppendFormat(b, time.RFC1123Z)
	add("\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n")
	add("Dear ", greeting(mail.Name), ",\r\n\r\nopen this link to confirm your e-mail address:\r\n\r\n", link, "\r\n\r\n")
	add("or enter this code: ", code, "\r\n\r\nIf you did not sign up, do nothing.\r\n")
	return b
}
