package fleet

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ombak-sim/ombak/drill"
	"github.com/ombak-sim/ombak/loadgen"
	"github.com/ombak-sim/ombak/report"
)

// orderFor returns the task of a generator that an agent of the test may do.
func orderFor(change func(*task)) task {
	config := loadgen.Config{Targets: map[string]string{"web": "http://127.0.0.1:8080"}, Parts: 3, Part: 1}
	t := task{Run: "r", Part: 1, Incarnation: "i", Build: report.Build{Version: "1"}, Order: drill.Order{Generator: &drill.GeneratorOrder{Config: config}}}
	change(&t)
	return t
}

// A backend and mocks serve at the agent's address, keep their files in the folder of the run, and go only where the agent may.
func TestPlacedPartsAreConfined(t *testing.T) {
	v := vetting{
		agent: "a", roles: []string{BackendRole, MocksRole}, targets: append(Loopback(), Target{host: "10.0.0.3"}), build: report.Build{Version: "1"}, cpus: 8,
		listen: "10.0.0.2:8080", folder: "/rows/r",
	}
	backend := func(change func(*drill.BackendOrder)) drill.Order {
		o := &drill.BackendOrder{}
		o.Config.Listen = "0.0.0.0:22"
		o.Config.Dukcapil.URL, o.Config.Mail.SMTP = "http://10.0.0.3:1000", "127.0.0.1:25"
		change(o)
		return drill.Order{Backend: o}
	}
	database := func(url string) drill.Order {
		return backend(func(o *drill.BackendOrder) { o.Config.Database = url })
	}
	stands := func(change func(*drill.MocksOrder)) drill.Order {
		o := &drill.MocksOrder{}
		o.Config.Mail.Listen, o.Config.Admin.Listen, o.Config.Admin.Token = "0.0.0.0:25", "0.0.0.0:1", "a-token"
		change(o)
		return drill.Order{Mocks: o}
	}
	for _, test := range []struct {
		why   string
		order drill.Order
		want  string // what the refusal says; empty if there is none
	}{
		{"a backend without a database gets one in its folder", backend(func(*drill.BackendOrder) {}), ""},
		{"a database of a server that the agent may reach", database("postgres://u:secret@10.0.0.3:5433/d?sslmode=require&search_path=s"), ""},
		{"a database elsewhere", database("postgres://u@10.0.0.9/d"), "sends no requests to 10.0.0.9:5432 (postgres); join it with --allow-target 10.0.0.9"},
		{"a file as a database", database("/etc/passwd"), "names the file of a database"},
		{"a file whose name leads out", database("../../x.db"), "names the file of a database"},
		{"a URL that names another server in its settings", database("postgres://u@10.0.0.3/d?host=10.0.0.9"), "no other settings than"},
		{"a URL that names a socket", database("postgres:///d?host=/run/postgresql"), "no other settings than"},
		{"a URL of two servers", database("postgres://u@10.0.0.3:5432,10.0.0.9:5432/d"), "no other settings than"},
		{"a URL that names a file of passwords", database("postgres://u@10.0.0.3/d?passfile=/root/.pgpass"), "no other settings than"},
		{"a URL that names a key", database("postgres://u@10.0.0.3/d?sslkey=/root/key"), "no other settings than"},
		{"photos in a folder of the order's choice", backend(func(o *drill.BackendOrder) { o.Config.PhotoDir = "/etc" }), "names a folder of photos"},
		{"a listener for operators", backend(func(o *drill.BackendOrder) { o.Config.Admin = "0.0.0.0:1" }), "asks for a listener"},
		{"profiles", backend(func(o *drill.BackendOrder) { o.Config.Profiling = true }), "asks for a listener"},
		{"a registry elsewhere", backend(func(o *drill.BackendOrder) { o.Config.Dukcapil.URL = "http://victim.example:80" }), "sends no requests to victim.example:80 (dukcapil)"},
		{"a registry that is no web service", backend(func(o *drill.BackendOrder) { o.Config.Dukcapil.URL = "file:///etc/passwd" }), "is not http://HOST:PORT"},
		{"a gateway for messages elsewhere", backend(func(o *drill.BackendOrder) { o.Config.SMS.URL = "http://10.0.0.9:80" }), "sends no requests to 10.0.0.9:80 (sms)"},
		{"a mail server elsewhere", backend(func(o *drill.BackendOrder) { o.Config.Mail.SMTP = "10.0.0.9:25" }), "sends no requests to 10.0.0.9:25 (mail-smtp)"},
		{"mocks", stands(func(*drill.MocksOrder) {}), ""},
		{"mocks that write recordings", stands(func(o *drill.MocksOrder) { o.Recordings = map[string]string{"shop": "/etc/passwd"} }), "asks for a recording"},
		{"a generator", drill.Order{Generator: &drill.GeneratorOrder{}}, "takes orders of the roles backend, mocks only; join it with --role generator too"},
		{"mocks and a backend at once", drill.Order{Mocks: &drill.MocksOrder{}, Backend: &drill.BackendOrder{}}, "takes orders of the roles backend, mocks only"},
	} {
		order, err := v.vet(task{Run: "r", Incarnation: "i", Build: v.build, Order: test.order})
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.why, err, test.want)
		}
		if b := order.Backend; err == nil && b != nil && (b.Config.Listen != "10.0.0.2:8080" || b.Config.PhotoDir != "/rows/r/photos" || test.order.Backend.Config.Database == "" && b.Config.Database != "/rows/r/ombak.db") {
			t.Errorf("%s: %+v", test.why, b.Config)
		}
		if m := order.Mocks; err == nil && m != nil && (m.Config.Mail.Listen != "10.0.0.2:0" || m.Config.Dukcapil.Listen != "10.0.0.2:0" || m.Config.Registries["dtks"].Listen != "10.0.0.2:0" || m.Config.Admin.Listen != "") {
			t.Errorf("%s: %+v", test.why, m.Config)
		}
	}
	if hidden := database("postgres://u:secret@10.0.0.3/d").Hiding().Replace("password secret"); hidden != "password ***" {
		t.Errorf("a password in a message: %q", hidden)
	}
}

// A backend that would not reach what it calls is refused before it starts.
func TestABackendThatReachesNothing(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var o drill.BackendOrder
	o.Config.Mail.SMTP = listener.Addr().String()
	if err := reaches(o); err != nil {
		t.Errorf("a mail server that listens: %v", err)
	}
	_ = listener.Close()
	if err := reaches(o); err == nil || !strings.Contains(err.Error(), "the backend would not reach mail-smtp at "+o.Config.Mail.SMTP) {
		t.Errorf("a mail server that is gone: %v", err)
	}
}

// Of the control API an agent passes on questions about itself only, and each once.
func TestControlQuestions(t *testing.T) {
	asked := 0
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		fmt.Fprintf(w, "%s %s %s", r.Method, r.URL, r.Header.Get("Authorization"))
	}))
	defer service.Close()
	address := service.Listener.Addr().String()
	for _, test := range []struct{ why, address, path, want string }{
		{"a fault", address, "/v1/faults?ended=true", "GET /v1/faults?ended=true Bearer token"},
		{"another service", "192.0.2.1:80", "/v1/faults", ""},
		{"a path of something else", address, "/metrics", ""},
		{"a path that is another host", address, "@192.0.2.1/v1/", ""},
	} {
		said, err := askAPI(t.Context(), test.address, "token", controlQuestion{Method: "GET", Path: test.path})
		if (err == nil) != (test.want != "") || string(said.Body) != test.want {
			t.Errorf("%s: %q, %v", test.why, said.Body, err)
		}
	}
	var a asking
	for _, number := range []int{1, 2, 2, 1, 3} {
		a.once(number, func() controlAnswer { asked++; return controlAnswer{Status: number} })
	}
	if asked != 1+3 || a.once(2, nil).Status != 2 {
		t.Errorf("%d questions were asked, want 4", asked)
	}
	for number := range 10 * remembered {
		a.once(number, func() controlAnswer { return controlAnswer{} })
	}
	if len(a.answers) > remembered {
		t.Errorf("%d answers are kept", len(a.answers))
	}
}

// An agent does what it joined for and nothing else.
func TestOrdersAreVetted(t *testing.T) {
	v := vetting{agent: "a", roles: []string{GeneratorRole}, targets: Loopback(), build: report.Build{Version: "1"}, cpus: 8}
	for _, test := range []struct {
		why    string
		change func(*task)
		want   string // what the refusal says; empty if there is none
	}{
		{"a generator for a service of this machine", func(*task) {}, ""},
		{"another version", func(t *task) { t.Build.Version = "2" }, "install the same ombak on both"},
		{"a run whose name leads out of the folder", func(t *task) { t.Run = "../x" }, "names no run"},
		{"an incarnation that is no name", func(t *task) { t.Incarnation = "a/b" }, "names no run"},
		{"a part that nobody has", func(t *task) { t.Part = -1 }, "names no run"},
		{"another part than it says", func(t *task) { t.Order.Generator.Config.Part = 2 }, "of another part"},
		{"no part at all", func(t *task) { t.Order = drill.Order{} }, "takes orders of the roles generator only"},
		{"mocks", func(t *task) { t.Order = drill.Order{Mocks: &drill.MocksOrder{}} }, "takes orders of the roles generator only"},
		{"a generator and mocks", func(t *task) { t.Order.Mocks = &drill.MocksOrder{} }, "takes orders of the roles generator only"},
		{"a listener for metrics", func(t *task) { t.Order.Generator.Metrics = "0.0.0.0:9" }, "serves no metrics"},
		{"a file to write to", func(t *task) { t.Order.Generator.Config.Connections.TLS.KeyLog = "/etc/passwd" }, "writes no secrets"},
		{"another host", func(t *task) { t.Order.Generator.Config.Targets["web"] = "http://192.0.2.1:8080" }, "sends no load to 192.0.2.1:8080"},
		{"a second target elsewhere", func(t *task) { t.Order.Generator.Config.Targets["mail"] = "https://victim.example" }, "sends no load to victim.example:443"},
		{"loopback by a detour", func(t *task) {
			t.Order.Generator.Config.Connections.ConnectTo = map[string]string{"127.0.0.1:8080": "192.0.2.1:80"}
		}, "sends no load to 192.0.2.1:80"},
		{"a detour that no target takes", func(t *task) {
			t.Order.Generator.Config.Connections.ConnectTo = map[string]string{"x.example:80": "192.0.2.1:80"}
		}, "sends no load to 192.0.2.1:80"},
		{"a name that is connected to loopback", func(t *task) {
			t.Order.Generator.Config.Targets["web"] = "http://shop.example:80"
			t.Order.Generator.Config.Connections.ConnectTo = map[string]string{"shop.example:80": "127.0.0.1:8080"}
		}, ""},
		{"a file instead of a service", func(t *task) { t.Order.Generator.Config.Targets["web"] = "file:///etc/passwd" }, "has no URL of a service"},
		{"a socket of the agent's machine", func(t *task) { t.Order.Generator.Config.Targets["web"] = "unix:/run/docker.sock" }, "sends no load to a socket"},
		{"a socket by a detour", func(t *task) {
			t.Order.Generator.Config.Connections.ConnectTo = map[string]string{"127.0.0.1:8080": "unix:/run/docker.sock"}
		}, "sends no load to"},
		{"a proxy that would carry it anywhere", func(t *task) {
			t.Order.Generator.Config.Targets["web"] = "http://shop.example"
			t.Order.Generator.Config.Connections.Proxy = loadgen.Proxy{HTTP: "http://127.0.0.1:3128"}
		}, "uses no proxy"},
	} {
		task := orderFor(test.change)
		order, err := v.vet(task)
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.why, err, test.want)
		}
		if err == nil && order.Generator.Config.Shards != 4 {
			t.Errorf("%s: %d shards on 8 cores, want 4", test.why, order.Generator.Config.Shards)
		}
	}
}

// A name of this machine is looked up once, and what others learn is its address.
func TestResolveAddress(t *testing.T) {
	for _, test := range []struct{ why, text, want, refused string }{
		{"an address", "127.0.0.1:80", "127.0.0.1:80", ""},
		{"an address alone", "::1", "[::1]:0", ""},
		{"every address", "0.0.0.0:80", "", "is not an IP address, or one with a port, of this machine"},
		{"a scheme", "http://localhost", "", "is not HOST or HOST:PORT of this machine"},
		{"no port", "localhost:many", "", "is not HOST or HOST:PORT of this machine"},
		{"nothing", "", "", "is not HOST or HOST:PORT of this machine"},
		{"a name that nobody has", "nobody.invalid:80", "", "the name nobody.invalid does not resolve on this machine ("},
	} {
		got, err := ResolveAddress(t.Context(), test.text)
		if got != test.want || (err != nil) != (test.refused != "") || err != nil && !strings.Contains(err.Error(), test.refused) {
			t.Errorf("%s: %q, %v; want %q, %q", test.why, got, err, test.want, test.refused)
		}
	}
	for _, text := range []string{"localhost", "LOCALHOST:8080"} {
		address, err := ResolveAddress(t.Context(), text)
		host, port, split := net.SplitHostPort(address)
		if err != nil || split != nil || !net.ParseIP(host).IsLoopback() || port != map[bool]string{true: "8080", false: "0"}[strings.Contains(text, ":")] {
			t.Errorf("%s is %q, %v", text, address, err)
		}
	}
}

// FuzzParseAddress: an address that is accepted can be listened at, and means one interface.
func FuzzParseAddress(f *testing.F) {
	for _, text := range []string{"10.0.0.2", "10.0.0.2:8080", "::1", "[::1]:80", "0.0.0.0", "[::]:1", "host:80", "10.0.0.2:http", "10.0.0.2:99999", "[fe80::1%eth0]:1", ""} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		address, err := ParseAddress(text)
		if err != nil {
			return
		}
		host, port, err := net.SplitHostPort(address)
		if ip := net.ParseIP(host); err != nil || ip == nil || ip.IsUnspecified() {
			t.Errorf("%q is %q, %v", text, address, err)
		}
		if _, err := net.LookupPort("tcp", port); err != nil {
			t.Errorf("%q has the port %q", text, port)
		}
	})
}
