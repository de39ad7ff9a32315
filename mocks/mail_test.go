package mocks_test

import (
	"errors"
	"fmt"
	"net/smtp"
	"net/textproto"
	"strings"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/mocks"
	"github.com/ombak-sim/ombak/population"
	"github.com/ombak-sim/ombak/workload"
)

func TestMail(t *testing.T) {
	running := start(t, config())
	running.Begin(time.Now(), workload.Clock{})
	const trouble = population.MistypedEmail | population.FullMailbox | population.SpamFolder
	for _, row := range []struct {
		why    string
		person population.Person
		code   int // SMTP code of the rejection; 0 if there is none
		inbox  int // number of messages
		spam   int
	}{
		{"good", find(t, lacking(trouble)), 0, 1, 0},
		{"mistyped", find(t, having(population.MistypedEmail)), 0, 0, 0},
		{"spam folder", find(t, having(population.SpamFolder)), 0, 0, 1},
		{"full", find(t, having(population.FullMailbox)), 552, 0, 0},
	} {
		typed := people().Form(row.person.Index, 1).Email
		message := fmt.Sprintf("Subject: Verifikasi\r\nTo: %s\r\n\r\nhttps://daftar.example/v?t=1\r\n", typed)
		err := smtp.SendMail(running.Addresses()["mail-smtp"], nil, "noreply@daftar.example", []string{typed}, []byte(message))
		var refusal *textproto.Error
		if errors.As(err, &refusal); (err == nil) != (row.code == 0) || row.code != 0 && refusal.Code != row.code {
			t.Errorf("%s: %v, want code %d", row.why, err, row.code)
		}
		for _, address := range []string{typed, row.person.Email} {
			want := row.inbox
			if got := len(inbox(t, running, address, "")); got != want {
				t.Errorf("%s: %d messages for %s, want %d", row.why, got, address, want)
			}
		}
		if got := len(inbox(t, running, row.person.Email, "?folder=spam")); got != row.spam {
			t.Errorf("%s: %d messages in the spam folder, want %d", row.why, got, row.spam)
		}
	}
	person := find(t, lacking(trouble))
	letters := inbox(t, running, strings.ToUpper(person.Email), "?consume=1")
	if len(letters) != 1 || letters[0].Subject != "Verifikasi" || letters[0].Body != "https://daftar.example/v?t=1\r\n" {
		t.Errorf("got %+v", letters)
	}
	if again := inbox(t, running, person.Email, ""); len(again) != 0 {
		t.Errorf("a consumed message was not removed: %+v", again)
	}
	err := smtp.SendMail(running.Addresses()["mail-smtp"], nil, "noreply@daftar.example", []string{"someone@elsewhere.example"}, nil)
	if err == nil || !strings.HasPrefix(err.Error(), "550") {
		t.Errorf("unknown address: %v, want 550", err)
	}
	if got, want := running.MailCounts(), (mocks.MailCounts{Delivered: 1, Spam: 1, Lost: 1, Full: 1, Unknown: 1}); got != want {
		t.Errorf("counts %+v, want %+v", got, want)
	}
}

type message struct{ Subject, Body string }

func inbox(t *testing.T, running *mocks.Mocks, address, arguments string) []message {
	t.Helper()
	var view struct{ Messages []message }
	status := call(t, "GET", "http://"+running.Addresses()["mail"]+"/mailboxes/"+address+"/messages"+arguments, "", &view)
	if view.Messages == nil || (status == 200) != (len(view.Messages) > 0) || status != 200 && status != 404 {
		t.Errorf("status %d with %+v", status, view)
	}
	return view.Messages
}

func TestMailIsRejectedByItsQueue(t *testing.T) {
	busy := config()
	busy.Mail.Service.RateLimit = 0.001
	running := start(t, busy)
	person := find(t, lacking(population.MistypedEmail|population.FullMailbox|population.SpamFolder))
	send := func() error {
		return smtp.SendMail(running.Addresses()["mail-smtp"], nil, "a@daftar.example", []string{person.Email}, []byte("\r\nx\r\n"))
	}
	if err := send(); err != nil {
		t.Fatal(err)
	}
	var refusal *textproto.Error
	if err := send(); !errors.As(err, &refusal) || refusal.Code != 421 {
		t.Errorf("got %v, want 421", err)
	}
}
