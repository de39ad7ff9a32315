// What scripts of k6 and Postman find in place of their tools. Requests are noted by __host and not sent; what
// an answer would hold is a reference to it.
(function (host) {
  "use strict";
  const text = (value) => (value === undefined || value === null ? "" : String(value));

  // reference stands for a value of an answer. make turns the path to it into a marked text.
  function reference(path, make) {
    const target = function () {};
    const answer = () => make(path);
    const step = (key) => reference(path.concat([key]), make);
    return new Proxy(target, {
      get(_, key) {
        if (typeof key === "symbol") {
          if (key === Symbol.iterator) return function* () { yield step("0"); };
          if (key === Symbol.toPrimitive) return answer;
          return undefined;
        }
        switch (key) {
          case "toString": case "valueOf": case "toJSON": case "trim": case "toLowerCase": case "toUpperCase": case "toFixed": return answer;
          case "length": return 1;
          case "map": case "flatMap": return (f) => [f(step("0"), 0)];
          case "forEach": return (f) => { f(step("0"), 0); };
          case "filter": case "slice": case "sort": case "reverse": return () => reference(path, make);
          case "find": case "at": case "pop": case "shift": return () => step("0");
          case "some": case "every": case "includes": case "hasOwnProperty": case "startsWith": return () => true;
          case "indexOf": case "findIndex": return () => 0;
          case "then": return undefined;
        }
        return step(key);
      },
      has: () => true,
    });
  }

  function pathOf(selector) {
    return text(selector).replace(/^\$\.?/, "").replace(/\[(\d+)\]/g, ".$1").split(".").filter((part) => part !== "");
  }

  // answerOf stands for the answer to a request.
  function answerOf(index, status) {
    const json = (selector) => reference(selector === undefined ? [] : pathOf(selector), (path) => host.json(index, path));
    const headers = new Proxy({}, { get: (_, key) => (typeof key === "symbol" ? undefined : host.header(index, key)) });
    const cookies = new Proxy({}, { get: (_, key) => (typeof key === "symbol" ? undefined : [{ value: host.cookie(index, key) }]) });
    const field = (name) => ({ attr: (a) => host.field(index, name, a), val: () => host.field(index, name, "value"), text: () => host.field(index, name, "text"), first: () => field(name), get: () => field(name), find: (n) => field(n), size: () => 1, length: 1 });
    return {
      status: status, status_text: "", error: "", error_code: 0, url: "", headers: headers, cookies: cookies, json: json,
      body: host.body(index), html: () => ({ find: (name) => field(name), text: () => host.body(index), children: () => field("html") }), timings: { duration: 1, waiting: 1 },
      submitForm: (params) => host.note("a form is submitted from a page; left out") || answerOf(index, status), clickLink: () => host.note("a link is followed from a page; left out") || answerOf(index, status),
      __index: index,
    };
  }

  const isFile = (value) => value !== null && typeof value === "object" && value.__file === true;

  function send(method, url, body, params) {
    params = params || {};
    const call = { method: text(method), url: url && url.__url ? url.__url : text(url), name: "", headers: [], form: [], parts: [], body: "" };
    for (const key of Object.keys(params.headers || {})) call.headers.push([key, text(params.headers[key])]);
    for (const key of Object.keys(params.cookies || {})) {
      const cookie = params.cookies[key];
      call.headers.push(["Cookie", key + "=" + text(cookie && typeof cookie === "object" && "value" in cookie ? cookie.value : cookie)]);
    }
    if (params.tags && params.tags.name) call.name = text(params.tags.name);
    if (body !== undefined && body !== null) {
      if (typeof body !== "object" && typeof body !== "function") call.body = text(body);
      else if (typeof body === "function" || body instanceof ArrayBuffer) call.body = text(body);
      else {
        const keys = Object.keys(body), many = keys.some((key) => isFile(body[key]));
        for (const key of keys) {
          const value = body[key];
          if (many) call.parts.push(isFile(value) ? [key, text(value.data), value.filename || "file", value.type || ""] : [key, text(value), "", ""]);
          else if (Array.isArray(value)) value.forEach((one) => call.form.push([key, text(one)]));
          else call.form.push([key, text(value)]);
        }
      }
    }
    return answerOf(host.call(call), host.status());
  }

  const http = {
    get: (url, params) => send("GET", url, null, params), head: (url, params) => send("HEAD", url, null, params),
    post: (url, body, params) => send("POST", url, body, params), put: (url, body, params) => send("PUT", url, body, params),
    patch: (url, body, params) => send("PATCH", url, body, params), del: (url, body, params) => send("DELETE", url, body, params),
    options: (url, body, params) => send("OPTIONS", url, body, params), request: send, asyncRequest: send,
    file: (data, filename, type) => ({ __file: true, data: data, filename: filename, type: type }),
    url: (parts, ...values) => ({ __url: parts.reduce((all, part, i) => all + part + (i < values.length ? text(values[i]) : ""), ""), toString() { return this.__url; } }),
    cookieJar: () => ({ set() {}, cookiesForURL: () => ({}), clear() {}, delete() {} }), CookieJar: function () {}, setResponseCallback() {}, expectedStatuses: (...all) => all,
    batch(requests) {
      const one = (r) => (typeof r === "string" ? send("GET", r) : Array.isArray(r) ? send(r[0], r[1], r[2], r[3]) : send(r.method || "GET", r.url, r.body, r.params));
      if (Array.isArray(requests)) return requests.map(one);
      const answers = {};
      for (const key of Object.keys(requests)) answers[key] = one(requests[key]);
      return answers;
    },
  };
  http.delete = http.del;

  // tryStatuses finds the statuses for which a condition on an answer holds.
  const candidates = [200, 201, 202, 203, 204, 206, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 409, 410, 422, 429, 500, 502, 503];
  function check(answer, conditions) {
    for (const name of Object.keys(conditions || {})) {
      const condition = conditions[name];
      if (typeof condition !== "function" || !answer || answer.__index === undefined) { host.note("the check " + JSON.stringify(name) + " is left out"); continue; }
      const holds = candidates.filter((status) => { try { return condition(answerOf(answer.__index, status)) === true; } catch (e) { return false; } });
      if (holds.length > 0 && holds.length < candidates.length) host.expect(answer.__index, holds);
      else host.note("the check " + JSON.stringify(name) + " is left out, because it is not about the status");
    }
    return true;
  }

  const nothing = () => {};
  const metric = function () { this.add = nothing; };
  const rows = (name) => reference([], (path) => host.data(name, path));
  const between = (from, to) => Math.floor(Math.random() * (to - from + 1) + from);
  const item = (list) => (Array.isArray(list) ? list[Math.floor(Math.random() * list.length)] : list[0]);
  const uuid = () => host.key();
  const modules = {
    "k6/http": Object.assign({ default: http }, http),
    "k6": { default: {}, check, sleep: (seconds) => host.sleep(Number(seconds) || 0), group: (name, f) => f(), fail(message) { throw new Error(message); }, randomSeed: nothing },
    "k6/data": { SharedArray: function (name) { return rows(name); } },
    "k6/metrics": { Counter: metric, Gauge: metric, Rate: metric, Trend: metric },
    "k6/encoding": { default: { b64encode: (v) => host.encode(text(v)), b64decode: text }, b64encode: (v) => host.encode(text(v)), b64decode: text },
    "k6/execution": { default: { vu: { idInTest: 1, iterationInInstance: 0, iterationInScenario: 0, tags: {}, metrics: { tags: {} } }, scenario: { iterationInTest: 0, iterationInInstance: 0, name: "" }, instance: {}, test: { abort: nothing, options: {} } } },
    "k6/html": { parseHTML: () => answerOf(0, 200).html() },
  };
  const library = {
    randomIntBetween: between, randomItem: item, uuidv4: uuid, randomString: () => host.key(), findBetween: (content, left) => text(content), tagWithCurrentStageIndex: nothing,
    check, describe: (name, f) => f(), expect: chain, htmlReport: nothing, textSummary: nothing,
    URL: function (path, base) { this.href = text(base) + text(path); this.toString = () => this.href; this.searchParams = { append: (k, v) => { this.href += (this.href.includes("?") ? "&" : "?") + k + "=" + text(v); } }; },
    URLSearchParams: function (init) { const all = Array.isArray(init) ? init : Object.entries(init || {}); this.append = (k, v) => all.push([k, v]); this.toString = () => all.map((p) => encodeURIComponent(p[0]) + "=" + encodeURIComponent(text(p[1]))).join("&"); },
    FormData: function () { const all = {}; this.append = (k, v) => { all[k] = v; }; this.body = () => all; this.boundary = "x"; },
  };
  function chain(value) {
    const noted = (...wanted) => { if (value && value.__code !== undefined) host.expect(value.__code, [].concat(...wanted).filter(Number.isInteger)); return self; };
    const self = new Proxy(function () {}, {
      get: (_, key) => (["equal", "eql", "oneOf", "equals", "status"].includes(key) ? noted : self), apply: () => self,
    });
    return self;
  }

  globalThis.__module = (specifier, name) => {
    const known = modules[specifier] || {};
    if (name in known) return known[name];
    if (name in library) return library[name];
    if (name === "default" && Object.keys(known).length) return known;
    if (name === "*") return Object.keys(known).length ? known : library;
    return host.unknown(specifier, name);
  };
  globalThis.__ENV = new Proxy({}, { get: (_, key) => (typeof key === "symbol" ? undefined : host.env(key) || undefined), has: () => true });
  globalThis.__VU = 1; globalThis.__ITER = 0;
  globalThis.open = (name) => host.data(name, ["content"]);
  globalThis.console = { log: nothing, info: nothing, warn: nothing, error: nothing, debug: nothing };
  globalThis.__data = (name) => rows(name);
  globalThis.__answer = answerOf;
  globalThis.__chain = chain;
  const parse = JSON.parse;
  JSON.parse = (value, revive) => {
    const found = host.parsed(text(value));
    if (found.index >= 0) return reference([], (path) => host.json(found.index, path));
    if (found.data) return rows(found.data);
    return parse(value, revive);
  };
})(__host);
