package outbox

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// mailTalk plays a mail server on one connection and returns the commands in order. A "+" marks a command that
// another command followed in the same packet. The argument able lists the extensions that the server
// announces.
func mailTalk(t *testing.T, able []string, takesEmpty bool) (address string, heard func() []string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var commands []string
	var wait sync.WaitGroup
	wait.Go(func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		fmt.Fprint(conn, "220 here\r\n")
		r := bufio.NewReader(conn)
		refused, content := false, false
		for {
			line, err := r.ReadString('\n')
			if err != nil {
				return
			}
			line = strings.TrimSpace(line)
			answer := "250 yes"
			switch {
			case content && line != ".":
				continue
			case content:
				content = false
			case strings.HasPrefix(line, "EHLO") && len(able) > 0:
				answer = "250-here\r\n250-" + strings.Join(able, "\r\n250-") + "\r\n250 8BITMIME"
			case strings.HasPrefix(line, "BDAT"):
				var size int64
				fmt.Sscanf(line, "BDAT %d LAST", &size)
				chunk, _ := io.ReadAll(io.LimitReader(r, size))
				line += fmt.Sprintf(" %q", chunk)
				if refused {
					answer = "503 nobody to send it to"
				}
			case strings.HasPrefix(line, "RCPT TO:<no@"):
				refused, answer = true, "550 no such mailbox"
			case strings.HasPrefix(line, "RCPT TO:<421@"):
				fmt.Fprint(conn, "421 secret, closing\r\n")
				return
			case line == "DATA" && refused && !takesEmpty:
				answer = "503 nobody to send it to"
			case line == "DATA":
				answer, content = "354 go on", true
			case line == "RSET":
				refused = false
			case line == "QUIT":
				answer = "221 bye"
			}
			if r.Buffered() > 0 {
				line += "+" // another command came with it
			}
			commands = append(commands, line)
			fmt.Fprint(conn, answer+"\r\n")
		}
	})
	t.Cleanup(func() {
		listener.Close()
		wait.Wait()
	})
	return listener.Addr().String(), func() []string {
		listener.Close()
		wait.Wait()
		return commands
	}
}

func lettersTo(people ...string) (letters []letter) {
	for _, to := range people {
		letters = append(letters, letter{to, []byte("Subject: x\r\n\r\n.dots\r\n")})
	}
	return letters
}

// wantRefusal checks that exactly the recipients whose name says so are rejected.
func wantRefusal(t *testing.T, to string, err error) {
	t.Helper()
	var no *textproto.Error
	if refused := errors.As(err, &no); refused != strings.HasPrefix(to, "no") || refused && no.Code != 550 || !refused && err != nil {
		t.Errorf("%s: %v", to, err)
	}
}

// TestMailLine sends three mails over one connection; the second has a rejected recipient.
func TestMailLine(t *testing.T) {
	for _, c := range []struct {
		name       string
		able       []string
		takesEmpty bool
		want       []string
	}{
		{"one by one", nil, false, []string{
			"EHLO localhost", "MAIL FROM:<us@example.test>", "RCPT TO:<a@example.test>", "DATA", ".",
			"MAIL FROM:<us@example.test>", "RCPT TO:<no@example.test>", "RSET",
			"MAIL FROM:<us@example.test>", "RCPT TO:<b@example.test>", "DATA", ".", "QUIT",
		}},
		{"together", []string{"PIPELINING"}, false, []string{
			"EHLO localhost", "MAIL FROM:<us@example.test> BODY=8BITMIME+", "RCPT TO:<a@example.test>+", "DATA", ".",
			"MAIL FROM:<us@example.test> BODY=8BITMIME+", "RCPT TO:<no@example.test>+", "DATA", "RSET",
			"MAIL FROM:<us@example.test> BODY=8BITMIME+", "RCPT TO:<b@example.test>+", "DATA", ".", "QUIT",
		}},
		{"together, and the server expects a message without recipients", []string{"PIPELINING"}, true, []string{
			"EHLO localhost", "MAIL FROM:<us@example.test> BODY=8BITMIME+", "RCPT TO:<a@example.test>+", "DATA", ".",
			"MAIL FROM:<us@example.test> BODY=8BITMIME+", "RCPT TO:<no@example.test>+", "DATA", ".", "RSET",
			"MAIL FROM:<us@example.test> BODY=8BITMIME+", "RCPT TO:<b@example.test>+", "DATA", ".", "QUIT",
		}},
		{"with the message", []string{"PIPELINING", "CHUNKING"}, false, []string{
			"EHLO localhost", "MAIL FROM:<us@example.test> BODY=8BITMIME+", "RCPT TO:<a@example.test>+", `BDAT 21 LAST "Subject: x\r\n\r\n.dots\r\n"+`, "RSET+",
			"MAIL FROM:<us@example.test> BODY=8BITMIME+", "RCPT TO:<no@example.test>+", `BDAT 21 LAST "Subject: x\r\n\r\n.dots\r\n"+`, "RSET+",
			"MAIL FROM:<us@example.test> BODY=8BITMIME+", "RCPT TO:<b@example.test>+", `BDAT 21 LAST "Subject: x\r\n\r\n.dots\r\n"`, "QUIT",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			address, heard := mailTalk(t, c.able, c.takesEmpty)
			line := &mailLine{config: MailConfig{SMTP: address, From: "us@example.test", Timeout: time.Minute}}
			letters := lettersTo("a@example.test", "no@example.test", "b@example.test")
			for i, err := range line.send(t.Context(), letters) {
				wantRefusal(t, letters[i].to, err)
			}
			line.quit()
			if got := heard(); !slices.Equal(got, c.want) {
				t.Errorf("the server heard\n%q, want\n%q", got, c.want)
			}
		})
	}
}

// TestMailLineBreaks checks that answers received before the connection broke count, and that the fate of the
// other mails is unknown.
func TestMailLineBreaks(t *testing.T) {
	for _, able := range [][]string{nil, {"PIPELINING", "CHUNKING"}} {
		address, heard := mailTalk(t, able, false)
		line := &mailLine{config: MailConfig{SMTP: address, From: "us@example.test", Timeout: time.Minute}}
		letters := lettersTo("a@example.test", "no@example.test", "421@example.test", "b@example.test")
		errs := line.send(t.Context(), letters)
		wantRefusal(t, letters[0].to, errs[0])
		wantRefusal(t, letters[1].to, errs[1])
		for _, err := range errs[2:] {
			var no *textproto.Error
			if err == nil || errors.As(err, &no) || strings.Contains(err.Error(), "secret") {
				t.Errorf("%v: %v; want an error about the connection, without the server's text", able, err)
			}
		}
		heard()
	}
}
