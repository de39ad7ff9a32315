package mocks_test

import (
	"context"
	"encoding/json"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/ombak-sim/ombak/mocks"
	"github.com/ombak-sim/ombak/population"
	"github.com/ombak-sim/ombak/workload"
)

// shares makes every trait common, so that a few indexes cover all of them.
func shares() population.Shares {
	return population.Shares{
		Minors: 0.2, Pupils: 0.3, Students: 0.2, Welfare: 0.5, MistypedEmail: 0.2, FullMailbox: 0.2, SpamFolder: 0.2,
		MistypedNIK: 0.2, NotFound: 0.15, Deceased: 0.15, Duplicate: 0.15, Inactive: 0.15, Mismatch: 0.2,
	}
}

// aid describes the registry of social aid.
func aid(described mocks.Registry) map[string]mocks.Registry {
	return map[string]mocks.Registry{"dtks": described}
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
	t.Fatal("no person matches")
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

func TestWrongRequestsGetErrors(t *testing.T) {
	running := start(t, config())
	for _, row := range []struct {
		name, method, path string
		want               int
	}{
		{"dapodik", "GET", "/dapodik/pupils/", 404},
		{"dapodik", "POST", "/dapodik/pupils/4001010101010001", 405},
		{"dtks", "GET", "/", 404},
		{"mail", "GET", "/mailboxes//messages", 404},
		{"mail", "POST", "/mailboxes/a1@posel.example/messages", 405},
		{"mail", "GET", "/mailboxes/a1@surat.example/messages?wait=soon", 400},
		{"mail", "GET", "/mailboxes/nobody@posel.example/messages?wait=1ms", 404},
	} {
		if got := call(t, row.method, "http://"+running.Addresses()[row.name]+row.path, "", nil); got != row.want {
			t.Errorf("%s %s of %s: status %d, want %d", row.method, row.path, row.name, got, row.want)
		}
	}
}

func TestReadingsCoverEveryStation(t *testing.T) {
	running := start(t, config())
	running.Begin(time.Now(), workload.Clock{})
	url := "http://" + running.Addresses()["dtks"]
	call(t, "GET", url+"/healthz", "", nil) // bypasses the station
	call(t, "GET", url+"/dtks/households/1", "", nil)
	for i, want := range []string{"dukcapil", "dapodik", "dtks", "mail"} {
		reading := running.Readings()[i]
		served := uint64(0)
		if want == "dtks" {
			served = 1
		}
		if reading.Station != want || reading.Servers != 1 || reading.Arrivals != served || reading.Completions != served {
			t.Errorf("got %+v, want %s with %d served", reading, want, served)
		}
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
		{"a discipline not served live", func(c *mocks.Config) {
			c.Registries = aid(mocks.Registry{Service: workload.Service{Discipline: workload.Priority}})
		}, "dtks: discipline priority is not served live"},
		{"an unknown registry", func(c *mocks.Config) { c.Registries = map[string]mocks.Registry{"bank": {}} }, `no registry is called "bank"; use dapodik, dtks`},
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
