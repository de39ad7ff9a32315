//go:build browser

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// Whoever practises pauses the clock by keyboard, acts and takes it back while nothing moves, jumps, and goes on at another pace.
// Who may only look sees how the clock goes and cannot turn it.
func TestClockInABrowser(t *testing.T) {
	tab := browserTab(t)
	r, act, watch := beginLive(t, "simulate", "smoke", "--pace", "0.3x", "--no-twin")
	open(t, tab, act)
	until(t, tab, `room.store.length > 1 && document.getElementById("pause")?.textContent === "Pause" && document.querySelector("#wall output").textContent === "goes at 0.3x"`, "the clock goes")
	if err := chromedp.Do(tab, chromedp.Focus(chromedp.CSS("#pause")), chromedp.KeyEvent(" ")); err != nil {
		t.Fatal(err)
	}
	until(t, tab, `document.getElementById("pause").textContent === "Go on" && document.querySelector("#wall output").textContent.startsWith("paused at 0:0")`, "the clock is paused")
	do(t, tab, "fault", map[string]string{"on": "dukcapil", "with.fault": "dukcapil-outage", "for": "4s", "by": "Rina"})
	until(t, tab, `document.querySelector("#timeline").textContent.includes("dukcapil-outage of dukcapil for 4s, by Rina")`, "the timeline has the fault while the clock is paused")
	rows := evaluate[float64](t, tab, `room.store.length`)
	if late := evaluate[float64](t, tab, `room.store.marks.find((mark) => mark.do === "fault").scenario_s - room.store.last.scenario_s`); late < 0 || late > 0.0011 {
		t.Errorf("the fault begins %v s after the pause", late)
	}
	until(t, tab, `document.querySelector("#stations .stands:not([hidden])")?.textContent.startsWith("fault: dukcapil-outage of dukcapil")`, "so has the row of the dependency")
	shoot(t, tab, "paused")
	takeBack(t, tab, "End now: dukcapil-outage of dukcapil for 4s, by Rina", "dukcapil-outage, started by hand, ends now at dukcapil.")
	until(t, tab, `document.querySelector("#timeline").textContent.includes("dukcapil-outage of dukcapil ends") && document.querySelector("#timeline .fault .back") === null && document.querySelector("#stations .stands:not([hidden])") === null`, "the fault has ended")
	do(t, tab, "set", map[string]string{"on": "dukcapil", "with.servers": "17", "by": "Rina"})
	until(t, tab, `document.querySelector("#stations").textContent.includes("changed: servers 17, was ")`, "the dependency says what was changed")
	takeBack(t, tab, "Set back: dukcapil: servers 17, by Rina", "From now on dukcapil has servers ")
	until(t, tab, `!document.querySelector("#stations").textContent.includes("changed: servers") && document.querySelector("#timeline .plan .back") === null`, "the dependency is as before")
	do(t, tab, "hold", map[string]string{"by": "Rina"})
	takeBack(t, tab, "End now: arrivals held, by Rina", "People come again.")
	do(t, tab, "arrivals", map[string]string{"with.factor": "2", "by": "Rina"})
	takeBack(t, tab, "Set back: arrivals × 2, by Rina", "As many people come as the scenario says.")
	until(t, tab, `document.querySelector("#timeline .back") === null`, "nothing is left to take back")
	if now := evaluate[float64](t, tab, `room.store.length`); now != rows {
		t.Errorf("while the clock is paused, %v rows become %v", rows, now)
	}

	_ = evaluate[bool](t, tab, `document.getElementById("until").value = "1s", document.querySelector("#wall form").requestSubmit(), true`)
	until(t, tab, `document.querySelector("#wall [role=alert]").textContent.includes("give a later instant")`, "nobody goes back in time")
	_ = evaluate[bool](t, tab, `document.getElementById("until").value = "6s", document.querySelector("#wall form").requestSubmit(), true`)
	until(t, tab, `room.store.last.scenario_s >= 6 && document.querySelector("#wall output").textContent === "paused at 0:06"`, "the clock goes there and pauses")
	if missing := evaluate[string](t, tab, nameless); missing != "" {
		t.Errorf("these have no name for a screen reader: %s", missing)
	}
	for _, width := range []int64{390, 1280} {
		if err := chromedp.Do(tab, chromedp.EmulateViewport(width, 900)); err != nil {
			t.Fatal(err)
		}
		until(t, tab, fmt.Sprintf(`innerWidth === %d`, width), "the window has its width")
		if overflow := evaluate[float64](t, tab, `document.documentElement.scrollWidth - innerWidth`); overflow > 0 {
			t.Errorf("%d: the page is %v pixels too wide", width, overflow)
		}
		shoot(t, tab, fmt.Sprintf("paused-%d", width))
	}

	open(t, tab, watch)
	until(t, tab, `document.querySelector("#wall output")?.textContent === "paused at 0:06" && document.querySelector("#wall button, #wall select, #wall input, .back") === null`, "who may only look sees that the clock is paused")
	open(t, tab, act)
	until(t, tab, `document.getElementById("pause")?.textContent === "Go on"`, "who acts can go on")
	_ = evaluate[bool](t, tab, `document.getElementById("pace").value = "max", document.getElementById("pace").dispatchEvent(new Event("change")), true`)
	until(t, tab, `document.querySelector("#wall output").textContent.startsWith("paused at")`, "the pace does not end the pause")
	_ = evaluate[bool](t, tab, `document.getElementById("pause").click(), true`)
	until(t, tab, `!document.getElementById("ending").hidden && document.getElementById("wall") === null`, "the verdict is shown and the clock is gone")
	text, err := os.ReadFile(filepath.Join(r.folder, "interventions.yaml"))
	if err != nil || strings.Count(string(text), "do: ") != 8 {
		t.Errorf("the interventions are %s: %v", text, err)
	}
	r.cancel()
}

// takeBack presses a button of the timeline, reads what the dialog says it will do, and does it.
func takeBack(t *testing.T, tab context.Context, name, says string) {
	t.Helper()
	button := fmt.Sprintf(`document.querySelector('#timeline button[aria-label="%s"]')`, name)
	until(t, tab, button+` !== null`, "the button "+name)
	_ = evaluate[bool](t, tab, button+`.click(), true`)
	until(t, tab, fmt.Sprintf(`document.querySelector("dialog .preview")?.textContent.startsWith(%q) && !document.querySelector("dialog [type=submit]").disabled`, says), "the dialog says "+says)
	_ = evaluate[bool](t, tab, `document.querySelector("dialog [type=submit]").click(), true`)
	until(t, tab, `document.querySelector("dialog") === null && `+button+` === null`, "it is taken back")
}
