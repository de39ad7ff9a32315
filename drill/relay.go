package drill

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// relay is the control API of mocks on another machine, as this machine sees it: what is asked here is asked there. So whoever
// controls the mocks of a run need not know where they are.
type relay struct {
	part     Answering
	token    string
	listener net.Listener
	server   *http.Server
	serving  sync.WaitGroup
}

// newRelay serves the control API at a free port of this machine.
func newRelay(part Answering, token string) (*relay, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("the mocks cannot be controlled from here: %w", err)
	}
	r := &relay{part: part, token: token, listener: listener}
	r.server = &http.Server{Handler: r, ReadHeaderTimeout: 5 * time.Second}
	r.serving.Go(func() { _ = r.server.Serve(listener) }) // until it is closed
	return r, nil
}

func (r *relay) url() string { return "http://" + r.listener.Addr().String() }

// close ends the relay, once.
func (r *relay) close() {
	if r == nil {
		return
	}
	_ = r.server.Close() // who asks sees the connection close
	r.serving.Wait()
}

// ServeHTTP passes a question on. A page of a browser on this machine cannot ask, because it does not know the token.
func (r *relay) ServeHTTP(w http.ResponseWriter, question *http.Request) {
	const (
		patience = 10 * time.Second
		most     = 256 << 10 // bytes of a question
	)
	given, bearer := strings.CutPrefix(question.Header.Get("Authorization"), "Bearer ")
	if !bearer || subtle.ConstantTimeCompare([]byte(given), []byte(r.token)) != 1 {
		refuse(w, http.StatusUnauthorized, "the token is missing or wrong")
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, question.Body, most))
	if err != nil {
		refuse(w, http.StatusRequestEntityTooLarge, "the question cannot be read: "+err.Error())
		return
	}
	ctx, cancel := context.WithTimeout(question.Context(), patience)
	defer cancel()
	status, answer, err := r.part.Ask(ctx, question.Method, question.URL.RequestURI(), body)
	if err != nil {
		refuse(w, http.StatusBadGateway, err.Error())
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(answer) // who asked may be gone
}

// refuse answers as the mocks do.
func refuse(w http.ResponseWriter, status int, why string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": why}) // likewise
}
