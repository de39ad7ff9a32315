package draft

import (
	"encoding/json"
	"strings"

	"github.com/grafana/sobek"
)

// pmTools is what scripts of a collection find.
const pmTools = `(function (host, index) {
  const keep = { set: (name, value) => host.keep(String(name), value === undefined || value === null ? "" : String(value)), get: (name) => host.value(String(name)), has: () => true, unset() {}, clear() {}, replaceIn: (t) => host.fillIn(String(t)), toObject: () => ({}) };
  const answer = __answer(index, 200);
  const code = Object.assign(new Number(200), { __code: index });
  const chained = __chain({ __code: index });
  const response = { json: () => answer.json(), text: () => answer.body, code: 200, status: "OK", headers: { get: (n) => answer.headers[n], has: () => true }, responseTime: 1, responseSize: 1, cookies: { get: (n) => host.cookie(index, n) }, to: chained };
  Object.defineProperty(response, "code", { get: () => (response.__raw ? 200 : code) });
  globalThis.pm = { response, environment: keep, variables: keep, collectionVariables: keep, globals: keep, iterationData: keep, test: (n, f) => { try { f && f(); } catch (e) {} }, expect: __chain,
    request: { headers: { add() {}, upsert() {} }, url: { query: { add() {} } } }, cookies: { get: (n) => host.cookie(index, n) }, info: {}, sendRequest() { host.note("a script sends a request of its own; left out"); }, execution: { setNextRequest() { host.note("the order of requests is changed by a script; the steps keep that of the collection"); } } };
  globalThis.postman = { setEnvironmentVariable: keep.set, setGlobalVariable: keep.set, getEnvironmentVariable: keep.get, getResponseHeader: (n) => answer.headers[n], setNextRequest: pm.execution.setNextRequest };
  globalThis.responseBody = answer.body; globalThis.responseCode = { code: 200 }; globalThis.tests = {}; globalThis.environment = {}; globalThis.globals = {};
  globalThis.require = () => __chain({}); globalThis.xml2Json = () => answer.json(); globalThis.CryptoJS = __chain({}); globalThis._ = __chain({});
})`

// event runs the test of the last request for the values that it keeps and the statuses that it expects.
func (p *postman) event(event postmanEvent) {
	source := scriptText(event.Script.Exec)
	if strings.TrimSpace(source) == "" {
		return
	}
	if event.Listen == "prerequest" {
		p.notes.at(p.place, "its script before the request is left out")
		return
	}
	host, is := p.vm.Get("__host").Export().(map[string]any)
	if !is {
		return
	}
	host["keep"] = func(name, value string) { p.keep(name, value) }
	host["value"] = func(name string) string { return p.fill("{{" + name + "}}") }
	host["fillIn"] = p.fill
	err := p.guard(func() error {
		made, err := p.vm.RunString(pmTools)
		if err != nil {
			return err
		}
		run, _ := sobek.AssertFunction(made)
		if _, err := run(sobek.Undefined(), p.vm.ToValue(host), p.vm.ToValue(len(p.calls)-1)); err != nil {
			return err
		}
		_, err = p.vm.RunScript("test", "(function () {"+source+"\n})()")
		return err
	})
	if err != nil {
		p.notes.at(p.place, "its test ends early (%s); what it did before is used", firstLine(err))
	}
}

// keep remembers a value that a script sets for later requests.
func (p *postman) keep(name, value string) {
	if !strings.Contains(value, openMark) && secretKey.MatchString(name) {
		value = mark(p.secretFor(name, value))
	}
	p.values[name] = value
}

// scriptText returns the text of a script, which is a list of lines or one text.
func scriptText(raw json.RawMessage) string {
	var lines []string
	if json.Unmarshal(raw, &lines) == nil {
		return strings.Join(lines, "\n")
	}
	var text string
	_ = json.Unmarshal(raw, &text) // empty if it is neither
	return text
}
