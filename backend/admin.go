package backend

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/ombak-sim/ombak/backend/store"
	"github.com/ombak-sim/ombak/listener"
)

// adminHandler serves the operators' endpoints: health, metrics, batches, stocks, selections and profiles.
func (s *Server) adminHandler() http.Handler {
	metrics := prometheus.NewRegistry()
	s.register(metrics)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "ok\n") //nolint:errcheck // the client may be gone
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
		defer cancel()
		switch {
		case s.draining.Load():
			http.Error(w, "draining", http.StatusServiceUnavailable)
		case s.store.Ping(ctx) != nil:
			http.Error(w, "the database does not answer", http.StatusServiceUnavailable)
		case s.store.Writable(ctx) != nil:
			http.Error(w, "the database takes no writes", http.StatusServiceUnavailable)
		default:
			io.WriteString(w, "ready\n") //nolint:errcheck // the client may be gone
		}
	})
	mux.HandleFunc("POST /v1/batches/current/closing", s.operator(s.closeBatch))
	mux.HandleFunc("PUT "+stockPath, s.operator(s.openStock))
	mux.HandleFunc("POST /v1/selections", s.operator(s.selectMembers))
	if s.config.Profiling {
		mux.HandleFunc("GET /debug/pprof/", s.operator(pprof.Index))
		mux.HandleFunc("GET /debug/pprof/profile", s.operator(pprof.Profile))
	}
	mux.Handle("GET /metrics", promhttp.HandlerFor(metrics, promhttp.HandlerOpts{}))
	return listener.ThisMachine(func() string { return s.AdminAddr().String() }, http.Error, mux)
}

// operator admits only operators.
func (s *Server) operator(next http.HandlerFunc) http.HandlerFunc {
	return listener.Operators(s.config.AdminToken, http.Error, next)
}

// closeBatch closes the open batch and opens the next. A body that names the batch makes the request safe to
// repeat.
func (s *Server) closeBatch(w http.ResponseWriter, r *http.Request) {
	var order struct {
		Batch int `json:"batch"`
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxJSON))
	if err == nil && len(bytes.TrimSpace(body)) > 0 {
		err = json.Unmarshal(body, &order)
	}
	if err != nil || order.Batch < 0 {
		http.Error(w, `send no body, or name the open batch: {"batch":1}`, http.StatusUnprocessableEntity)
		return
	}
	number, err := s.store.CloseBatch(order.Batch, s.config.Wall())
	s.showBatch(w, r, number, err)
}

// openStock opens a stock, or changes how many there are of it. The request may be repeated.
func (s *Server) openStock(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxJSON))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	count, err := parseStock(body)
	if err == nil && !isStock(name) {
		err = errors.New(stockNames)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
		return
	}
	var stock store.Stock
	if err = s.store.OpenStock(name, count); err == nil {
		stock, err = s.store.Stock(r.Context(), name)
	}
	show(w, publicStock{stock.Name, stock.Opened, stock.Left}, err)
}

// selectMembers draws members of a closed batch. The seed is public from then on.
func (s *Server) selectMembers(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxJSON))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	order, err := parseSelection(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
		return
	}
	_, err = s.store.Select(store.Selection{Batch: order.Batch, Seed: order.Seed, Places: order.Places, WithPhotos: order.WithPhotos, At: s.config.Wall()})
	s.showBatch(w, r, order.Batch, err)
}

func (s *Server) showBatch(w http.ResponseWriter, r *http.Request, number int, err error) {
	var batch store.Batch
	if err == nil {
		batch, err = s.store.Batch(r.Context(), number)
	}
	show(w, publish(batch), err)
}

// show answers an operator with what was changed, or with why it was not.
func show(w http.ResponseWriter, body any, err error) {
	var refusal store.Refusal
	switch {
	case errors.As(err, &refusal):
		http.Error(w, refusal.Error(), http.StatusConflict)
	case err != nil:
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
	default:
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(body) //nolint:errcheck // the client may be gone
	}
}
