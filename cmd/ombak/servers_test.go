//go:build !windows

package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/ombak-sim/ombak/report"
)

// expandFile replaces variables of the script such as $WORK in a file, and leaves those of others.
func expandFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: expand FILE")
	}
	text := os.Expand(ts.ReadFile(args[0]), func(name string) string {
		if value := ts.Getenv(name); value != "" {
			return value
		}
		return "$" + name
	})
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
}

// logs-agree compares a server's log with the report: for each step, the requests sent and passed must equal
// those logged at its path. A server may log an answer after it has arrived.
func logsAgree(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: logs-agree REPORT LOG")
	}
	var r report.Report
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &r))
	var difference string
	for range generous {
		logged, good := countLog(ts, args[1])
		if difference = differs(r, logged, good); difference == "" {
			return
		}
		<-time.After(pause)
	}
	ts.Fatalf("%s in %s", difference, args[1])
}

// differs says where the counts of a log and a report differ; the empty text where they agree.
func differs(r report.Report, logged, good map[string]int) string {
	paths := map[string]string{"look": "/", "cart": "/cart", "pay": "/pay"}
	for i, step := range r.Steps {
		path := paths[step.Step]
		if step.Requests == 0 || float64(logged[path]) != step.Requests || float64(good[path]) != r.Funnel[i].Passed {
			return fmt.Sprintf("%s: %v sent and %v passed, but there are %d of %s, %d of them good,", step.Step, step.Requests, r.Funnel[i].Passed, logged[path], path, good[path])
		}
	}
	return ""
}

// logged-between requires that a log has a number of lines within bounds.
func loggedBetween(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: logged-between LOG LEAST MOST")
	}
	logged, _ := countLog(ts, args[0])
	least, err := strconv.Atoi(args[1])
	ts.Check(err)
	most, err := strconv.Atoi(args[2])
	ts.Check(err)
	if n := logged["/"] + logged["/index.html"]; n < least || n > most {
		ts.Fatalf("%s has %d lines, want %d to %d", args[0], n, least, most)
	}
}

func countLog(ts *testscript.TestScript, name string) (logged, good map[string]int) {
	logged, good = map[string]int{}, map[string]int{}
	scanner := bufio.NewScanner(strings.NewReader(ts.ReadFile(name)))
	for scanner.Scan() {
		fields := strings.Fields(scanner.Text())
		logged[fields[0]]++
		if fields[1] == "200" {
			good[fields[0]]++
		}
	}
	return logged, good
}
