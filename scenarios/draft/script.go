package draft

import (
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/grafana/sobek"
)

//go:embed script.js
var scriptTools string

// Limits of a script that is read by running it: time, and requests.
const (
	maxScriptTime  = 5 * time.Second
	maxScriptCalls = 500
)

// script runs a script of a load tester or a collection. Its requests are noted and not sent, and the script
// reaches nothing outside its own memory.
type script struct {
	*draft
	vm     *sobek.Runtime
	file   string // the name of the script's own text
	text   string
	chance float64 // what Math.random returns
	sleeps []float64
	pause  float64 // since the last request, in seconds
	calls  []*scriptCall
	quiet  bool // the script runs again, only for its pauses
}

// scriptCall is a request that the script made, and what became of it.
type scriptCall struct {
	line  int
	pause int // index of the pause before it, or -1
	step  *step
	limit []int // statuses that its checks allow
}

// newScript makes a runtime with the tools that scripts expect.
func newScript(d *draft, file, text string, chance float64) (*script, error) {
	s := &script{draft: d, vm: sobek.New(), file: file, text: text, chance: chance}
	s.vm.SetRandSource(func() float64 { return s.chance })
	s.vm.SetTimeSource(func() time.Time { return time.Date(2030, 1, 1, 9, 0, 0, 0, time.UTC) })
	s.vm.SetMaxCallStackSize(500)
	s.vm.SetFieldNameMapper(sobek.UncapFieldNameMapper())
	host := map[string]any{
		"call": s.call, "status": s.status, "json": s.gotJSON, "header": s.gotHeader, "cookie": s.gotCookie, "field": s.gotField, "body": s.gotBody,
		"sleep": s.sleep, "note": s.note, "expect": s.expect, "env": s.env, "data": s.data, "key": func() string { return mark("${step.key}") },
		"encode": s.encode, "unknown": s.unknown, "parsed": s.parsed,
	}
	if err := s.vm.Set("__host", host); err != nil {
		return nil, err
	}
	_, err := s.vm.RunScript("tools", scriptTools)
	return s, err
}

// guard runs a part of the script with a limit on its time.
func (s *script) guard(run func() error) (err error) {
	timer := time.AfterFunc(maxScriptTime, func() { s.vm.Interrupt("it runs for too long") })
	defer timer.Stop()
	defer func() {
		if failure := recover(); failure != nil {
			err = fmt.Errorf("%v", failure)
		}
		s.vm.ClearInterrupt()
	}()
	return run()
}

// line returns the line of the script that calls a tool.
func (s *script) line() int {
	for _, frame := range s.vm.CaptureCallStack(0, nil) {
		if frame.SrcName() == s.file {
			return frame.Position().Line
		}
	}
	return 0
}

// requestOf is what a script says about a request.
type requestOf struct {
	Method, Url, Name, Body string
	Headers, Form, Parts    [][]string
}

// call notes a request, and returns its number.
func (s *script) call(request requestOf) (int, error) {
	if len(s.calls) >= maxScriptCalls {
		return 0, errors.New("it makes more than 500 requests; the rest is left out")
	}
	made := &scriptCall{line: s.line(), pause: -1}
	if s.pause > 0 {
		made.pause = len(s.sleeps)
		s.sleeps = append(s.sleeps, s.pause)
		s.pause = 0
	}
	s.calls = append(s.calls, made)
	if s.quiet {
		return len(s.calls) - 1, nil
	}
	one := call{place: made.line, name: request.Name, method: request.Method, address: request.Url, body: request.Body}
	for _, header := range request.Headers {
		one.headers = append(one.headers, [2]string{header[0], header[1]})
	}
	for _, field := range request.Form {
		one.form = append(one.form, [2]string{field[0], field[1]})
	}
	for _, part := range request.Parts {
		one.parts = append(one.parts, harField{Name: part[0], Value: part[1], FileName: part[2], ContentType: part[3]})
	}
	step, err := s.addCall(one)
	if err != nil {
		s.notes.at(made.line, "%v; skipped", err)
	}
	made.step = step
	return len(s.calls) - 1, nil
}

func (s *script) status() int { return 200 }

func (s *script) sleep(seconds float64) {
	if seconds > 0 {
		s.pause += seconds
	}
}

func (s *script) note(text string) bool {
	if !s.quiet {
		s.notes.at(s.line(), "%s", text)
	}
	return false
}

// expect limits the statuses with which a request is completed.
func (s *script) expect(index int, statuses []int) {
	if index < 0 || index >= len(s.calls) {
		return
	}
	made := s.calls[index]
	if made.limit == nil {
		made.limit = statuses
		return
	}
	made.limit = slices.DeleteFunc(slices.Clone(made.limit), func(status int) bool { return !slices.Contains(statuses, status) })
}

// got returns a marked reference to a value of an answer.
func (s *script) got(index int, key string, how extraction) string {
	if index < 0 || index >= len(s.calls) || s.calls[index].step == nil {
		return ""
	}
	from := s.calls[index].step
	at := slices.IndexFunc(s.carried, func(c *carried) bool { return c.from == from && c.how == how })
	if at < 0 {
		made := &carried{name: s.gotName(held{key: key, noun: from.noun()}, &leaf{key: "value"}), from: from, how: how, sure: true}
		how.name = made.name
		from.extract = append(from.extract, how)
		s.carried = append(s.carried, made)
		at = len(s.carried) - 1
	}
	return mark("${got." + s.carried[at].name + "}")
}

func (s *script) gotJSON(index int, path []string) string {
	if len(path) == 0 {
		return s.gotBody(index)
	}
	words := make([]string, len(path))
	for i, word := range path {
		words[i] = inPathExpression.ReplaceAllString(word, `\$0`)
	}
	key := path[len(path)-1]
	if _, err := strconv.Atoi(key); err == nil && len(path) > 1 {
		key = path[len(path)-2]
	}
	return s.got(index, key, extraction{json: strings.Join(words, ".")})
}

func (s *script) gotHeader(index int, name string) string {
	return s.got(index, name, extraction{header: name})
}

func (s *script) gotCookie(index int, name string) string {
	return s.got(index, name, extraction{header: "Set-Cookie", regexp: `(?:^|[\s;,])` + regexp.QuoteMeta(name) + `=([^;]+)`})
}

// gotBody returns a reference to a whole answer.
func (s *script) gotBody(index int) string {
	return openMark + "body " + strconv.Itoa(index) + shutMark
}

var fieldName = regexp.MustCompile(`name=["']?([^"'\]]+)`)

// gotField returns a reference to an attribute of the element that a selector such as input[name=csrf] names.
func (s *script) gotField(index int, selector, attribute string) string {
	match := fieldName.FindStringSubmatch(selector)
	if match == nil || attribute == "text" {
		s.note("the element " + selector + " of a page has no name to find it by; its value is a variable")
		return s.given(word(selector))
	}
	return s.got(index, match[1], extraction{regexp: `name=["']?` + regexp.QuoteMeta(match[1]) + `["'\s][^>]*?\b` + regexp.QuoteMeta(attribute) + `=["']?([^"'\s>]+)`})
}

// env returns a reference to a variable of the environment. If the script has a text as its default, so has the
// reference; if it has another default, the variable is not set.
func (s *script) env(name string) string {
	match := regexp.MustCompile(`__ENV(?:\.|\[["'])` + regexp.QuoteMeta(name) + `(?:["']\])?\s*(?:\|\||\?\?)\s*(?:"([^"]*)"|'([^']*)'|` + "`([^`$]*)`" + `|(\S))`).FindStringSubmatch(s.text)
	switch {
	case match == nil || match[4] != "" && strings.ContainsAny(match[4], "_`("):
		return s.given(name)
	case match[4] != "":
		return ""
	case secretKey.MatchString(name):
		s.secretFor(name, match[1]+match[2]+match[3])
		return s.given(name)
	}
	return mark(s.variable(name, match[1]+match[2]+match[3]))
}

// data returns a reference to a value of a file that is not in the script.
func (s *script) data(name string, path []string) string {
	if len(path) > 0 {
		if _, err := strconv.Atoi(path[0]); err == nil { // the row
			path = path[1:]
		}
	}
	column := strings.Join(path, "_")
	if column == "content" {
		return openMark + "data " + name + shutMark
	}
	if !s.quiet {
		s.notes.at(s.line(), "the data %q is not in the script; ${var.%s} stands for it, and a feeder gives each person a row of their own", name, word(name+"_"+column))
	}
	return s.given(word(name + "_" + column))
}

// parsed says what a text that is to be parsed as JSON stands for.
func (s *script) parsed(text string) map[string]any {
	inside, is := strings.CutPrefix(text, openMark)
	inside = strings.TrimSuffix(inside, shutMark)
	if number, body := strings.CutPrefix(inside, "body "); is && body {
		index, err := strconv.Atoi(number)
		if err == nil {
			return map[string]any{"index": index}
		}
	}
	if name, data := strings.CutPrefix(inside, "data "); is && data {
		return map[string]any{"index": -1, "data": name}
	}
	return map[string]any{"index": -1}
}

// encode returns a text in base 64. A login with references in it is to be given as a whole.
func (s *script) encode(text string) string {
	if strings.Contains(text, openMark) {
		return mark(s.secret("basic_login"))
	}
	return base64.StdEncoding.EncodeToString([]byte(text))
}

// unknown stands for what a module holds that is not known.
func (s *script) unknown(module, name string) sobek.Value {
	s.notes.say("%s of the module %s is not known; what it returns is a variable", name, module)
	value, err := s.vm.RunString(fmt.Sprintf("__data(%q)", name))
	if err != nil {
		return sobek.Undefined()
	}
	return value
}

var wholeBody = regexp.MustCompile(openMark + `(?:body|data) [^` + shutMark + `]*` + shutMark)

// settle gives the steps their pauses and statuses. Low and high are pauses of the same script when chance was at
// its least and greatest.
func (s *script) settle(low, high []float64) {
	for _, made := range s.calls {
		if made.step == nil {
			continue
		}
		if made.pause >= 0 {
			made.step.think = between(s.sleeps, low, high, made.pause)
		}
		for _, status := range made.limit {
			if status >= 200 && status < 500 && status != 429 {
				made.step.completed = append(made.step.completed, status)
			}
		}
		slices.Sort(made.step.completed)
		made.step.completed = slices.Compact(made.step.completed)
		for _, leaf := range made.step.leaves() {
			if strings.Contains(leaf.template, "body ") || strings.Contains(leaf.template, "data ") {
				leaf.template = wholeBody.ReplaceAllString(leaf.template, s.variable("body", ""))
			}
		}
	}
	s.useCarried()
}

// between returns the distribution of a pause.
func between(middle, low, high []float64, at int) string {
	if len(low) != len(middle) || len(high) != len(middle) {
		return fmt.Sprintf("exponential(%v)", seconds(min(middle[at], maxPause.Seconds())))
	}
	from, to := seconds(min(low[at], maxPause.Seconds())), seconds(min(high[at], maxPause.Seconds()))
	if from >= to {
		return max(from, 100*time.Millisecond).String()
	}
	return fmt.Sprintf("uniform(%v, %v)", from, to)
}

// useCarried notes which steps send which values of answers, and drops extractions that no step sends.
func (d *draft) useCarried() {
	for _, value := range d.carried {
		value.into = nil
		for _, step := range d.steps {
			if slices.ContainsFunc(step.leaves(), func(l *leaf) bool { return strings.Contains(l.template, "${got."+value.name+"}") }) {
				value.into = append(value.into, step)
			}
		}
		if len(value.into) == 0 {
			value.from.extract = slices.DeleteFunc(value.from.extract, func(e extraction) bool { return e.name == value.name })
		}
	}
	d.carried = slices.DeleteFunc(d.carried, func(c *carried) bool { return len(c.into) == 0 })
}
