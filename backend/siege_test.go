package backend_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/ombak-sim/ombak/backend/store"
)

// TestUploadsUnderWayAreBounded begins a hundred uploads that never end. Most are refused at once, whatever their session
// may do, and their room is free again afterwards.
func TestUploadsUnderWayAreBounded(t *testing.T) {
	const uploads, size, room = 100, 4 << 20, 64 << 20
	s := startService(t, nil)
	session := s.sessionsOf(1)[0]
	refused := make(chan int, uploads)
	var end []func()
	for range uploads {
		conn, err := s.client.Dial("people.test")
		if err != nil {
			t.Fatal(err)
		}
		end = append(end, func() { conn.Close() })
		fmt.Fprintf(conn, "POST /v1/photos HTTP/1.1\r\nHost: people.test\r\nAuthorization: Bearer %s\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: %d\r\n\r\n", session, size)
		go func() {
			if answer, err := http.ReadResponse(bufio.NewReader(conn), nil); err == nil {
				answer.Body.Close()
				refused <- answer.StatusCode
			}
		}()
	}
	for range uploads - room/size {
		if status := <-refused; status != 503 {
			t.Errorf("an upload beyond the bound: status %d; want 503", status)
		}
	}
	for _, end := range end {
		end()
	}
	s.want("a small request meanwhile", s.signUp("late@example.test"), 202, "")
}

// TestUnfinishedUploadsHoldLittle begins a hundred uploads of 8 MB in one session, of which each stops a byte before its end, and
// measures what the server holds of them, which without bounds is 800 MB. Bodies under way have 64 MB together. The test's bound is
// generous: a buffer may be longer than its body.
func TestUnfinishedUploadsHoldLittle(t *testing.T) {
	const uploads, room, most = 100, 64 << 20, 160 << 20
	for _, test := range []struct {
		why   string
		head  string
		text  []byte
		least int // bytes that are held at some time, so that the test measures something
	}{
		{"8 MB, as announced", "Content-Length: 8388608\r\n\r\n", make([]byte, 8<<20-1), 0}, // more than photos may have: nothing is read
		{"8 MB in one chunk", "Transfer-Encoding: chunked\r\n\r\n800000\r\n", make([]byte, 8<<20-1), 0},
		{"4 MB, as much as photos may have", "Content-Length: 4194304\r\n\r\n", make([]byte, 4<<20-1), room / 2},
	} {
		listener, err := net.Listen("tcp", "127.0.0.1:0") // has buffers of the kernel, which are not the server's
		if err != nil {
			t.Fatal(err)
		}
		s := startService(t, func(s *service) { s.config.Listener = listener })
		s.client = &fasthttp.HostClient{Addr: listener.Addr().String(), MaxConns: 4096}
		session := s.sessionsOf(1)[0]
		before := held()
		var conns []net.Conn
		var sending sync.WaitGroup
		for range uploads {
			conn, err := net.Dial("tcp", listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			conns = append(conns, conn)
			sending.Go(func() {
				fmt.Fprintf(conn, "POST /v1/photos HTTP/1.1\r\nHost: people.test\r\nAuthorization: Bearer %s\r\nContent-Type: multipart/form-data; boundary=x\r\n%s", session, test.head)
				conn.Write(test.text) // until the server takes no more, or closes
			})
		}
		sent := make(chan struct{})
		go func() {
			sending.Wait()
			close(sent)
		}()
		peak, after := 0, 10 // looks after everything was sent
		for peak < test.least || after > 0 {
			peak = max(peak, held()-before)
			select {
			case <-sent:
				after--
			case <-time.After(10 * time.Millisecond):
			}
		}
		t.Logf("%s: %d bytes", test.why, peak)
		if peak > most {
			t.Errorf("%s: the server holds %d MB for %d unfinished uploads; want at most %d MB", test.why, peak>>20, uploads, most>>20)
		}
		for _, conn := range conns {
			conn.Close()
		}
		s.stop()
	}
}

// held returns the bytes of all objects that somebody may still use.
func held() int {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int(stats.HeapAlloc)
}

// TestPhotoBodiesAreBounded checks that the bound of the route holds before the body is read, with and without
// Expect: 100-continue.
func TestPhotoBodiesAreBounded(t *testing.T) {
	s := startService(t, nil)
	session := "Authorization: Bearer " + s.sessionsOf(1)[0]
	for why, headers := range map[string][]string{"announced": {session}, "asked for": {session, "Expect: 100-continue"}} {
		a := s.announce("/v1/photos", 5<<20, headers...)
		s.want(why, a, 413, "too_large")
		if a.header["X-Content-Type-Options"] != "nosniff" {
			t.Errorf("%s: headers %v", why, a.header)
		}
	}
}

// TestHalfSentRequestHoldsNothingUp shuts the service down while a client has sent half a request.
func TestHalfSentRequestHoldsNothingUp(t *testing.T) {
	s := startService(t, nil)
	conn, err := s.client.Dial("people.test")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "POST /v1/signups HTTP/1.1\r\nHost: people.test\r\nContent-Length: 100\r\n\r\n{")
	s.signUp("p@example.test") // a short delay
	s.stop()
	if line, err := bufio.NewReader(conn).ReadString('\n'); err == nil && !strings.Contains(line, "400") && !strings.Contains(line, "408") {
		t.Errorf("the half-sent request was answered: %s", line)
	}
}

// TestPhotosOfNobodyGo checks that what a killed process left is removed at the start, and nothing else.
func TestPhotosOfNobodyGo(t *testing.T) {
	s := startService(t, nil)
	session := s.sessionsOf(1)[0]
	s.want("a photo", s.upload(session, "photo", pngOf(t, 8, 8)), 201, "")
	kept := s.kept()[0]
	s.stop()
	left := []string{
		filepath.Join(filepath.Dir(kept), ".new-123"),
		filepath.Join(filepath.Dir(kept), strings.Repeat("a", 64)+".1"), // never recorded
		strings.TrimSuffix(kept, ".1") + ".2",                           // of nobody
		filepath.Join(filepath.Dir(kept), "notes.txt"),
	}
	for _, path := range left {
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	again := startService(t, func(again *service) {
		again.config.Database, again.config.PhotoDir = s.config.Database, s.config.PhotoDir
	})
	for len(again.everyFile(filepath.Dir(kept))) > 2 {
		again.signUp("not an address") // a short delay
	}
	if got := again.everyFile(filepath.Dir(kept)); len(got) != 2 || got[0] != filepath.Base(kept) && got[1] != filepath.Base(kept) {
		t.Errorf("left: %v; want the photo and what is not ombak's", got)
	}
}

func (s *service) everyFile(folder string) (names []string) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

// TestWrongCodesOfEverybody checks that wrong codes are limited over all people, and that links still work.
func TestWrongCodesOfEverybody(t *testing.T) {
	s := startService(t, nil)
	s.signUp("p@example.test")
	_, token := s.nextMail()
	var wait sync.WaitGroup
	for w := range 50 {
		wait.Go(func() {
			for i := range 300 {
				s.post("/v1/email-verifications", "", fields{"email": fmt.Sprintf("p%d.%d@example.test", w, i), "code": "000000"})
			}
		})
	}
	wait.Wait()
	s.want("one more", s.post("/v1/email-verifications", "", fields{"email": "p@example.test", "code": "000000"}), 429, "too_many_requests")
	s.verify(token)
}

// TestNamesAreSeen checks that names hold no character that hides or breaks a line, and that a mail greets without links.
func TestNamesAreSeen(t *testing.T) {
	s := startService(t, nil)
	for _, name := range []string{"Siti\u2028Aminah", "Siti\u200b", "\u202eitiS", "Siti\ufeff", "Si\u00adti"} {
		s.want(fmt.Sprintf("%+q", name), s.post("/v1/signups", "", fields{"name": name, "email": "p@example.test", "phone": "08123456789"}), 422, "invalid")
	}
	for name, greeted := range map[string]string{"Menang 1jt! www.evil.test": "Dear Menang 1jt!,", "evil.test": "Dear applicant,", "Siti M. Aminah": "Dear Siti M. Aminah,", "Ayo evil。test": "Dear Ayo,"} {
		email := fmt.Sprintf("p%x@example.test", name[:4])
		s.want(name, s.post("/v1/signups", "", fields{"name": name, "email": email, "phone": "08123456789"}), 202, "")
		if text := <-s.mail.taken; !strings.Contains(text, greeted) {
			t.Errorf("%q is greeted wrongly:\n%s", name, text)
		}
	}
}

// TestBackup copies a database in use, and opens the copy.
func TestBackup(t *testing.T) {
	s := startService(t, nil)
	s.sessionsOf(3)
	path := filepath.Join(t.TempDir(), "backup.db")
	if err := store.Backup(t.Context(), s.config.Database, path); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v; want a file of mode 0600", info, err)
	}
	if rows := auditEmails(t, path); len(rows) != 3 {
		t.Errorf("the copy holds %v; want three people", rows)
	}
	if err := store.Backup(t.Context(), s.config.Database, path); err == nil {
		t.Error("an existing file was replaced")
	}
}
