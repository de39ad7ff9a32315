// Command office is a small ticket office for the tutorial: people look at events, open an account, sign in and order
// tickets. It keeps everything in memory. Its worker hashes passwords, one at a time, which is what limits it.
//
//	go run ./docs/tutorial/office -listen 127.0.0.1:8080 -workers 1 -tickets 100000
package main

import (
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
)

// office holds accounts, sessions, orders and the tickets that are left.
type office struct {
	workers chan struct{} // a token for each password that may be hashed at once

	mutex    sync.Mutex
	accounts map[string]account // by e-mail address
	sessions map[string]string  // token → e-mail address
	orders   []order
	tickets  int
}

type account struct{ salt, hash []byte }

type order struct {
	ID    int    `json:"id"`
	Event string `json:"event"`
	Buyer string `json:"buyer"`
}

type credentials struct {
	Email    string `json:"email"`
	Password string `json:"password"`
}

func main() {
	listen := flag.String("listen", "127.0.0.1:8080", "the `ADDRESS` to listen on")
	workers := flag.Int("workers", 1, "passwords hashed at once")
	tickets := flag.Int("tickets", 100_000, "tickets to sell")
	flag.Parse()
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		fmt.Fprintln(os.Stderr, "office:", err)
		os.Exit(1)
	}
	fmt.Printf("the office is open at http://%v; its process is %d\n", listener.Addr(), os.Getpid())
	err = http.Serve(listener, open(*workers, *tickets))
	fmt.Fprintln(os.Stderr, "office:", err)
	os.Exit(1)
}

// open returns an office with its doors.
func open(workers, tickets int) http.Handler {
	o := &office{workers: make(chan struct{}, max(1, workers)), accounts: map[string]account{}, sessions: map[string]string{}, tickets: tickets}
	doors := http.NewServeMux()
	doors.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "Tickets for the wave. See /events.") })
	doors.HandleFunc("GET /events", o.events)
	doors.HandleFunc("POST /accounts", o.register)
	doors.HandleFunc("POST /sessions", o.signIn)
	doors.HandleFunc("POST /orders", o.buy)
	doors.HandleFunc("GET /orders/{id}", o.show)
	return doors
}

func (o *office) events(w http.ResponseWriter, _ *http.Request) {
	o.mutex.Lock()
	left := o.tickets
	o.mutex.Unlock()
	answer(w, http.StatusOK, map[string]any{"items": []map[string]any{{"id": "wave", "title": "The Wave", "left": left}}})
}

func (o *office) register(w http.ResponseWriter, r *http.Request) {
	given, ok := read[credentials](w, r)
	if !ok {
		return
	}
	if !strings.Contains(given.Email, "@") || len(given.Password) < 8 {
		refuse(w, http.StatusUnprocessableEntity, "give an e-mail address and a password of 8 characters")
		return
	}
	salt := make([]byte, 16)
	rand.Read(salt) // never fails since Go 1.24
	hash := o.hash(given.Password, salt)
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if _, taken := o.accounts[given.Email]; taken {
		refuse(w, http.StatusConflict, "this address has an account")
		return
	}
	o.accounts[given.Email] = account{salt, hash}
	answer(w, http.StatusCreated, map[string]string{"email": given.Email})
}

func (o *office) signIn(w http.ResponseWriter, r *http.Request) {
	given, ok := read[credentials](w, r)
	if !ok {
		return
	}
	o.mutex.Lock()
	known := o.accounts[given.Email]
	o.mutex.Unlock()
	if subtle.ConstantTimeCompare(o.hash(given.Password, known.salt), known.hash) != 1 {
		refuse(w, http.StatusUnauthorized, "address or password is wrong")
		return
	}
	token := rand.Text()
	o.mutex.Lock()
	o.sessions[token] = given.Email
	o.mutex.Unlock()
	answer(w, http.StatusOK, map[string]string{"token": token})
}

func (o *office) buy(w http.ResponseWriter, r *http.Request) {
	wish, ok := read[order](w, r)
	if !ok {
		return
	}
	o.mutex.Lock()
	defer o.mutex.Unlock()
	buyer, known := o.sessions[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
	switch {
	case !known:
		refuse(w, http.StatusUnauthorized, "sign in first")
	case o.tickets == 0:
		refuse(w, http.StatusConflict, "all tickets are sold")
	default:
		o.tickets--
		wish.ID, wish.Buyer = len(o.orders)+1, buyer
		o.orders = append(o.orders, wish)
		answer(w, http.StatusCreated, wish)
	}
}

func (o *office) show(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.Atoi(r.PathValue("id"))
	o.mutex.Lock()
	defer o.mutex.Unlock()
	buyer := o.sessions[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
	if err != nil || id < 1 || id > len(o.orders) || o.orders[id-1].Buyer != buyer {
		refuse(w, http.StatusNotFound, "you have no such order")
		return
	}
	answer(w, http.StatusOK, o.orders[id-1])
}

// hash takes a while, on purpose, and one worker.
func (o *office) hash(password string, salt []byte) []byte {
	o.workers <- struct{}{}
	defer func() { <-o.workers }()
	hash, err := pbkdf2.Key(sha256.New, password, salt, 120_000, 32)
	if err != nil {
		panic(err) // the key length is right
	}
	return hash
}

func read[T any](w http.ResponseWriter, r *http.Request) (value T, ok bool) {
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<10)).Decode(&value); err != nil {
		refuse(w, http.StatusBadRequest, "the body is not the JSON that this door takes")
		return value, false
	}
	return value, true
}

func answer(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // the caller may be gone
}

func refuse(w http.ResponseWriter, status int, why string) {
	answer(w, status, map[string]string{"error": why})
}
