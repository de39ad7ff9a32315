package mocks_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/ombak-sim/ombak/mocks"
	"github.com/ombak-sim/ombak/population"
	"github.com/ombak-sim/ombak/workload"
)

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

func verifyURL(running *mocks.Mocks) string {
	return "http://" + running.Addresses()["dukcapil"] + "/dukcapil/get_json/kemenko/CALL_VERIFY_BY_ELEMEN"
}

func sexOf(woman bool) string {
	if woman {
		return "Perempuan"
	}
	return "Laki-Laki"
}

func TestDukcapil(t *testing.T) {
	bound := config()
	bound.Dukcapil.User, bound.Dukcapil.Address, bound.Dukcapil.Inactive = "", "10.0.0.1", []string{"lama", "tutup"}
	url := verifyURL(start(t, bound))
	good := find(t, lacking(troubled)).Identity
	wrongDigit := find(t, func(t population.Traits) bool { return t.Has(population.MistypedNIK) && !t.HasAny(troubled) })
	for _, row := range []struct {
		why, body string
		want      map[string]string
	}{
		{"all agrees", question(good, nil), map[string]string{
			"NIK": "Sesuai (100)", "NO_KK": "Sesuai (100)",
			"NAMA_LGKP": "Sesuai (100)", "TMPT_LHR": "Sesuai (100)", "TGL_LHR": "Sesuai (100)",
		}},
		{"a name below the threshold", question(good, map[string]any{"NAMA_LGKP": "X"}), map[string]string{"NAMA_LGKP": "Tidak Sesuai (0)"}},
		{
			"a numeric threshold, a name in capitals", question(good, map[string]any{"TRESHOLD": 100, "NAMA_LGKP": strings.ToUpper(good.Name)}),
			map[string]string{"NAMA_LGKP": "Sesuai (100)"},
		},
		{"a wrong birth date", question(good, map[string]any{"TGL_LHR": "01-01-1900"}), map[string]string{"TGL_LHR": "Tidak Sesuai", "NIK": "Sesuai (100)"}},
		{"a wrong family card", question(good, map[string]any{"NO_KK": "1"}), map[string]string{"NO_KK": "Tidak Sesuai"}},
		{"the sex as a letter", question(good, map[string]any{"JENIS_KLMIN": sexOf(good.Woman)[:1]}), map[string]string{"JENIS_KLMIN": "Sesuai (100)"}},
		{"the sex as a word", question(good, map[string]any{"JENIS_KLMIN": sexOf(good.Woman)}), map[string]string{"JENIS_KLMIN": "Sesuai (100)"}},
		{"the other sex", question(good, map[string]any{"JENIS_KLMIN": sexOf(!good.Woman)}), map[string]string{"JENIS_KLMIN": "Tidak Sesuai"}},
		{"a field that was not asked for", question(good, map[string]any{"TMPT_LHR": ""}), map[string]string{"TMPT_LHR": ""}},
		{"one wrong digit", question(people().Form(wrongDigit.Index, 1).Identity, nil), map[string]string{"RESPON": "Data Not Found"}},
		{"the corrected digit", question(people().Form(wrongDigit.Index, 2).Identity, nil), map[string]string{"NIK": "Sesuai (100)"}},
		{"unknown", question(find(t, having(population.NotFound)).Identity, nil), map[string]string{"RESPON": "Data Not Found"}},
		{"dead", question(find(t, having(population.Deceased)).Identity, nil), map[string]string{"RESPON": "Customer Meninggal Dunia"}},
		{"twice", question(find(t, having(population.Duplicate)).Identity, nil), map[string]string{"RESPON": "Data Ganda"}},
		{"set aside", question(find(t, having(population.Inactive)).Identity, nil), map[string]string{"RESPON": "Data Inactive"}},
		{"a real person's region", question(good, map[string]any{"NIK": "3273011501900001"}), map[string]string{"RESPON": "Data Not Found"}},
		{"wrong password", question(good, map[string]any{"PASSWORD": "x"}), map[string]string{"RESPON": "Login Gagal"}},
		{"an address of another account", question(good, map[string]any{"IP_USER": "10.0.0.2"}), map[string]string{"RESPON": "IP Tidak Sesuai"}},
		{"a suspended user", question(good, map[string]any{"USER_ID": "lama"}), map[string]string{"RESPON": "User ID Tidak Aktif"}},
		{"no NIK", question(good, map[string]any{"NIK": ""}), map[string]string{"RESPON": "Parameter Tidak Lengkap"}},
		{"no threshold", question(good, map[string]any{"TRESHOLD": nil}), map[string]string{"RESPON": "Parameter Tidak Lengkap"}},
		{"a threshold beyond 100", question(good, map[string]any{"TRESHOLD": 101}), map[string]string{"RESPON": "Parameter Tidak Lengkap"}},
		{"not JSON", "{", map[string]string{"RESPON": "Parameter Tidak Lengkap"}},
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
}

func TestDukcapilNeverAgreesOnAMismatch(t *testing.T) {
	url := verifyURL(start(t, config()))
	mismatch := find(t, having(population.Mismatch))
	var got rows
	call(t, "POST", url, question(mismatch.Identity, nil), &got)
	if only := got.Content[0]; only["NIK"] != "Sesuai (100)" ||
		strings.HasPrefix(only["NAMA_LGKP"], "Sesuai") && strings.HasPrefix(only["TGL_LHR"], "Sesuai") {
		t.Errorf("a mismatching record was confirmed: %v", only)
	}
}

func TestDukcapilRejectsUnknownClients(t *testing.T) {
	url, good := verifyURL(start(t, config())), find(t, lacking(troubled)).Identity
	var got rows
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
	limited.Dukcapil.Service.Quota.Most = 1
	none := 0
	limited.Registries = aid(mocks.Registry{Service: workload.Service{RateLimit: 0.001}})
	limited.Registries["dapodik"] = mocks.Registry{Service: workload.Service{Queue: &none, ServiceTime: workload.ConstantTime(time.Hour)}}
	running := start(t, limited)
	url := verifyURL(running)
	person := find(t, lacking(troubled))
	for _, row := range []struct {
		at   time.Duration
		want string
	}{{0, ""}, {time.Hour, "Kuota Akses Hari Ini Telah Habis"}, {5 * time.Hour, ""}} {
		running.Begin(time.Now(), workload.NewClock(row.at, 1))
		var got rows
		if status := call(t, "POST", url, question(person.Identity, nil), &got); status != 200 || got.Content[0]["RESPON"] != row.want {
			t.Errorf("at %v: status %d, %v; want %q", row.at, status, got, row.want)
		}
	}
	households := "http://" + running.Addresses()["dtks"] + "/dtks/households/" + person.NIK
	if first, second := call(t, "GET", households, "", nil), call(t, "GET", households, "", nil); first != 200 || second != 429 {
		t.Errorf("statuses %d and %d, want 200 and 429", first, second)
	}
	// The only server is busy for an hour with one of two requests, and the queue has no room.
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
