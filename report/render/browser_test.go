//go:build browser

package render_test

import (
	"context"
	"flag"
	"fmt"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/ombak-sim/ombak/plots"
	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/report/render"
)

var look = flag.String("look", "", "write screenshots of the page into this folder")

// browser starts Chromium, or skips the test if it is not installed.
func browser(t *testing.T) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is missing; install it with make packages")
	}
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-quic", true))
	allocator, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	limited, stop := context.WithTimeout(allocator, time.Minute)
	t.Cleanup(stop)
	tab, cancelTab := chromedp.NewContext(limited)
	t.Cleanup(cancelTab)
	return tab
}

// In a real browser the page obeys its own policy, fits a desktop and a phone, and zooms by mouse and by
// keyboard.
func TestPageInABrowser(t *testing.T) {
	tab := browser(t)
	page := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(page, []byte(html(t, assembled(t), figures(t, assembled(t))...)), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Do(tab, chromedp.Navigate("about:blank")); err != nil {
		t.Fatal(err)
	}
	messages, done := chromedp.Console(tab), make(chan []string)
	go func() { done <- complaints(messages) }()
	if err := chromedp.Do(tab, chromedp.Navigate("file://"+page), chromedp.WaitVisible(chromedp.CSS("#closer canvas"))); err != nil {
		t.Fatal(err)
	}
	until(t, tab, `document.fonts.size === 2 && Array.from(document.fonts).every(function (f) { return f.status === "loaded"; })`, "the figures' typeface loads, "+
		"both weights once")
	for _, screen := range []struct {
		name   string
		width  int64
		scheme string
	}{{"desk", 1280, "light"}, {"desk-dark", 1280, "dark"}, {"phone", 390, "light"}} {
		scheme := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: screen.scheme}}}
		if _, err := chromedp.Call(tab, emulation.SetEmulatedMedia, scheme); err != nil {
			t.Fatal(err)
		}
		if err := chromedp.Do(tab, chromedp.EmulateViewport(screen.width, 900)); err != nil {
			t.Fatal(err)
		}
		if overflow := ask[float64](t, tab, `document.documentElement.scrollWidth - innerWidth`); overflow > 0 {
			t.Errorf("%s: the page is %v pixels too wide", screen.name, overflow)
		}
		picture(t, tab, screen.name)
	}
	zoomsIn(t, tab)
	_ = ask[bool](t, tab, `console.log("the end"), true`)
	for _, complaint := range <-done {
		t.Errorf("the browser complains: %s", complaint)
	}
}

// figures returns the drawings of a report as they appear in its page.
func figures(t *testing.T, r report.Report) (inline []render.Figure) {
	t.Helper()
	all, err := plots.All(r)
	if err != nil {
		t.Fatal(err)
	}
	drawings, err := plots.Inline(all)
	if err != nil {
		t.Fatal(err)
	}
	for i, figure := range all {
		inline = append(inline, render.Figure{Name: figure.Name, Title: figure.Title, SVG: drawings[i], Alt: figure.Alt})
	}
	return inline
}

// complaints gathers the browser's warnings until the page logs that it is at its end.
func complaints(messages iter.Seq2[chromedp.ConsoleMessage, error]) (found []string) {
	for message, err := range messages {
		if err != nil {
			return append(found, err.Error())
		}
		if message.Text == "the end" {
			return found
		}
		found = append(found, message.String())
	}
	return append(found, "the console ended")
}

// zoomsIn zooms in by keyboard, zooms out again, and chooses another step.
func zoomsIn(t *testing.T, tab context.Context) {
	t.Helper()
	const charts = `document.querySelectorAll("#closer .uplot").length`
	const title = `document.querySelector("#closer .u-title").textContent`
	const shown = `(function () { var c = document.querySelector("#closer-people").uplot; return c.scales.x.max - c.scales.x.min; })()`
	whole := ask[float64](t, tab, shown)
	press(t, tab, "#closer-people", "+", fmt.Sprintf("%s < %v", shown, 0.6*whole), "+ shows half of the time")
	press(t, tab, "#closer-people", "0", fmt.Sprintf("%s === %v", shown, whole), "0 shows all again")
	if drawn := ask[float64](t, tab, charts); drawn != 2 {
		t.Errorf("there are %v charts", drawn)
	}
	before := ask[string](t, tab, title)
	after := ask[string](t, tab, `(function () { var p = document.getElementById("closer-step"); p.value = "1"; p.dispatchEvent(new Event("change")); return `+title+`; })()`)
	if before == after || !strings.Contains(after, "email-verify") {
		t.Errorf("the chart of another step is called %q, the first was %q", after, before)
	}
}

// press gives a chart a key until a condition is met. A page that is being drawn anew may lose the focus, and the key with it.
func press(t *testing.T, tab context.Context, chart, key, condition, why string) {
	t.Helper()
	const tries = 20 // looks after each key
	for tab.Err() == nil {
		if err := chromedp.Do(tab, chromedp.Focus(chromedp.CSS(chart)), chromedp.KeyEvent(key)); err != nil {
			t.Fatal(err)
		}
		for range tries {
			if ask[bool](t, tab, condition) {
				return
			}
			time.Sleep(pause)
		}
	}
	t.Fatalf("it never happened: %s", why)
}

// pause leaves the browser time to draw.
const pause = 50 * time.Millisecond

// until waits for a condition that a later frame of the page meets, for at most the lifetime of the tab.
func until(t *testing.T, tab context.Context, condition, why string) {
	t.Helper()
	for tab.Err() == nil {
		if ask[bool](t, tab, condition) {
			return
		}
		time.Sleep(pause)
	}
	t.Fatalf("it never happened: %s", why)
}

func ask[T any](t *testing.T, tab context.Context, expression string) T {
	t.Helper()
	answer, err := chromedp.Run(tab, chromedp.Evaluate[T](expression))
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return answer
}

func picture(t *testing.T, tab context.Context, name string) {
	t.Helper()
	if *look == "" {
		return
	}
	png, err := chromedp.Run(tab, chromedp.FullScreenshot(100))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(*look, name+".png"), png, 0o644); err != nil {
		t.Fatal(err)
	}
}
