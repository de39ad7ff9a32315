package mocks_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/smtp"
	"net/textproto"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/ombak-sim/ombak/mocks"
	"github.com/ombak-sim/ombak/population"
	"github.com/ombak-sim/ombak/workload"
)

// shares gives every trait to many, so that a few indexes meet all of them.
func shares() population.Shares {
	return population.Shares{
		Minors: 0.2, Pupils: 0.3, Students: 0.2, Welfare: 0.5, MistypedEmail: 0.2, FullMailbox: 0.2, SpamFolder: 0.2,
		MistypedNIK: 0.2, NotFound: 0.15, Deceased: 0.15, Duplicate: 0.15, Inactive: 0.15, Mismatch: 0.2,
	}
}

func config() mocks.Config {
	config := mocks.Config{Seed: workload.Seed{Value: 1}, Opens: opens(), Shares: shares()}
	config.Dukcapil.User, config.Dukcapil.Password, config.Dukcapil.Institution = "prakerja", "rahasia", "kemenko"
	return config
}

func people() population.Population {
	return population.New(workload.Seed{Value: 1}, opens(), shares())
}

// find returns the first person for whom the condition holds.
func find(t *testing.T, holds func(population.Traits) bool) population.Person {
	t.Helper()
	for index := range uint64(10_000) {
		if holds(people().Traits(index)) {
			return people().Person(index)
		}
	}
	t.Fatal("nobody is like that")
	return population.Person{}
}

func having(traits population.Traits) func(population.Traits) bool {
	return func(t population.Traits) bool { return t.Has(traits) }
}

func lacking(traits population.Traits) func(population.Traits) bool {
	return func(t population.Traits) bool { return !t.HasAny(traits) }
}

const troubled = population.NotFound | population.Deceased | population.Duplicate | population.Inactive | population.Mismatch

func start(t *testing.T, config mocks.Config) *mocks.Mocks {
	t.Helper()
	running, err := mocks.Start(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := running.Close(); err != nil {
			t.Error(err)
		}
	})
	return running
}

func call(t *testing.T, method, url, body string, into any) int {
	t.Helper()
	request, response := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(request)
	defer fasthttp.ReleaseResponse(response)
	request.SetRequestURI(url)
	request.Header.SetMethod(method)
	request.SetBodyString(body)
	request.SetConnectionClose()
	if err := fasthttp.Do(request, response); err != nil {
		t.Fatal(err)
	}
	if into != nil {
		if err := json.Unmarshal(response.Body(), into); err != nil {
			t.Fatalf("%s: %v in %s", url, err, response.Body())
		}
	}
	return response.StatusCode()
}

func question(person population.Identity, change map[string]any) string {
	fields := map[string]any{
		"USER_ID": "prakerja", "PASSWORD": "rahasia", "IP_USER": "10.0.0.1", "TRESHOLD": "90", "NIK": person.NIK,
		"NO_KK": person.KK, "NAMA_LGKP": person.Name, "TMPT_LHR": person.BirthPlace,
		"TGL_LHR": person.BirthDate.Format("02-01-2006"), "ALAMAT": "JL. MERDEKA 1",
	}
	for name, value := range change {
		fields[name] = value
	}
	body, _ := json.Marshal(fields)
	return string(body)
}

type rows struct {
	Content []map[string]string `json:"content"`
}

func TestDukcapil(t *testing.T) {
	running := start(t, config())
	url := "http://" + running.Addresses()["dukcapil"] + "/dukcapil/get_json/kemenko/CALL_VERIFY_BY_ELEMEN"
	good := find(t, lacking(troubled)).Identity
	wrongDigit := find(t, func(t population.Traits) bool { return t.Has(population.MistypedNIK) && !t.HasAny(troubled) })
	for _, row := range []struct {
		why, body string
		want      map[string]string
	}{
		{"all agrees", question(good, nil), map[string]string{"NIK": "Sesuai (100)", "NO_KK": "Sesuai (100)",
			"NAMA_LGKP": "Sesuai (100)", "TMPT_LHR": "Sesuai (100)", "TGL_LHR": "Sesuai (100)"}},
		{"a name below the threshold", question(good, map[string]any{"NAMA_LGKP": "X"}), map[string]string{"NAMA_LGKP": "Tidak Sesuai (0)"}},
		{"a number as threshold, a name of capitals", question(good, map[string]any{"TRESHOLD": 100, "NAMA_LGKP": strings.ToUpper(good.Name)}),
			map[string]string{"NAMA_LGKP": "Sesuai (100)"}},
		{"a wrong birth date", question(good, map[string]any{"TGL_LHR": "01-01-1900"}), map[string]string{"TGL_LHR": "Tidak Sesuai", "NIK": "Sesuai (100)"}},
		{"a wrong family card", question(good, map[string]any{"NO_KK": "1"}), map[string]string{"NO_KK": "Tidak Sesuai"}},
		{"a field that was not asked for", question(good, map[string]any{"TMPT_LHR": ""}), map[string]string{"TMPT_LHR": ""}},
		{"one wrong digit", question(people().Form(wrongDigit.Index, 1).Identity, nil), map[string]string{"RESPON": "Data Not Found"}},
		{"the digit put right", question(people().Form(wrongDigit.Index, 2).Identity, nil), map[string]string{"NIK": "Sesuai (100)"}},
		{"unknown", question(find(t, having(population.NotFound)).Identity, nil), map[string]string{"RESPON": "Data Not Found"}},
		{"dead", question(find(t, having(population.Deceased)).Identity, nil), map[string]string{"RESPON": "Customer Meninggal Dunia"}},
		{"twice", question(find(t, having(population.Duplicate)).Identity, nil), map[string]string{"RESPON": "Data Ganda"}},
		{"set aside", question(find(t, having(population.Inactive)).Identity, nil), map[string]string{"RESPON": "Data Inactive"}},
		{"a real person's region", question(good, map[string]any{"NIK": "3273011501900001"}), map[string]string{"RESPON": "Data Not Found"}},
		{"wrong password", question(good, map[string]any{"PASSWORD": "x"}), map[string]string{"RESPON": "Login Gagal"}},
		{"no NIK", question(good, map[string]any{"NIK": ""}), map[string]string{"RESPON": "Parameter Tidak Lengkap"}},
		{"no threshold", question(good, map[string]any{"TRESHOLD": nil}), map[string]string{"RESPON": "Parameter Tidak Lengkap"}},
		{"a threshold beyond 100", question(good, map[string]any{"TRESHOLD": 101}), map[string]string{"RESPON": "Parameter Tidak Lengkap"}},
		{"no JSON", "{", map[string]string{"RESPON": "Parameter Tidak Lengkap"}},
	} {
		var got rows
		if status := call(t, "POST", url, row.body, &got); status != 200 || len(got.Content) != 1 {
			t.Errorf("%s: status %d, %v", row.why, status, got)
			continue
		}
		for field, want := range row.want {
			if got := got.Content[0][field]; got != want {
				t.Errorf("%s: %s is %q, want %q", row.why, field, got, want)
			}
		}
	}
	mismatch := find(t, having(population.Mismatch))
	var got rows
	call(t, "POST", url, question(mismatch.Identity, nil), &got)
	if only := got.Content[0]; only["NIK"] != "Sesuai (100)" ||
		strings.HasPrefix(only["NAMA_LGKP"], "Sesuai") && strings.HasPrefix(only["TGL_LHR"], "Sesuai") {
		t.Errorf("a mismatching record agrees: %v", only)
	}
	if call(t, "POST", strings.Replace(url, "kemenko", "lain", 1), question(good, nil), &got); got.Content[0]["RESPON"] != "Instansi Tidak Aktif" {
		t.Errorf("another institution: %v", got)
	}
	if status := call(t, "GET", url, "", nil); status != 405 {
		t.Errorf("GET: status %d, want 405", status)
	}
	if status := call(t, "POST", strings.TrimSuffix(url, "ELEMEN"), "", nil); status != 404 {
		t.Errorf("another path: status %d, want 404", status)
	}
}

func TestDukcapilQuotaAndQueue(t *testing.T) {
	limited := config()
	limited.Dukcapil.Service.DailyQuota = 1
	none := 0
	limited.Dapodik.Service = workload.Service{Queue: &none, ServiceTime: workload.ConstantTime(time.Hour)}
	limited.DTKS.Service.RateLimit = 0.001
	running := start(t, limited)
	now := time.Duration(0)
	running.Begin(func() time.Duration { return now })
	url := "http://" + running.Addresses()["dukcapil"] + "/dukcapil/get_json/kemenko/CALL_VERIFY_BY_ELEMEN"
	person := find(t, lacking(troubled))
	for _, row := range []struct {
		at   time.Duration
		want string
	}{{0, ""}, {time.Hour, "Kuota Akses Hari Ini Telah Habis"}, {5 * time.Hour, ""}} {
		now = row.at
		var got rows
		if status := call(t, "POST", url, question(person.Identity, nil), &got); status != 200 || got.Content[0]["RESPON"] != row.want {
			t.Errorf("at %v: status %d, %v; want %q", row.at, status, got, row.want)
		}
	}
	households := "http://" + running.Addresses()["dtks"] + "/dtks/households/" + person.NIK
	if first, second := call(t, "GET", households, "", nil), call(t, "GET", households, "", nil); first != 200 || second != 429 {
		t.Errorf("statuses %d and %d, want 200 and 429", first, second)
	}
	// The only server is busy for an hour with one of two requests, and nobody may wait.
	pupils, statuses := "http://"+running.Addresses()["dapodik"]+"/dapodik/pupils/"+person.NIK, make(chan string, 2)
	for range 2 {
		go func() {
			status, body, err := fasthttp.Get(nil, pupils)
			statuses <- fmt.Sprintf("%d %s %v", status, body, err)
		}()
	}
	if got, want := <-statuses, `503 {"error":"queue full"} <nil>`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if err := running.Close(); err != nil {
		t.Error(err)
	}
	if got, want := <-statuses, `503 {"error":"the mock is stopping"} <nil>`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestRegistries(t *testing.T) {
	running := start(t, config())
	pupils, households := "http://"+running.Addresses()["dapodik"]+"/dapodik/pupils/", "http://"+running.Addresses()["dtks"]+"/dtks/households/"
	type pupil struct {
		NIK, NISN, NPSN, Level string
		Active                 bool
	}
	for _, row := range []struct {
		why    string
		traits func(population.Traits) bool
		level  string
	}{
		{"a pupil", having(population.Pupil), "school"},
		{"a student", having(population.Student), "college"},
		{"neither", lacking(population.Pupil | population.Student), ""},
	} {
		person := find(t, row.traits)
		var got pupil
		status := call(t, "GET", pupils+person.NIK, "", &got)
		want := pupil{person.NIK, person.School.NISN, person.School.NPSN, row.level, row.level != ""}
		if status != 200 || got != want {
			t.Errorf("%s: status %d, %+v; want %+v", row.why, status, got, want)
		}
	}
	type household struct {
		Registered bool
		KK         string
	}
	helped, other := find(t, having(population.Welfare)), find(t, lacking(population.Welfare))
	var got household
	if status := call(t, "GET", households+helped.NIK, "", &got); status != 200 || got != (household{true, helped.KK}) {
		t.Errorf("on welfare: status %d, %+v", status, got)
	}
	got = household{}
	if status := call(t, "GET", households+other.NIK, "", &got); status != 200 || got.Registered {
		t.Errorf("not on welfare: status %d, %+v", status, got)
	}
	if status := call(t, "GET", households+"nonsense", "", &got); status != 200 || got.Registered {
		t.Errorf("nonsense: status %d, %+v", status, got)
	}
	for _, name := range []string{"dukcapil", "dapodik", "dtks", "mail"} {
		if status := call(t, "GET", "http://"+running.Addresses()[name]+"/healthz", "", nil); status != 200 {
			t.Errorf("%s is not ready: status %d", name, status)
		}
	}
}

func TestMail(t *testing.T) {
	running := start(t, config())
	running.Begin(func() time.Duration { return 0 })
	const trouble = population.MistypedEmail | population.FullMailbox | population.SpamFolder
	for _, row := range []struct {
		why    string
		person population.Person
		code   int // of the SMTP refusal, 0 for none
		inbox  int // messages
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
		t.Errorf("a consumed message is still there: %+v", again)
	}
	err := smtp.SendMail(running.Addresses()["mail-smtp"], nil, "noreply@daftar.example", []string{"someone@elsewhere.example"}, nil)
	if err == nil || !strings.HasPrefix(err.Error(), "550") {
		t.Errorf("nobody's address: %v, want 550", err)
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

func TestMailIsTurnedAwayByItsQueue(t *testing.T) {
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
	if err := send(); !errors.As(err, &refusal) || refusal.Code != 451 {
		t.Errorf("got %v, want 451", err)
	}
}

func TestStartNamesWhatIsWrong(t *testing.T) {
	holder, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = holder.Close() }()
	for _, row := range []struct {
		why    string
		change func(*mocks.Config)
		want   string
	}{
		{"a port in use", func(c *mocks.Config) { c.Mail.ListenSMTP = holder.Addr().String() }, "mail-smtp cannot listen on " + holder.Addr().String()},
		{"a discipline not served live", func(c *mocks.Config) { c.DTKS.Service.Discipline = workload.LIFO }, "dtks: discipline lifo is not served live yet"},
		{"a wrong share", func(c *mocks.Config) { c.Shares.Minors = 2 }, "minors is 2"},
		{"no opening", func(c *mocks.Config) { c.Opens = time.Time{} }, "opens is missing"},
	} {
		wrong := config()
		row.change(&wrong)
		if _, err := mocks.Start(t.Context(), wrong); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: got %v, want %q", row.why, err, row.want)
		}
	}
}

func TestCloseHangsUp(t *testing.T) {
	running, err := mocks.Start(context.Background(), config())
	if err != nil {
		t.Fatal(err)
	}
	var idle []net.Conn
	for _, address := range running.Addresses() {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		idle = append(idle, conn)
	}
	if err := running.Close(); err != nil {
		t.Error(err)
	}
	for _, conn := range idle {
		_ = conn.Close()
	}
	if err := running.Close(); err != nil {
		t.Error("closing twice:", err)
	}
}

func TestConfigSurvivesJSON(t *testing.T) {
	before := config()
	before.Mail.Delivery = workload.ExponentialTime(time.Second)
	data, err := json.Marshal(before)
	if err != nil {
		t.Fatal(err)
	}
	var after mocks.Config
	if err := json.Unmarshal(data, &after); err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(after)
	if err != nil || string(again) != string(data) {
		t.Errorf("%s became %s, %v", data, again, err)
	}
}
