package outbox

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
)

// TestIdleConnectionIsRedialled sends a mail over a connection that the server has closed meanwhile, with and without a
// word. The mail is delivered at once over a new one.
func TestIdleConnectionIsRedialled(t *testing.T) {
	for _, last := range []string{"", "421 idle for too long\r\n"} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		closed := make(chan bool, 2)
		go func() {
			for range 2 {
				conn, err := listener.Accept()
				if err != nil {
					return
				}
				takeOneMail(conn)
				fmt.Fprint(conn, last)
				conn.Close()
				closed <- true
			}
		}()
		line := &mailLine{config: MailConfig{SMTP: listener.Addr().String(), From: "a@b.test", Timeout: 10 * time.Second}}
		for i := range 2 {
			if errs := line.send(t.Context(), []letter{{"p@example.test", []byte("hello\r\n")}}); errs[0] != nil {
				t.Errorf("mail %d after %q: %v", i, last, errs[0])
			}
			<-closed
		}
		listener.Close()
	}
}

// takeOneMail plays a mail server until it has taken a mail.
func takeOneMail(conn net.Conn) {
	fmt.Fprint(conn, "220 here\r\n")
	r := bufio.NewReader(conn)
	for content := false; ; {
		line, err := r.ReadString('\n')
		switch line = strings.TrimSpace(line); {
		case err != nil:
			return
		case content && line == ".":
			fmt.Fprint(conn, "250 taken\r\n")
			return
		case content:
		case line == "DATA":
			content = true
			fmt.Fprint(conn, "354 go on\r\n")
		default:
			fmt.Fprint(conn, "250 yes\r\n")
		}
	}
}
