package gate

import (
	"encoding/json"
	"io"
	"net"
	"net/http"

	"github.com/ombak-sim/ombak/listener"
)

// Admin is the listener for operators, who change policies there.
type Admin struct {
	Listen string // HOST:PORT; without a host, this machine only; empty means that there is none
	Token  string // every request needs it
}

// Policies is what operators read at the admin listener.
type Policies struct {
	Policies []Standing `json:"policies"`
}

// listenForOperators opens the admin listener, if there is to be one.
func (g *Gate) listenForOperators(admin Admin) (err error) {
	if admin.Listen == "" {
		return nil
	}
	host, port, err := net.SplitHostPort(admin.Listen)
	if err != nil {
		return err
	}
	if host == "" {
		host = "127.0.0.1" // others reach it only under an address that is named
	}
	if g.admin, err = net.Listen("tcp", net.JoinHostPort(host, port)); err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/policies", func(w http.ResponseWriter, _ *http.Request) { g.tell(w) })
	mux.HandleFunc("PUT /v1/policies", g.changeByOrder)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, "use GET or PUT /v1/policies", http.StatusNotFound)
	})
	guarded := listener.ThisMachine(g.admin.Addr().String, refuse, listener.Operators(admin.Token, refuse, mux.ServeHTTP))
	g.operators = &http.Server{Handler: guarded, ReadHeaderTimeout: headerPatience, ReadTimeout: headerPatience}
	return nil
}

// refuse answers an operator whose request is not carried out.
func refuse(w http.ResponseWriter, text string, status int) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": text}) // the client may be gone
}

// tell answers with the policies as they stand.
func (g *Gate) tell(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(Policies{g.Standings()}) // the client may be gone
}

// changeByOrder changes a policy. The answer has all policies as they stand then.
func (g *Gate) changeByOrder(w http.ResponseWriter, r *http.Request) {
	const most = 64 << 10
	var to Standing
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	if err != nil {
		refuse(w, err.Error(), http.StatusBadRequest)
		return
	}
	if to, err = parseStanding(body); err != nil {
		refuse(w, `write {"at": "entry", "policy": {"name": "static-limit", "limit": 20}} with all settings of the policy, as GET /v1/policies shows them, and "off": true to switch it off`, http.StatusBadRequest)
		return
	}
	if err := g.Change(to); err != nil {
		refuse(w, err.Error(), http.StatusUnprocessableEntity)
		return
	}
	g.log.Info("a policy was changed", "policy", to.Policy.Name, "at", to.At, "off", to.Off)
	g.tell(w)
}
