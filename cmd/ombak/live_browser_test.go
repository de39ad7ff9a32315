//go:build browser

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

var look = flag.String("look", "", "write screenshots of the page into this folder")

// browserTab starts Chromium, or skips the test if it is not installed.
func browserTab(t *testing.T) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is missing; install it with make packages")
	}
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-quic", true))
	allocator, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	limited, stop := context.WithTimeout(allocator, 2*time.Minute)
	t.Cleanup(stop)
	tab, cancelTab := chromedp.NewContext(limited)
	t.Cleanup(cancelTab)
	if err := chromedp.Do(tab, chromedp.Navigate("about:blank"), chromedp.EmulateViewport(1280, 900)); err != nil {
		t.Fatal(err)
	}
	return tab
}

func evaluate[T any](t *testing.T, tab context.Context, expression string) T {
	t.Helper()
	answer, err := chromedp.Run(tab, chromedp.Evaluate[T](expression))
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return answer
}

// until waits for a condition, for at most the lifetime of the tab.
func until(t *testing.T, tab context.Context, condition, why string) {
	t.Helper()
	for tab.Err() == nil {
		if answer, err := chromedp.Run(tab, chromedp.Evaluate[bool](condition)); err == nil && answer {
			return
		}
	}
	t.Fatalf("it never happened: %s", why)
}

func shoot(t *testing.T, tab context.Context, name string) {
	t.Helper()
	if *look == "" {
		return
	}
	png, err := chromedp.Run(tab, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.WriteFile(filepath.Join(*look, name+".png"), png, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// prefer sets what the viewer's system prefers.
func prefer(t *testing.T, tab context.Context, feature, value string) {
	t.Helper()
	media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: feature, Value: value}}}
	if _, err := chromedp.Call(tab, emulation.SetEmulatedMedia, media); err != nil {
		t.Fatal(err)
	}
}

// liveRun is a command with a page, run in this process.
type liveRun struct {
	folder string
	mu     sync.Mutex
	said   bytes.Buffer
	code   chan int
	cancel context.CancelFunc
}

// Write keeps what the command says.
func (r *liveRun) Write(text []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.said.Write(text)
}

func (r *liveRun) text() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.said.String()
}

// beginLive runs a command with --live and returns once its page is served.
func beginLive(t *testing.T, arguments ...string) (r *liveRun, act, watch string) {
	t.Helper()
	r = &liveRun{folder: filepath.Join(t.TempDir(), "out"), code: make(chan int, 1)}
	ctx, cancel := context.WithCancel(t.Context())
	r.cancel = cancel
	arguments = append(append([]string{"ombak"}, arguments...), "--live", "--out", r.folder)
	go func() { r.code <- run(ctx, arguments, strings.NewReader(""), io.Discard, r) }()
	t.Cleanup(func() {
		cancel()
		r.code <- <-r.code
	})
	links := regexp.MustCompile(`watch and act: (\S+)\nonly watch: +(\S+)\n`)
	for t.Context().Err() == nil {
		if found := links.FindStringSubmatch(r.text()); found != nil {
			return r, found[1], found[2]
		}
		select {
		case code := <-r.code:
			r.code <- code
			t.Fatalf("the command ended with %d: %s", code, r.text())
		case <-time.After(10 * time.Millisecond):
		}
	}
	return nil, "", ""
}

func open(t *testing.T, tab context.Context, url string) {
	t.Helper()
	if err := chromedp.Do(tab, chromedp.Navigate(url), chromedp.WaitVisible(chromedp.CSS("#funnel table"))); err != nil {
		t.Fatal(err)
	}
}

// do opens an offer, fills in its fields and does it.
func do(t *testing.T, tab context.Context, deed string, fields map[string]string) {
	t.Helper()
	until(t, tab, `document.querySelector('[data-do="`+deed+`"]:enabled') !== null`, "the offer "+deed)
	_ = evaluate[bool](t, tab, `document.querySelector('[data-do="`+deed+`"]').click(), true`)
	values, _ := json.Marshal(fields)
	_ = evaluate[bool](t, tab, fmt.Sprintf(`(() => { const form = document.querySelector("dialog form"); for (const [name, value] of Object.entries(%s)) form.elements[name.replace('with.', '')].value = value;
		form.dispatchEvent(new Event("input")); return true; })()`, values))
	until(t, tab, `document.querySelector("dialog .preview").textContent !== "" && !document.querySelector("dialog [type=submit]").disabled`, "it says what it will do")
	_ = evaluate[bool](t, tab, `document.querySelector("dialog [type=submit]").click(), true`)
	until(t, tab, `document.querySelector("dialog") === null && document.getElementById("done").textContent.startsWith("Done")`, "it is done")
}

// Somebody rehearses a brown-out on the page alone: sees the run, starts a fault, multiplies arrivals, ends the fault,
// reads the verdict and the report. The replay gives the same report.
func TestRehearsalInABrowser(t *testing.T) {
	tab := browserTab(t)
	r, act, _ := beginLive(t, "simulate", "smoke", "--pace", "1x")
	open(t, tab, act)
	until(t, tab, `room.store.length > 2 && document.querySelectorAll(".uplot canvas").length >= 3`, "rows are drawn")
	do(t, tab, "fault", map[string]string{"on": "dukcapil", "with.fault": "dukcapil-outage", "for": "4s", "by": "Rina"})
	do(t, tab, "arrivals", map[string]string{"with.factor": "2", "by": "Rina"})
	until(t, tab, `document.querySelector("#timeline").textContent.includes("dukcapil-outage of dukcapil for 4s, by Rina")`, "the timeline has the fault and its author")
	shoot(t, tab, "rehearsal")
	until(t, tab, `!document.getElementById("ending").hidden`, "the verdict is shown")
	until(t, tab, `document.querySelector("#ending a").href.endsWith("/report/report.html")`, "the report is linked")
	for _, screen := range []struct {
		name   string
		width  int64
		scheme string
	}{{"desk", 1280, "light"}, {"desk-dark", 1280, "dark"}, {"phone", 390, "light"}, {"phone-dark", 390, "dark"}} {
		prefer(t, tab, "prefers-color-scheme", screen.scheme)
		if err := chromedp.Do(tab, chromedp.EmulateViewport(screen.width, 900)); err != nil {
			t.Fatal(err)
		}
		until(t, tab, fmt.Sprintf(`innerWidth === %d`, screen.width), "the window has its width")
		if overflow := evaluate[float64](t, tab, `document.documentElement.scrollWidth - innerWidth`); overflow > 0 {
			t.Errorf("%s: the page is %v pixels too wide", screen.name, overflow)
		}
		shoot(t, tab, screen.name)
	}
	_ = evaluate[bool](t, tab, `document.querySelector("#ending button").click(), true`)
	if code := <-r.code; code != exitDone && code != exitBreached {
		t.Errorf("the command ends with %d: %s", code, r.text())
	} else {
		r.code <- code
	}
	for _, name := range []string{"report.json", "interventions.yaml", "replay.yaml"} {
		if _, err := os.Stat(filepath.Join(r.folder, name)); err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Stat(filepath.Join(r.folder, liveFile)); err == nil {
		t.Error("the secrets of the page are left behind")
	}
}
