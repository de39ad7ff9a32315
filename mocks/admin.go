package mocks

import (
	"bytes"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/valyala/fasthttp"
	"github.com/valyala/fasthttp/fasthttpadaptor"

	"github.com/ombak-sim/ombak/workload"
	"github.com/ombak-sim/ombak/workload/fault"
)

// minToken is the minimum length of a token, in characters.
const minToken = 16

// mustBeLocal refuses an address that other machines can reach.
func mustBeLocal(address string) error {
	if address == "" {
		return nil
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil || !isLocal(host) {
		return fmt.Errorf("admin would listen on %s; the control API is for this machine only, so give an address such as 127.0.0.1:9000", address)
	}
	return nil
}

func isLocal(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// serveAdmin serves the control API until the context ends.
func (m *Mocks) serveAdmin(token string) {
	server := newServer((&admin{mocks: m, token: token, metrics: fasthttpadaptor.NewFastHTTPHandler(
		promhttp.HandlerFor(m.metrics.registry, promhttp.HandlerOpts{}))}).handle)
	m.serve(&gatekeeper{Listener: m.listeners[adminName], clock: m.clock}, server.Serve, server.ShutdownWithContext)
}

// admin is the control API. A client with the token lists, starts and stops faults and reads what the mocks
// have seen. Requests under other host names are refused, so that a web page cannot reach the API through a
// name that resolves to this machine (DNS rebinding).
type admin struct {
	mocks   *Mocks
	token   string
	metrics fasthttp.RequestHandler
}

func (a *admin) handle(ctx *fasthttp.RequestCtx) {
	host := string(ctx.Host())
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	given, bearer := strings.CutPrefix(string(ctx.Request.Header.Peek("Authorization")), "Bearer ")
	switch {
	case !isLocal(host):
		fail(ctx, fasthttp.StatusForbidden, "use the address of this machine, such as 127.0.0.1")
	case !bearer || subtle.ConstantTimeCompare([]byte(given), []byte(a.token)) != 1:
		ctx.Response.Header.Set("WWW-Authenticate", "Bearer")
		fail(ctx, fasthttp.StatusUnauthorized, "the token is missing or wrong")
	default:
		a.serve(ctx)
	}
}

func (a *admin) serve(ctx *fasthttp.RequestCtx) {
	method, path := string(ctx.Method()), string(ctx.Path())
	id, isFault := strings.CutPrefix(path, "/v1/faults/")
	switch {
	case method == "GET" && path == "/metrics":
		a.metrics(ctx)
	case method == "GET" && path == "/v1/state":
		answer(ctx, fasthttp.StatusOK, a.mocks.State())
	case method == "GET" && path == "/v1/faults":
		answer(ctx, fasthttp.StatusOK, a.mocks.list(ctx.QueryArgs().GetBool("ended")))
	case method == "POST" && path == "/v1/faults":
		a.start(ctx)
	case method == "DELETE" && isFault:
		a.stop(ctx, id)
	case method == "PUT" && strings.HasPrefix(path, "/v1/services/"):
		a.change(ctx, strings.TrimPrefix(path, "/v1/services/"))
	case method == "GET" && path == "/v1/requests":
		a.requests(ctx)
	case method == "POST" && path == "/v1/reset":
		a.reset(ctx)
	default:
		fail(ctx, fasthttp.StatusNotFound, "use GET /v1/state, GET or POST /v1/faults, DELETE /v1/faults/{id}, PUT /v1/services/{mock}, GET /v1/requests?mock=dukcapil, POST /v1/reset or GET /metrics")
	}
}

// FaultList is the control API's list of faults.
type FaultList struct {
	Faults []FaultView `json:"faults"`
}

// FaultView is a fault as the control API shows it.
type FaultView struct {
	ID    string  `json:"id,omitempty"` // for faults started by hand
	On    string  `json:"on"`           // the mock
	Fault string  `json:"fault"`
	Now   bool    `json:"now"`              // whether it is active
	AtS   float64 `json:"at_s"`             // scenario time at which it begins
	LeftS float64 `json:"left_s,omitempty"` // real time until it ends
	ForS  float64 `json:"for_s,omitempty"`  // its duration in scenario time
	Hand  bool    `json:"hand"`             // started by hand
}

func (m *Mocks) list(ended bool) FaultList {
	return FaultList{m.views(m.Faults(ended))}
}

func (m *Mocks) views(faults []FaultEntry) []FaultView {
	views := []FaultView{}
	now := m.clock.now()
	for _, befallen := range faults {
		view := FaultView{ID: befallen.ID, On: befallen.On, Fault: befallen.Fault, Now: befallen.Now, AtS: seconds(befallen.At), Hand: befallen.Hand}
		if befallen.Until != 0 {
			view.ForS = seconds(befallen.Until - befallen.At)
			if until, begun := m.clock.instant(befallen.Until); begun {
				view.LeftS = seconds(max(0, until-now))
			}
		}
		views = append(views, view)
	}
	return views
}

// FaultStart is a request to start a fault by hand.
type FaultStart struct {
	fault.Description
	On     string  `json:"on,omitempty"`      // the mock; empty means every mock that the set applies to
	LimitS float64 `json:"limit_s,omitempty"` // real time after which it ends; 0 means 60 s
	By     string  `json:"by,omitempty"`      // who starts it, for the timeline
}

func (a *admin) start(ctx *fasthttp.RequestCtx) {
	var start FaultStart
	decoder := json.NewDecoder(bytes.NewReader(ctx.PostBody()))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(&start)
	if name, unknown := unknownField(err); unknown {
		fail(ctx, fasthttp.StatusUnprocessableEntity, "unknown setting "+name+"; use fault, on, limit_s, ramp, probability, at, for or with")
		return
	}
	if err != nil || decoder.More() {
		fail(ctx, fasthttp.StatusBadRequest, `write {"fault": "dukcapil-brownout", "limit_s": 60}`)
		return
	}
	if !(start.LimitS >= 0 && start.LimitS <= LongestLimit.Seconds()) {
		fail(ctx, fasthttp.StatusUnprocessableEntity, fmt.Sprintf("limit_s is %v; a fault must end within %v", start.LimitS, LongestLimit))
		return
	}
	started, err := a.mocks.StartFault(start.Description, start.On, time.Duration(start.LimitS*float64(time.Second)), start.By)
	if err != nil {
		fail(ctx, fasthttp.StatusUnprocessableEntity, err.Error())
		return
	}
	answer(ctx, fasthttp.StatusCreated, FaultList{a.mocks.views(started)})
}

// unknownField returns the quoted name of the field that strict decoding rejected.
//
// Note: encoding/json has no type for this error, so its text is parsed.
func unknownField(err error) (name string, unknown bool) {
	if err == nil {
		return "", false
	}
	return strings.CutPrefix(err.Error(), "json: unknown field ")
}

func (a *admin) stop(ctx *fasthttp.RequestCtx, id string) {
	if err := a.mocks.StopFault(id); err != nil {
		fail(ctx, fasthttp.StatusNotFound, err.Error())
		return
	}
	ctx.SetStatusCode(fasthttp.StatusNoContent)
}

func (a *admin) reset(ctx *fasthttp.RequestCtx) {
	if !a.mocks.Reset(string(ctx.QueryArgs().Peek("mock"))) {
		fail(ctx, fasthttp.StatusNotFound, "name a running mock, as in ?mock=shop, or none to reset all")
		return
	}
	ctx.SetStatusCode(fasthttp.StatusNoContent)
}

// change gives a mock other settings. The conductor of a run sends it; it has read and scaled the scenario.
func (a *admin) change(ctx *fasthttp.RequestCtx, name string) {
	var service workload.Service
	if err := json.Unmarshal(ctx.PostBody(), &service); err != nil {
		fail(ctx, fasthttp.StatusBadRequest, `write the settings of a service, as in {"servers": 8, "service": "exponential(20ms)"}`)
		return
	}
	if err := a.mocks.Change(name, service); err != nil {
		fail(ctx, fasthttp.StatusUnprocessableEntity, err.Error())
		return
	}
	ctx.SetStatusCode(fasthttp.StatusNoContent)
}

// State is the control API's summary of the mocks.
type State struct {
	AtS       float64    `json:"at_s"`       // real time since the start of the run
	ScenarioS float64    `json:"scenario_s"` // scenario time
	Mocks     []Reading  `json:"mocks"`
	Mail      MailCounts `json:"mail"`
	SMS       SMSCounts  `json:"sms"`

	Stocks []StockView `json:"stocks,omitempty"`
	FaultList
}

// State returns a summary of the mocks.
func (m *Mocks) State() State {
	return State{
		AtS: seconds(m.clock.sinceStart()), ScenarioS: seconds(m.clock.scenario()), Mocks: m.Readings(),
		Mail: m.MailCounts(), SMS: m.SMSCounts(), FaultList: m.list(false),
		Stocks: m.Stocks(),
	}
}

func (a *admin) requests(ctx *fasthttp.RequestCtx) {
	part := a.mocks.part(string(ctx.QueryArgs().Peek("mock")))
	if part == nil {
		fail(ctx, fasthttp.StatusNotFound, "name a running mock, as in ?mock=dukcapil&limit=20")
		return
	}
	limit := 20
	if given := string(ctx.QueryArgs().Peek("limit")); given != "" {
		parsed, err := strconv.Atoi(given)
		if err != nil || parsed < 0 {
			fail(ctx, fasthttp.StatusBadRequest, "limit must be a number of 0 or more")
			return
		}
		limit = parsed
	}
	entries, count := part.journal.latest(limit)
	answer(ctx, fasthttp.StatusOK, map[string]any{"mock": part.name, "served": count, "requests": entries})
}
