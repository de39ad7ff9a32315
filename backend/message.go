package backend

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/ombak-sim/ombak/backend/store"
)

// message writes the mail with the link that proves an address (RFC 5322). The Message-ID is the same
// at each attempt, so that a mail that was sent twice can be told.
func message(from, link, code string, mail store.Job, now time.Time) []byte {
	_, domain, _ := strings.Cut(from, "@")
	var b bytes.Buffer
	fmt.Fprintf(&b, "From: Registration <%s>\r\n", from)
	fmt.Fprintf(&b, "To: <%s>\r\n", mail.Email)
	b.WriteString("Subject: Confirm your e-mail address\r\n")
	fmt.Fprintf(&b, "Message-ID: <%d.%x@%s>\r\n", mail.ID, mail.LinkNonce, domain)
	fmt.Fprintf(&b, "Date: %s\r\n", now.Format(time.RFC1123Z))
	b.WriteString("MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n")
	fmt.Fprintf(&b, "Dear %s,\r\n\r\nopen this link to confirm your e-mail address:\r\n\r\n%s\r\n\r\n", mail.Name, link)
	fmt.Fprintf(&b, "or enter this code: %s\r\n\r\n", code)
	b.WriteString("If you did not sign up, do nothing.\r\n")
	return b.Bytes()
}
