package mocks_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/mocks"
	"github.com/ombak-sim/ombak/workload"
	"github.com/ombak-sim/ombak/workload/fault"
)

// everyBuiltIn are the mocks that run unless they are left out.
var everyBuiltIn = append(mocks.Registries(), mocks.MailName)

// TestAGenericMockMayBearAnyName checks that a name means nothing: routes, faults and readings are those of the generic
// mock.
func TestAGenericMockMayBearAnyName(t *testing.T) {
	for _, name := range []string{"mail", "mail-smtp", "sms", "dukcapil", "dapodik", "dtks", "backend", "api", "shop.v2", "shop-eu_1", "Toko Kita", "1", "generic"} {
		described := config()
		described.Without = everyBuiltIn
		described.Generics = []mocks.Generic{{Name: name, Service: workload.Service{}, Routes: []mocks.Route{{Path: "/x", Body: `"fine"`}}}}
		described.Generics[0].Faults = fault.Schedule{{Kind: fault.Outage, At: time.Hour, Status: 507}}
		running := start(t, described)
		running.Begin(time.Now(), workload.Clock{})
		address := "http://" + running.Addresses()[name]
		var body string
		if status := call(t, "GET", address+"/x", "", &body); status != 200 || body != "fine" {
			t.Errorf("%s answers %d, %q", name, status, body)
		}
		if status := call(t, "GET", address+"/mailboxes/a@b/messages", "", nil); status != 404 {
			t.Errorf("%s answers %d to what it has no route for", name, status)
		}
		if _, err := running.StartFault(fault.Description{Fault: "outage"}, name, time.Minute, ""); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if status := call(t, "GET", address+"/x", "", nil); status != 503 {
			t.Errorf("%s answers %d in an outage", name, status)
		}
		if readings := running.Readings(); len(readings) != 1 || readings[0].Station != name || readings[0].Arrivals != 2 {
			t.Errorf("%s: %+v", name, readings)
		}
	}
}

func TestNamesThatAreTaken(t *testing.T) {
	for _, test := range []struct {
		why     string
		names   []string
		without []string
		want    string
	}{
		{"the control API", []string{"admin"}, everyBuiltIn, `called "admin", which is the name of the control API; give it a name of its own`},
		{"a built-in mock that runs", []string{"mail"}, nil, `called "mail", which is the name of a mock that runs too`},
		{"the other address of the mail mock", []string{"mail-smtp"}, nil, `called "mail-smtp", which is the name of a mock that runs too`},
		{"two of one name", []string{"shop", "shop"}, nil, `called "shop", which is the name of another generic mock`},
		{"no name", []string{""}, nil, "has an empty name"},
	} {
		described := config()
		described.Without = slices.Clone(test.without)
		for _, name := range test.names {
			described.Generics = append(described.Generics, mocks.Generic{Name: name})
		}
		if _, err := mocks.Start(t.Context(), described); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %s", test.why, err, test.want)
		}
	}
}
