package live

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/report/render"
)

//go:embed page
var assets embed.FS

// page returns the files of the page by their paths.
func page() map[string][]byte {
	files := map[string][]byte{"uplot.js": []byte(render.ChartScript()), "uplot.css": []byte(render.ChartStyle())}
	entries, err := assets.ReadDir("page")
	if err != nil {
		panic(err) // they are part of the program
	}
	for _, entry := range entries {
		text, err := assets.ReadFile("page/" + entry.Name())
		if err != nil {
			panic(err)
		}
		files[entry.Name()] = text
	}
	return files
}

var types = map[string]string{".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	files := page()
	mux.HandleFunc("GET /enter", s.door.enter)
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		if s.door.roleOf(r) == nobody {
			stranger(w)
			return
		}
		s.visited.Store(true)
		serveText(w, "index.html", files["index.html"])
	})
	mux.HandleFunc("GET /page/{name}", func(w http.ResponseWriter, r *http.Request) {
		text, known := files[r.PathValue("name")]
		if !known {
			http.NotFound(w, r)
			return
		}
		serveText(w, r.PathValue("name"), text)
	})
	mux.Handle("GET /v1/run", s.only(viewer, s.tellRun))
	mux.Handle("GET /v1/feed", s.only(viewer, s.feed))
	mux.Handle("GET /v1/offers", s.only(viewer, s.offers))
	mux.Handle("GET /report/{file...}", s.only(viewer, s.file))
	mux.Handle("POST /v1/preview", s.only(conductor, s.preview))
	mux.Handle("POST /v1/actions", s.only(conductor, s.act))
	mux.Handle("POST /v1/clock", s.only(conductor, s.turn))
	mux.Handle("POST /v1/start", s.only(conductor, s.start))
	mux.Handle("POST /v1/end", s.only(conductor, s.end))
	return mux
}

// stranger answers who has no cookie. A browser withholds a strict cookie if a page of another site led here; a link of our
// own page helps.
func stranger(w http.ResponseWriter) {
	w.Header().Set("Content-Type", types[".html"])
	w.WriteHeader(http.StatusUnauthorized)
	_, _ = io.WriteString(w, `<!doctype html><html lang="en"><meta charset="utf-8"><title>ombak</title>`+
		`<p>If you came by the link that ombak printed, <a href="/">go on to the run</a>. Otherwise open that link.</p></html>`)
}

func serveText(w http.ResponseWriter, name string, text []byte) {
	w.Header().Set("Content-Type", types[path.Ext(name)])
	_, _ = w.Write(text) // a client that has gone needs no answer
}

// only lets those pass who may do what a role may.
func (s *Server) only(least role, next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who := s.door.roleOf(r)
		switch {
		case who == nobody:
			refuse(w, http.StatusUnauthorized, "open the link that ombak printed")
		case who < least:
			refuse(w, http.StatusForbidden, "this link may only look")
		case r.Method == http.MethodPost && !fromPage(r):
			refuse(w, http.StatusForbidden, "the request does not say which page sent it")
		default:
			s.visited.Store(true)
			next(w, r)
		}
	})
}

// told is the answer about the run.
type told struct {
	Run
	Number  int  `json:"number"`  // of the run, if several follow each other
	Acts    bool `json:"acts"`    // whether who asks may act
	Waiting bool `json:"waiting"` // whether the run waits for somebody to press Start

	Clock *Clock `json:"clock,omitempty"` // absent before a simulation begins
}

func (s *Server) tellRun(w http.ResponseWriter, r *http.Request) {
	run, number := s.config.Board.Run()
	answer(w, http.StatusOK, told{run, number, s.door.roleOf(r) == conductor, s.config.Board.isWaiting(), s.clockOf()})
}

// patience is how long a viewer may take to read what is sent before it is dropped.
const patience = 10 * time.Second

// feed sends the rows as server-sent events. The id of an event is the number of the run and of the row, so that a viewer
// whose connection was cut gets the rest.
func (s *Server) feed(w http.ResponseWriter, r *http.Request) {
	number, seen := position(r)
	foretold, offered, turned, waits := 0, 0, 0, false
	defer s.config.Board.enter()()
	w.Header().Set("Content-Type", "text/event-stream")
	out := http.NewResponseController(w)
	text := bytes.NewBufferString("retry: 1000\n\n")
	_ = out.SetReadDeadline(time.Time{}) // nothing more is read
	for {
		look := s.config.Board.after(number, seen, foretold)
		if look.number != number || look.again {
			number, seen = look.number, 0
			fmt.Fprintf(text, "event: run\nid: %d-0\ndata: %d\n\n", number, number)
		}
		for _, row := range look.rows {
			seen = row.last
			fmt.Fprintf(text, "id: %d-%d\ndata: %s\n\n", number, seen, row.text)
		}
		if look.waiting != waits {
			waits = look.waiting
			fmt.Fprintf(text, "event: wait\ndata: %t\n\n", waits)
		}
		if look.turns != turned {
			turned = look.turns
			clock, _ := json.Marshal(look.clock) // it holds nothing that JSON has not
			fmt.Fprintf(text, "event: clock\ndata: %s\n\n", clock)
		}
		if look.forecast != nil {
			fmt.Fprintf(text, "event: twin\ndata: %s\n\n", look.forecast)
		}
		foretold = look.foretold
		if look.offered != offered {
			offered = look.offered
			fmt.Fprintf(text, "event: offers\ndata: %d\n\n", offered)
		}
		if look.ending != nil {
			fmt.Fprintf(text, "event: end\ndata: %s\n\n", look.ending)
		}
		if out.SetWriteDeadline(time.Now().Add(patience)) != nil {
			return
		}
		if _, err := text.WriteTo(w); err != nil || out.Flush() != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-s.shutting:
			return
		case <-look.changed:
		}
	}
}

// position returns which row of which run a viewer has seen.
func position(r *http.Request) (number, seen int) {
	last := r.Header.Get("Last-Event-ID")
	if last == "" {
		last = r.URL.Query().Get("after")
	}
	run, row, _ := strings.Cut(last, "-")
	number, err := strconv.Atoi(run)
	seen, also := strconv.Atoi(row)
	if err != nil || also != nil || number < 1 || seen < 0 {
		return 0, 0
	}
	return number, seen
}

func (s *Server) offers(w http.ResponseWriter, _ *http.Request) {
	offers := []Offer{}
	if s.config.Controls != nil {
		offers = append(offers, s.config.Controls.Offers()...)
	}
	answer(w, http.StatusOK, map[string]any{"offers": offers})
}

func (s *Server) preview(w http.ResponseWriter, r *http.Request) {
	_, action, err := readOrder(r)
	text := ""
	if err == nil {
		text, err = s.ask(action)
	}
	if err != nil {
		refuse(w, statusOf(err), err.Error())
		return
	}
	answer(w, http.StatusOK, map[string]string{"text": text})
}

func (s *Server) ask(action funnel.Action) (string, error) {
	if s.config.Controls == nil {
		return "", errors.New("nothing can be done to this run")
	}
	return s.config.Controls.Preview(action)
}

func (s *Server) act(w http.ResponseWriter, r *http.Request) {
	o, action, err := readOrder(r)
	switch {
	case err != nil:
	case s.config.Controls == nil:
		err = errors.New("nothing can be done to this run")
	case o.ID == "" || len(o.ID) > 100:
		err = errors.New("give the action an id of up to 100 characters; the same id is done once")
	case s.config.Board.isWaiting():
		err = errWaits
	default:
		var done Done
		if done, err = s.deeds.do(r.Context(), s.config.Controls, o, action); err == nil {
			s.config.Board.Offer()
			answer(w, http.StatusOK, done)
			return
		}
	}
	refuse(w, statusOf(err), err.Error())
}

func statusOf(err error) int {
	if errors.Is(err, funnel.ErrOver) || errors.Is(err, funnel.ErrUnable) || errors.Is(err, errOtherOrder) || errors.Is(err, errRealTime) {
		return http.StatusConflict
	}
	return http.StatusUnprocessableEntity
}

func (s *Server) start(w http.ResponseWriter, _ *http.Request) {
	s.once.Do(func() { close(s.started) })
	answer(w, http.StatusOK, map[string]bool{"started": true})
}

// end tells the conductor to end, once the run is over.
func (s *Server) end(w http.ResponseWriter, _ *http.Request) {
	if !s.config.Board.Ended() {
		refuse(w, http.StatusConflict, "the run goes on; stop it first")
		return
	}
	answer(w, http.StatusOK, map[string]bool{"ended": true})
	s.quit.Do(func() { close(s.left) })
}

// file serves a file of the report.
func (s *Server) file(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("file")
	if s.config.Files == nil || !isServed(name) {
		http.NotFound(w, r)
		return
	}
	folder, written := s.config.Files()
	if !written {
		http.NotFound(w, r)
		return
	}
	text, err := fs.ReadFile(folder, name)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	if name == "report.html" { // it has a policy of its own, which names its scripts
		w.Header().Set("Content-Security-Policy", "base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	}
	w.Header().Set("Content-Type", typeOf(name))
	_, _ = w.Write(text) // a client that has gone needs no answer
}

func typeOf(name string) string {
	if known, is := types[path.Ext(name)]; is {
		return known
	}
	if path.Ext(name) == ".png" {
		return "image/png"
	}
	return "text/plain; charset=utf-8"
}

// isServed reports whether a file of the output folder is one of the report. Databases and secrets are not.
func isServed(name string) bool {
	folder, file := path.Split(name)
	if folder == "plots/" {
		return slices.Contains([]string{".svg", ".png"}, path.Ext(file)) && fs.ValidPath(name)
	}
	return slices.Contains([]string{"report.html", "report.json", "series.csv", "latency.hlog", "junit.xml", "summary.md", "interventions.yaml", "replay.yaml"}, name)
}
