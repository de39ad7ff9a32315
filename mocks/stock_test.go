package mocks_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/ombak-sim/ombak/mocks"
	"github.com/ombak-sim/ombak/workload"
)

// shop starts a mock that sells from a stock, and returns its address.
func shop(t *testing.T, stock mocks.Stock) (*mocks.Mocks, string) {
	t.Helper()
	described := config()
	described.Admin.Token = token
	described.Generics = []mocks.Generic{{Name: "shop", Service: workload.Service{Servers: 8}, Routes: []mocks.Route{
		{Method: "POST", Path: "/orders", Status: 201, Body: `{"order": ${number}}`, Stock: &stock},
		{Path: "/orders", Body: "[]"},
	}}}
	running := start(t, described)
	return running, "http://" + running.Addresses()["shop"]
}

// TestAStockRunsOutExactly sends 1,000 requests at once: exactly as many succeed as the stock holds.
func TestAStockRunsOutExactly(t *testing.T) {
	const requests, buyers, stocked = 1000, 50, 137
	_, address := shop(t, mocks.Stock{Count: stocked})
	var mu sync.Mutex
	counts := map[int]int{}
	var buying sync.WaitGroup
	for range buyers {
		buying.Go(func() {
			for range requests / buyers {
				response, err := http.Post(address+"/orders", "", http.NoBody)
				if err != nil {
					t.Error(err)
					return
				}
				_ = response.Body.Close() // nothing is read from it
				mu.Lock()
				counts[response.StatusCode]++
				mu.Unlock()
			}
		})
	}
	buying.Wait()
	if counts[201] != stocked || counts[409] != requests-stocked {
		t.Errorf("statuses %v; a stock of %d allows as many of %d requests", counts, stocked, requests)
	}
}

func TestAStockIsOfOneRoute(t *testing.T) {
	running, address := shop(t, mocks.Stock{Count: 2, Status: 410})
	for _, row := range []struct {
		why, method string
		want        int
	}{
		{"the first of two", "POST", 201},
		{"another route takes nothing", "GET", 200},
		{"the second of two", "POST", 201},
		{"nothing is left", "POST", 410},
		{"the other route still answers", "GET", 200},
	} {
		if got := call(t, row.method, address+"/orders", "", nil); got != row.want {
			t.Errorf("%s: status %d, want %d", row.why, got, row.want)
		}
	}
	if stocks := running.Stocks(); len(stocks) != 1 || stocks[0] != (mocks.StockView{Mock: "shop", Path: "/orders", Count: 2, Left: 0}) {
		t.Errorf("stocks: %+v", stocks)
	}
}

func TestAResetFillsTheStock(t *testing.T) {
	running, address := shop(t, mocks.Stock{Count: 1})
	sell := func() int { return call(t, "POST", address+"/orders", "", nil) }
	if first, second := sell(), sell(); first != 201 || second != 409 {
		t.Fatalf("a stock of 1: statuses %d, %d", first, second)
	}
	_, listed := control(t, running, "GET", "/v1/requests?mock=shop", "", nil)
	var journal struct{ Requests []mocks.Entry }
	if err := json.Unmarshal([]byte(listed), &journal); err != nil || len(journal.Requests) != 2 || journal.Requests[1].StockLeft == nil || *journal.Requests[1].StockLeft != 0 {
		t.Errorf("the journal does not say that nothing is left: %s, %v", listed, err)
	}
	if status, text := control(t, running, "POST", "/v1/reset?mock=shp", "", nil); status != 404 || !strings.Contains(text, "name a running mock") {
		t.Errorf("the reset of an unknown mock: %d, %s", status, text)
	}
	for _, path := range []string{"/v1/reset?mock=shop", "/v1/reset"} {
		if status, _ := control(t, running, "POST", path, "", nil); status != 204 {
			t.Errorf("%s: status %d", path, status)
		}
		if _, state := control(t, running, "GET", "/v1/state", "", nil); !strings.Contains(state, `"count":1,"left":1`) {
			t.Errorf("%s: the state is %s", path, state)
		}
		if first, second := sell(), sell(); first != 201 || second != 409 {
			t.Errorf("after %s: statuses %d, %d", path, first, second)
		}
	}
}

func TestGRPCMockRunsOut(t *testing.T) {
	for want, stock := range map[codes.Code]mocks.Stock{codes.FailedPrecondition: {Count: 3}, codes.NotFound: {Count: 3, Code: "NOT_FOUND"}} {
		running, conn := bank(t, workload.Service{}, mocks.Route{Path: "/bank.Accounts/Pay", Body: `"paid"`, Stock: &stock})
		counts := map[codes.Code]int{}
		for range 5 {
			counts[status.Code(conn.Invoke(t.Context(), "/bank.Accounts/Pay", wrapperspb.String("rent"), &wrapperspb.StringValue{}))]++
		}
		if counts[codes.OK] != 3 || counts[want] != 2 {
			t.Errorf("codes %v; want 3 OK and 2 %v", counts, want)
		}
		if stocks := running.Stocks(); len(stocks) != 1 || stocks[0].Left != 0 {
			t.Errorf("stocks: %+v", stocks)
		}
	}
}

func TestStockMistakes(t *testing.T) {
	for want, stock := range map[string]mocks.Stock{
		"a stock of 0":               {},
		"answered with 200":          {Count: 1, Status: 200},
		`the code "GONE" is unknown`: {Count: 1, Code: "GONE"},
	} {
		described := config()
		described.Generics = []mocks.Generic{{Name: "shop", Routes: []mocks.Route{{Path: "/", Stock: &stock}}}}
		if _, err := mocks.Start(t.Context(), described); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want %s", err, want)
		}
	}
}
