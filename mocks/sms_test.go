package mocks_test

import (
	"fmt"
	"net/smtp"
	"strings"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/mocks"
	"github.com/ombak-sim/ombak/population"
	"github.com/ombak-sim/ombak/workload"
	"github.com/ombak-sim/ombak/workload/fault"
)

func withSMS(t *testing.T, sms mocks.SMS) *mocks.Mocks {
	t.Helper()
	described := config()
	described.SMS = &sms
	running := start(t, described)
	running.Begin(time.Now(), workload.Clock{})
	return running
}

func sendSMS(t *testing.T, running *mocks.Mocks, to, text string) int {
	return call(t, "POST", "http://"+running.Addresses()["sms"]+"/sms/messages", fmt.Sprintf(`{"to":%q,"text":%q}`, to, text), nil)
}

func phone(t *testing.T, running *mocks.Mocks, number, arguments string) []message {
	var view struct{ Messages []message }
	call(t, "GET", "http://"+running.Addresses()["sms"]+"/sms/inboxes/"+number+"/messages"+arguments, "", &view)
	return view.Messages
}

func TestSMS(t *testing.T) {
	running := withSMS(t, mocks.SMS{Delivery: workload.ConstantTime(30 * time.Millisecond), PerNumber: 2.0 / 60})
	person := people().Person(7)
	if status := sendSMS(t, running, person.Phone, "kode 1"); status != 202 {
		t.Errorf("status %d, want 202", status)
	}
	if got := phone(t, running, person.Phone, ""); len(got) != 0 {
		t.Errorf("arrived immediately: %+v", got)
	}
	if got := phone(t, running, "0"+strings.TrimPrefix(person.Phone, "+62"), "?wait=10s"); len(got) != 1 || got[0].Body != "kode 1" {
		t.Errorf("got %+v", got)
	}
	for _, row := range []struct {
		why, method, path, body string
		want                    int
	}{
		{"the second to one number", "POST", "/sms/messages", `{"to":"` + person.Phone + `","text":"x"}`, 202},
		{"the third within a minute", "POST", "/sms/messages", `{"to":"` + person.Phone + `","text":"x"}`, 429},
		{"another number", "POST", "/sms/messages", `{"to":"` + people().Person(8).Phone + `","text":"x"}`, 202},
		{"nobody's number", "POST", "/sms/messages", `{"to":"112","text":"x"}`, 202},
		{"no text", "POST", "/sms/messages", `{"to":"112"}`, 400},
		{"not JSON", "POST", "/sms/messages", `{`, 400},
		{"another method", "GET", "/sms/messages", "", 405},
		{"another path", "GET", "/sms", "", 404},
		{"an inbox by another method", "POST", "/sms/inboxes/112/messages", "", 405},
		{"an invalid wait", "GET", "/sms/inboxes/112/messages?wait=x", "", 400},
		{"nobody's inbox", "GET", "/sms/inboxes/112/messages", "", 404},
	} {
		if got := call(t, row.method, "http://"+running.Addresses()["sms"]+row.path, row.body, nil); got != row.want {
			t.Errorf("%s: status %d, want %d", row.why, got, row.want)
		}
	}
	if got, want := running.SMSCounts(), (mocks.SMSCounts{Delivered: 3, Lost: 1, Limited: 1}); got != want {
		t.Errorf("counts %+v, want %+v", got, want)
	}
}

// TestSMSGetLost checks that about a quarter of 400 messages is lost; the standard deviation of the count is
// 8.7.
func TestSMSGetLost(t *testing.T) {
	running := withSMS(t, mocks.SMS{Loss: 0.25})
	for index := range uint64(400) {
		sendSMS(t, running, people().Person(index).Phone, "x")
	}
	if lost := running.SMSCounts().Lost; lost < 65 || lost > 135 {
		t.Errorf("%d of 400 were lost, want about 100", lost)
	}
	if _, err := running.StartFault(fault.Description{Fault: "loss"}, "sms", 0, ""); err != nil {
		t.Fatal(err)
	}
	before := running.SMSCounts()
	sendSMS(t, running, people().Person(1).Phone, "x")
	if after := running.SMSCounts(); after.Lost != before.Lost+1 || after.Delivered != before.Delivered {
		t.Errorf("under the fault loss: %+v after %+v", after, before)
	}
}

func TestFaultsOfMail(t *testing.T) {
	person := find(t, lacking(population.MistypedEmail|population.FullMailbox|population.SpamFolder))
	for _, row := range []struct {
		description fault.Description
		want        []string // prefixes of the errors of successive attempts; "" for none
	}{
		{fault.Description{Fault: "greylist", With: map[string]any{"delay": "1ns"}}, []string{"451", ""}},
		{fault.Description{Fault: "mail-greylist"}, []string{"451", "451"}},
		{fault.Description{Fault: "mail-outage"}, []string{"451"}},
		{fault.Description{Fault: "outage", With: map[string]any{"status": 550}}, []string{"550"}},
		{fault.Description{Fault: "reset"}, []string{"EOF|reset|broken pipe"}},
		{fault.Description{Fault: "refused"}, []string{"EOF|reset|broken pipe"}},
		{fault.Description{Fault: "loss"}, []string{""}},
	} {
		running := start(t, config())
		running.Begin(time.Now(), workload.Clock{})
		if _, err := running.StartFault(row.description, "mail", 0, ""); err != nil {
			t.Fatal(err)
		}
		for i, want := range row.want {
			err := smtp.SendMail(running.Addresses()["mail-smtp"], nil, "a@daftar.example", []string{person.Email}, []byte("\r\nx\r\n"))
			if !saysOneOf(err, want) {
				t.Errorf("%s, attempt %d: %v, want %q", row.description.Fault, i+1, err, want)
			}
		}
		if delivered := running.MailCounts().Delivered; row.description.Fault == "loss" && delivered != 0 {
			t.Errorf("lost mail was delivered")
		}
	}
}

func saysOneOf(err error, texts string) bool {
	if err == nil || texts == "" {
		return err == nil && texts == ""
	}
	for text := range strings.SplitSeq(texts, "|") {
		if strings.Contains(err.Error(), text) {
			return true
		}
	}
	return false
}

func TestRegistriesByOtherNumbers(t *testing.T) {
	running := start(t, config())
	dapodik, dtks := "http://"+running.Addresses()["dapodik"], "http://"+running.Addresses()["dtks"]
	pupil, helped := find(t, having(population.Pupil)), find(t, having(population.Welfare))
	notHelped := find(t, lacking(population.Welfare))
	for _, row := range []struct{ why, url, key, want string }{
		{"a pupil by NISN", dapodik + "/dapodik/nisn/" + pupil.School.NISN, "nik", pupil.NIK},
		{"nobody's NISN", dapodik + "/dapodik/nisn/0123456789", "active", "false"},
		{"an invalid NISN", dapodik + "/dapodik/nisn/4x", "active", "false"},
		{"the school by NPSN", dapodik + "/dapodik/schools/" + pupil.School.NPSN, "active", "true"},
		{"a real school", dapodik + "/dapodik/schools/20100001", "active", "false"},
		{"a household by its family card", dtks + "/dtks/cards/" + helped.KK, "registered", "true"},
		{"a household without aid", dtks + "/dtks/cards/" + notHelped.KK, "registered", "false"},
		{"nobody's card", dtks + "/dtks/cards/1", "registered", "false"},
	} {
		var got map[string]any
		if status := call(t, "GET", row.url, "", &got); status != 200 || fmt.Sprint(got[row.key]) != row.want {
			t.Errorf("%s: status %d, %v; want %s %s", row.why, status, got, row.key, row.want)
		}
	}
}
