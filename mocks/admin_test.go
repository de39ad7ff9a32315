package mocks_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/mocks"
	"github.com/ombak-sim/ombak/workload"
)

const token = "0123456789abcdef"

func withAdmin(t *testing.T) *mocks.Mocks {
	t.Helper()
	controlled := config()
	controlled.Admin.Token = token
	running := start(t, controlled)
	running.Begin(time.Now(), workload.Clock{})
	return running
}

// control calls the control API; headers replace the usual ones.
func control(t *testing.T, running *mocks.Mocks, method, path, body string, headers map[string]string) (int, string) {
	t.Helper()
	request, err := http.NewRequest(method, "http://"+running.Addresses()["admin"]+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	for name, value := range headers {
		request.Header.Set(name, value)
		if name == "Host" {
			request.Host = value
		}
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

func TestAdminRefusesOthers(t *testing.T) {
	running := withAdmin(t)
	for _, row := range []struct {
		why     string
		headers map[string]string
		want    int
	}{
		{"with the token", nil, 200},
		{"by the name localhost", map[string]string{"Host": "localhost:1"}, 200},
		{"no token", map[string]string{"Authorization": ""}, 401},
		{"a wrong token", map[string]string{"Authorization": "Bearer 0123456789abcdeX"}, 401},
		{"the token without Bearer", map[string]string{"Authorization": token}, 401},
		{"a foreign name that resolves to this machine", map[string]string{"Host": "evil.example"}, 403},
		{"the same with a port", map[string]string{"Host": "evil.example:80"}, 403},
		{"another machine's address", map[string]string{"Host": "192.0.2.1"}, 403},
	} {
		for _, path := range []string{"/v1/faults", "/v1/state", "/metrics", "/v1/requests?mock=dtks"} {
			if status, body := control(t, running, "GET", path, "", row.headers); status != row.want {
				t.Errorf("%s at %s: status %d, want %d: %s", row.why, path, status, row.want, body)
			}
		}
	}
	for _, listen := range []string{"0.0.0.0:0", ":0", "192.0.2.1:0"} {
		open := config()
		open.Admin = mocks.Admin{Token: token, Listen: listen}
		if _, err := mocks.Start(t.Context(), open); err == nil || !strings.Contains(err.Error(), "for this machine only") {
			t.Errorf("listening on %s: %v", listen, err)
		}
	}
	weak := config()
	weak.Admin.Token = "guess"
	if _, err := mocks.Start(t.Context(), weak); err == nil || !strings.Contains(err.Error(), "give at least 16") {
		t.Errorf("a short token: %v", err)
	}
}

func TestAdminStartsAndStopsFaults(t *testing.T) {
	running := withAdmin(t)
	for _, row := range []struct {
		why, body string
		status    int
		want      string
	}{
		{"not JSON", "{", 400, "write"},
		{"unknown", `{"fault":"meteor","on":"dtks"}`, 422, "is unknown"},
		{"nowhere", `{"fault":"reset"}`, 422, "say which mock"},
		{"without an end", `{"fault":"reset","on":"dtks","limit_s":1e9}`, 422, "must end within"},
		{"a negative limit", `{"fault":"reset","on":"dtks","limit_s":-1}`, 422, "must end within"},
		{"a negative share", `{"fault":"reset","on":"dtks","probability":-1}`, 422, "probability"},
		{"a share above 1", `{"fault":"reset","on":"dtks","probability":2}`, 422, "probability"},
		{"a negative ramp", `{"fault":"reset","on":"dtks","ramp":-1}`, 422, "times must be 0 or more"},
		{"an unknown key", `{"fault":"reset","on":"dtks","limit":5}`, 422, `unknown setting \"limit\"; use fault, on, limit_s`},
		{"two at once", `{"fault":"reset","on":"dtks"}{"fault":"reset","on":"mail"}`, 400, "write"},
		{"a set", `{"fault":"registries-stale"}`, 201, `"id":"f3"`},
		{"a kind", `{"fault":"outage","on":"dtks","with":{"status":500}}`, 201, `"for_s":60`},
	} {
		if status, text := control(t, running, "POST", "/v1/faults", row.body, nil); status != row.status || !strings.Contains(text, row.want) {
			t.Errorf("%s: status %d, %s; want %d with %s", row.why, status, text, row.status, row.want)
		}
	}
	url := "http://" + running.Addresses()["dtks"] + "/dtks/households/1"
	if status := call(t, "GET", url, "", nil); status != 500 {
		t.Errorf("status %d under the outage", status)
	}
	if status, text := control(t, running, "DELETE", "/v1/faults/f4", "", nil); status != 204 {
		t.Errorf("stopping: status %d, %s", status, text)
	}
	if status, _ := control(t, running, "DELETE", "/v1/faults/f4", "", nil); status != 404 {
		t.Errorf("stopping twice: status %d", status)
	}
	for _, id := range []string{"f1", "f2", "f3"} {
		control(t, running, "DELETE", "/v1/faults/"+id, "", nil)
	}
	if status := call(t, "GET", url, "", nil); status != 200 {
		t.Errorf("status %d after the outage", status)
	}
	_, text := control(t, running, "GET", "/v1/requests?mock=dtks&limit=2", "", nil)
	var seen struct {
		Served   uint64
		Requests []mocks.Entry
	}
	// By chance the refused answer may have been a stale one as well.
	if err := json.Unmarshal([]byte(text), &seen); err != nil || seen.Served < 2 || len(seen.Requests) != 2 ||
		seen.Requests[0].Status != 200 || seen.Requests[1].Status != 500 || !strings.HasPrefix(seen.Requests[1].Fault, "outage") || seen.Requests[1].Path != "/dtks/households/1" {
		t.Errorf("requests %s, %v", text, err)
	}
}

func TestMetricsCoverEveryMock(t *testing.T) {
	limited := config()
	limited.Admin.Token = token
	limited.Registries = aid(mocks.Registry{Service: workload.Service{Quota: workload.QuotaTerms{Most: 2}, Servers: 3}})
	running := start(t, limited)
	running.Begin(time.Now(), workload.Clock{})
	url := "http://" + running.Addresses()["dtks"] + "/dtks/households/1"
	for range 3 {
		call(t, "GET", url, "", nil)
	}
	_, text := control(t, running, "GET", "/metrics", "", nil)
	for _, want := range []string{
		`ombak_mock_arrivals_total{mock="dtks"} 3`, `ombak_mock_queue_length{mock="dtks"} 0`, `ombak_mock_servers{mock="dtks"} 3`,
		`ombak_mock_quota_left{mock="dtks"} 0`, `ombak_mock_requests_total{mock="dtks",outcome="served"} 2`,
		`ombak_mock_requests_total{mock="dtks",outcome="daily quota used up"} 1`, `ombak_mock_wait_seconds_count{mock="dtks"} 2`,
		`ombak_mock_service_seconds_count{mock="dtks"} 2`, `ombak_mock_arrivals_total{mock="dukcapil"} 0`,
	} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("the metrics lack %s", want)
		}
	}
	if strings.Contains(text, `quota_left{mock="dapodik"}`) {
		t.Error("a mock without a quota shows one")
	}
}
