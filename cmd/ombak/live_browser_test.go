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

// A forecast comes on a busy machine too.
func init() { idly = func(work func()) { work() } }

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
	limited, stop := context.WithTimeout(allocator, 5*time.Minute)
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
		time.Sleep(20 * time.Millisecond)
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
	r, act, _ := beginLive(t, "simulate", "smoke", "--pace", "0.3x") // a busy browser takes seconds for an action
	open(t, tab, act)
	until(t, tab, `room.store.length > 2 && document.querySelectorAll(".uplot canvas").length >= 3`, "rows are drawn")
	do(t, tab, "fault", map[string]string{"on": "dukcapil", "with.fault": "dukcapil-outage", "for": "4s", "by": "Rina"})
	do(t, tab, "arrivals", map[string]string{"with.factor": "2", "by": "Rina"})
	until(t, tab, `document.querySelector("#timeline").textContent.includes("dukcapil-outage of dukcapil for 4s, by Rina")`, "the timeline has the fault and its author")
	until(t, tab, `document.querySelector("#stations .stands:not([hidden])")?.textContent.startsWith("fault: dukcapil-outage of dukcapil for 4s, by Rina, since 0:")`, "the row of the station says that it has the fault")
	until(t, tab, `/^(lead-in|arrivals|drain) · .*from the opening · 19:00:\d\d · /.test(document.getElementById("clock").textContent) && document.querySelector("#timeline small").textContent.startsWith("19:00:")`, "times are from the opening, with the time of day")
	until(t, tab, `room.store.marks.filter((mark) => mark.text.startsWith("dukcapil-outage")).every((mark) => mark.scenario_s < mark.at_s)`, "marks have both clocks")
	until(t, tab, `document.getElementById("twin").textContent.startsWith("Had we not (arrivals × 2")`, "the twin says what the last action changes")
	do(t, tab, "policy", map[string]string{"on": "call:dukcapil", "with.policy": "bounded-fifo", "with.limit": "9", "with.queue": "", "by": "Rina"})
	until(t, tab, `document.querySelector("#timeline").textContent.includes("bounded-fifo at call:dukcapil: limit 9, by Rina")`, "the timeline has the change of the policy")
	until(t, tab, `document.querySelector("#stations").textContent.includes("changed: policy's limit 9, was ")`, "the row of the dependency says what was changed")
	until(t, tab, `room.store.length > 7`, "some seconds pass")
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

// hostileScenario writes smoke with texts that would do harm as markup.
func hostileScenario(t *testing.T) string {
	t.Helper()
	var text bytes.Buffer
	if code := run(t.Context(), []string{"ombak", "scenario", "show", "smoke"}, strings.NewReader(""), &text, io.Discard); code != exitDone {
		t.Fatal(code)
	}
	changed := strings.Replace(text.String(), "title: Ten seconds that touch every part", `title: '<img src=x onerror="window.broken=1"><script>window.broken=1</script>'`, 1)
	if changed == text.String() {
		t.Fatal("the title of smoke has changed")
	}
	name := filepath.Join(t.TempDir(), "hostile.yaml")
	if err := os.WriteFile(name, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// Two people watch one run, one of them by keyboard alone; both act. One reloads the page and misses nothing. Texts of a
// scenario and of notes become no markup. Everything has a name for screen readers, and nothing moves for those who want
// that.
func TestTwoPeopleInOneRoom(t *testing.T) {
	tab := browserTab(t)
	r, act, watch := beginLive(t, "simulate", hostileScenario(t), "--pace", "0.1x")
	second, closeSecond := chromedp.NewContext(tab)
	defer closeSecond()
	prefer(t, tab, "prefers-reduced-motion", "reduce")
	open(t, tab, act)
	open(t, second, act)
	until(t, tab, `room.store.length > 1`, "rows come")

	do(t, tab, "note", map[string]string{"with.text": `<img src=x onerror="window.broken=1">`, "by": "<b>Rina</b>"})
	do(t, second, "hold", map[string]string{"for": "1s", "by": "Budi"})
	for _, who := range []context.Context{tab, second} {
		until(t, who, `document.querySelector("#timeline").textContent.includes("<img src=x") && document.querySelector("#timeline").textContent.includes("arrivals held for 1s, by Budi")`, "both see both actions")
		if evaluate[bool](t, who, `Boolean(window.broken) || document.querySelector("#timeline img, #what img, #timeline b") !== null`) {
			t.Error("a text has become markup")
		}
	}

	seen := evaluate[float64](t, tab, `room.store.totals.scheduled`)
	rows := evaluate[float64](t, tab, `room.store.length`)
	if err := chromedp.Do(tab, chromedp.Reload()); err != nil {
		t.Fatal(err)
	}
	until(t, tab, fmt.Sprintf(`window.room && room.store.length >= %v && room.store.totals.scheduled >= %v`, rows, seen), "after a reload nothing is missing")
	if gaps := evaluate[float64](t, tab, `(() => { let gaps = 0; for (let i = 1; i < room.store.length; i++) if (Math.abs(room.store.at[i] - room.store.at[i - 1] - 1) > 0.01 && i + 1 < room.store.length) gaps++; return gaps; })()`); gaps > 0 {
		t.Errorf("%v rows are missing", gaps)
	}

	if missing := evaluate[string](t, tab, nameless); missing != "" {
		t.Errorf("these have no name for a screen reader: %s", missing)
	}
	if moving := evaluate[float64](t, tab, `[...document.querySelectorAll("*")].filter((e) => parseFloat(getComputedStyle(e).transitionDuration) > 0).length`); moving > 0 {
		t.Errorf("%v elements move though less motion is wanted", moving)
	}
	byKeyboard(t, tab)

	if err := chromedp.Do(second, chromedp.Navigate(watch)); err != nil {
		t.Fatal(err)
	}
	until(t, second, `document.querySelector("#actions").textContent.includes("may only look") && document.querySelector("#actions [data-do]") === null`, "who may only look has no buttons")
	r.cancel()
	<-time.After(time.Millisecond)
	until(t, tab, `document.getElementById("connection").textContent !== ""`, "the page says that the connection is gone")
}

// nameless lists what a screen reader could not name.
const nameless = `[...document.querySelectorAll("section, button, select, input, progress, [role=img], [role=region]")].filter((e) => {
	if (e.closest("[hidden]")) return false;
	const by = e.getAttribute("aria-labelledby");
	const name = e.getAttribute("aria-label") || (by && document.getElementById(by)?.textContent) || (e.labels && [...e.labels].map((l) => l.textContent).join("")) || (e.tagName === "BUTTON" && e.textContent);
	return !name;
}).map((e) => e.outerHTML.slice(0, 80)).join("; ")`

// byKeyboard zooms a chart and writes a note without a mouse.
func byKeyboard(t *testing.T, tab context.Context) {
	t.Helper()
	until(t, tab, `document.querySelector("#flow .chart canvas") !== null`, "the chart is there")
	const shown = `(() => { const text = document.querySelector("#flow .u-wrap"); return text ? 1 : 0; })()`
	if evaluate[float64](t, tab, shown) != 1 {
		t.Error("the chart is not drawn")
	}
	if err := chromedp.Do(tab, chromedp.Focus(chromedp.CSS("#flow .chart")), chromedp.KeyEvent("0"), chromedp.KeyEvent("+")); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Do(tab, chromedp.Focus(chromedp.CSS(`[data-do="note"]`)), chromedp.KeyEvent("\r")); err != nil {
		t.Fatal(err)
	}
	until(t, tab, `document.querySelector("dialog[open]") !== null && document.activeElement.closest("dialog") !== null`, "Enter opens the dialog and the focus goes there")
	if err := chromedp.Do(tab, chromedp.Focus(chromedp.CSS(`dialog input[name="text"]`)), chromedp.KeyEvent("by keyboard")); err != nil {
		t.Fatal(err)
	}
	until(t, tab, `!document.querySelector("dialog [type=submit]").disabled && document.querySelector("dialog .preview").textContent !== ""`, "it says what it will do")
	if err := chromedp.Do(tab, chromedp.KeyEvent("\r")); err != nil {
		t.Fatal(err)
	}
	until(t, tab, `document.querySelector("#timeline").textContent.includes("by keyboard")`, "Enter writes the note")
}

// The page of a drill shows its machine, its stations and what is done to them; the link of another run opens nothing.
func TestDrillInABrowser(t *testing.T) {
	tab := browserTab(t)
	r, act, _ := beginLive(t, "drill", "smoke", "--speed", "0.4", "--threshold", "identity.passed >= 10% of entered", "--live-wait")
	if err := chromedp.Do(tab, chromedp.Navigate(strings.Split(act, "token=")[0]+"token=OLD")); err != nil {
		t.Fatal(err)
	}
	until(t, tab, `document.body.textContent.includes("this link is of another run")`, "an expired link says so")
	open(t, tab, act)
	until(t, tab, `document.getElementById("start") !== null && document.getElementById("clock").textContent === "waiting for Start"`, "the run waits")
	if rows := evaluate[float64](t, tab, `room.store.length`); rows > 0 {
		t.Errorf("%v rows came before Start", rows)
	}
	_ = evaluate[bool](t, tab, `document.getElementById("start").click(), true`)
	until(t, tab, `document.getElementById("start") === null && room.store.length > 2`, "rows come")
	do(t, tab, "fault", map[string]string{"on": "dukcapil", "with.fault": "dukcapil-brownout", "for": "3s", "by": "Rina"})
	until(t, tab, `document.querySelector("#timeline").textContent.includes("dukcapil-brownout of dukcapil, by Rina")`, "the timeline has the fault")
	do(t, tab, "set", map[string]string{"on": "dapodik", "with.servers": "20"})
	do(t, tab, "arrivals", map[string]string{"with.factor": "1.6", "by": "Budi"})
	until(t, tab, `document.getElementById("twin").textContent.startsWith("Had we not (arrivals × 1.6, by Budi)")`, "the twin says what the last action changes")
	until(t, tab, `document.querySelector('#timeline button[aria-label="Set back: arrivals × 1.6, by Budi"]') !== null && document.querySelector('#timeline button[aria-label^="Set back: dapodik: servers 20"]') !== null`, "what still holds can be taken back")
	until(t, tab, `document.getElementById("wall") === null && document.querySelector("#actions details").textContent.includes("Pause the clock: a live run cannot be paused, because")`, "the page says why a drill cannot be paused")
	until(t, tab, `document.querySelector("#machine").textContent.includes("generator") && document.querySelector("#health").textContent.includes("lag")`, "the machine is shown")
	until(t, tab, `room.store.last.at_s > 8`, "some seconds pass")
	shoot(t, tab, "drill")
	until(t, tab, `!document.getElementById("ending").hidden`, "the verdict is shown")
	shoot(t, tab, "drill-ended")
	_ = evaluate[bool](t, tab, `document.querySelector("#ending button").click(), true`)
	r.code <- <-r.code
	if _, err := os.Stat(filepath.Join(r.folder, "replay.yaml")); err != nil {
		t.Error(err)
	}
}

// A form shows what is set now: after the plan's schedule, after what somebody else did, and while it is open.
func TestPresentValuesInABrowser(t *testing.T) {
	tab := browserTab(t)
	file := filepath.Join(t.TempDir(), "scheduled.yaml")
	if err := os.WriteFile(file, scheduledSmoke(t).Source(), 0o600); err != nil {
		t.Fatal(err)
	}
	r, act, _ := beginLive(t, "simulate", file, "--pace", "0.2x", "--no-twin")
	second, closeSecond := chromedp.NewContext(tab)
	defer closeSecond()
	open(t, tab, act)
	open(t, second, act)
	const servers = `document.querySelector('dialog input[name="servers"]')?.placeholder`
	show := func(who context.Context) {
		t.Helper()
		until(t, who, `document.querySelector('[data-do="set"]:enabled') !== null`, "there are offers")
		_ = evaluate[bool](t, who, `document.querySelector('[data-do="set"]').click(), true`)
		_ = evaluate[bool](t, who, `(() => { const form = document.querySelector("dialog form"); form.elements.on.value = "dukcapil"; form.dispatchEvent(new Event("input")); return true; })()`)
	}
	show(second)
	until(t, second, servers+`?.startsWith("now ")`, "the form shows the present value")
	was := evaluate[string](t, second, servers)
	do(t, tab, "set", map[string]string{"on": "dukcapil", "with.servers": "17", "by": "Rina"})
	until(t, second, servers+` === "now 17"`, "the open form of another follows")
	until(t, second, servers+` === "now 30"`, "the open form follows the schedule")
	if was == "now 17" || was == "now 30" {
		t.Errorf("at first the form shows %q", was)
	}
	show(tab)
	until(t, tab, servers+` === "now 30"`, "a form that is opened later shows it too")
	r.cancel()
}
