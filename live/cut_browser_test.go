//go:build browser

package live

import (
	"context"
	"io"
	"net"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/ombak-sim/ombak/report"
)

// wire is the network between a browser and the server. It can be cut.
type wire struct {
	listener net.Listener
	to       string
	mu       sync.Mutex
	cut      bool
	left     int // bytes that still come through before it is cut; below 0 there is no limit
	conns    []net.Conn
}

func newWire(t *testing.T, to string) *wire {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{listener: listener, to: to, left: -1}
	t.Cleanup(func() {
		_ = listener.Close()
		w.set(true, -1)
	})
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go w.carry(conn)
		}
	}()
	return w
}

// carry carries bytes both ways until the wire is cut.
func (w *wire) carry(conn net.Conn) {
	defer conn.Close()
	behind, err := net.Dial("tcp", w.to)
	if err != nil {
		return
	}
	defer behind.Close()
	w.mu.Lock()
	if w.cut {
		w.mu.Unlock()
		return
	}
	w.conns = append(w.conns, conn, behind)
	w.mu.Unlock()
	go func() { _, _ = io.Copy(behind, conn) }()
	buffer := make([]byte, 1<<15)
	for {
		n, err := behind.Read(buffer)
		w.mu.Lock()
		if w.left >= 0 {
			n = min(n, w.left)
			w.left -= n
		}
		over := w.left == 0
		w.mu.Unlock()
		if _, failed := conn.Write(buffer[:n]); err != nil || failed != nil {
			return
		}
		if over {
			w.set(true, -1)
			return
		}
	}
}

// set cuts the wire or mends it, and says after how many bytes it is cut.
func (w *wire) set(cut bool, left int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut, w.left = cut, left
	if !cut {
		return
	}
	for _, conn := range w.conns {
		_ = conn.Close()
	}
	w.conns = nil
}

// A connection that is cut in the middle of a run, also in the middle of a row, is taken up again where it was: nothing is
// missing, nothing comes twice, and the page has not begun again.
func TestACutConnectionInABrowser(t *testing.T) {
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is missing; install it with make packages")
	}
	board := NewBoard(Run{Scenario: "shop", Engine: "live", Step: "go", Last: "go", UntilS: 100, Steps: []RunStep{{Name: "go"}}, Thresholds: []string{}})
	posted := 0
	post := func(rows int) {
		for range rows {
			posted++
			board.Post(report.Second{Row: posted, AtS: float64(posted), ScenarioS: float64(posted), ForS: 1, Scheduled: uint64(posted), Steps: []report.SecondStep{{Step: "go", Passed: 1, Entered: 1}}})
		}
	}
	s := served(t, Config{Board: board})
	address := strings.TrimPrefix(base(s), "http://")
	between := newWire(t, address)
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("host-resolver-rules", "MAP "+address+" "+between.listener.Addr().String()))
	allocator, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	defer cancel()
	limited, stop := context.WithTimeout(allocator, 2*time.Minute)
	defer stop()
	tab, closeTab := chromedp.NewContext(limited)
	defer closeTab()
	happens := func(condition, why string) {
		t.Helper()
		for tab.Err() == nil {
			if is, err := chromedp.Run(tab, chromedp.Evaluate[bool](condition)); err == nil && is {
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
		t.Fatalf("it never happened: %s", why)
	}
	const isCut = `document.getElementById("connection").textContent === "The connection was cut; trying again."`
	post(30)
	if err := chromedp.Do(tab, chromedp.EmulateViewport(1280, 900), chromedp.Navigate(s.URL())); err != nil {
		t.Fatal(err)
	}
	happens(`Boolean(window.room) && room.store.length === 30 && (window.before = room.store, true)`, "thirty rows come")
	between.set(true, -1)
	post(30)
	happens(isCut, "the page says that the connection is cut")
	happens(`room.store.length === 30`, "nothing comes meanwhile")
	between.set(false, -1)
	happens(`room.store.length === 60 && document.getElementById("connection").textContent === ""`, "the rows of the meantime come, and the page says nothing more")

	between.set(false, 40) // less than a row
	post(1)
	happens(isCut, "the connection is cut within a row")
	happens(`room.store.length === 60`, "half of a row is none")
	between.set(false, -1)
	post(9)
	happens(`room.store.length === 70`, "the row comes whole, and those after it")
	const sound = `room.store === window.before && room.store.at.slice(0, 70).every((at, i) => at === i + 1) && room.store.totals.scheduled === 70 * 71 / 2 && room.store.steps.get("go").passed === 70`
	if begun, err := chromedp.Run(tab, chromedp.Evaluate[bool](sound)); err != nil || !begun {
		t.Errorf("the rows are not those that were posted: %v, %v", begun, err)
	}
}
