//go:build foreign

package main

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// block is a piece of code of a page: its kind, its text, and the line of prose before it.
type block struct{ kind, text, before string }

var fence = regexp.MustCompile("(?ms)^([^\n]*)\n\n```([a-z]*)\n(.*?)^```$")

// TestTutorial follows the tutorial from a recording to a plan: it starts the office, runs every command, makes every change,
// and compares what is printed with the page. Numbers may differ, words may not.
func TestTutorial(t *testing.T) {
	folder := t.TempDir()
	docs, err := filepath.Abs("../../docs")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(docs, filepath.Join(folder, "docs")); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(docs, "tutorial/from-a-recording-to-a-plan.md"))
	if err != nil {
		t.Fatal(err)
	}
	office := ""
	var said string
	commands := 0
	for _, match := range fence.FindAllSubmatch(page, -1) {
		b := block{string(match[2]), string(match[3]), string(match[1])}
		switch {
		case b.kind == "sh" && strings.HasPrefix(b.text, "go run ./docs/tutorial/office"):
			said, office = openOffice(t, folder)
		case b.kind == "sh":
			said = runLine(t, folder, office, b.text)
			commands++
		case b.kind == "text":
			compareWithPage(t, b.text, said)
		case b.kind == "yaml":
			addTo(t, folder, b)
		}
	}
	if commands != 6 {
		t.Errorf("%d commands were run, want the 6 of the page", commands)
	}
}

// openOffice starts the ticket office at the port that the page names, and returns what it says and its process.
func openOffice(t *testing.T, folder string) (said, process string) {
	t.Helper()
	program := filepath.Join(folder, "office")
	if output, err := exec.Command("go", "build", "-o", program, "../../docs/tutorial/office").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	command := exec.Command(program)
	output, err := command.StdoutPipe()
	if err == nil {
		err = command.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill() // it ends by nothing else
		_ = command.Wait()
	})
	said, err = bufio.NewReader(output).ReadString('\n')
	if err != nil {
		t.Fatalf("the office does not open; is port 8080 taken? %v", err)
	}
	return said, strconv.Itoa(command.Process.Pid)
}

// runLine runs one line of the page in a shell. A broken or an undecided threshold is no fault of the page.
func runLine(t *testing.T, folder, office, line string) string {
	t.Helper()
	command := exec.Command("sh", "-c", line)
	command.Dir = folder
	command.Env = append(os.Environ(), "OFFICE="+office, "PATH="+filepath.Dir(ombakBinary(t))+":"+os.Getenv("PATH"))
	output, err := command.CombinedOutput()
	if code := command.ProcessState.ExitCode(); code != 0 && code != exitInconclusive && code != exitBreached {
		t.Fatalf("%s: %v\n%s", line, err, output)
	}
	return string(output)
}

// addTo makes a change that the page asks for.
func addTo(t *testing.T, folder string, b block) {
	t.Helper()
	name := regexp.MustCompile("Add to the end of `([^`]+)`:").FindStringSubmatch(b.before)
	if name == nil {
		t.Fatalf("the page does not say where this goes:\n%s", b.text)
	}
	file, err := os.OpenFile(filepath.Join(folder, name[1]), os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		_, err = file.WriteString(b.text)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
}

var number = regexp.MustCompile(`-?<?>?[0-9][0-9.,]*( ?(ns|µs|ms|s|%|MB|min|h))?`)

// compareWithPage asks for every line of the page in what was printed: word for word, or up to the second number if the line
// has numbers.
func compareWithPage(t *testing.T, page, said string) {
	t.Helper()
	shape := func(line string) string {
		words := strings.Fields(number.ReplaceAllString(line, " # "))
		if i := strings.Index(strings.Join(words, " "), "#"); i < 0 {
			return strings.Join(words, " ")
		}
		return strings.Join(words[:min(3, len(words))], " ")
	}
	printed := map[string]bool{}
	for line := range strings.Lines(said) {
		printed[shape(line)] = true
	}
	for line := range strings.Lines(page) {
		text := shape(line)
		if text == "" || text == "…" || strings.HasPrefix(text, "report:") {
			continue
		}
		if !printed[text] {
			t.Errorf("the page has the line\n%s(%q), and nothing like it was printed:\n%s", line, text, said)
		}
	}
}
