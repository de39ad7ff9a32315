package draft

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// fields are the values of one line by what they mean: time, client, method, path, query, request, status,
// took, took_ms, took_us, host, scheme, agent.
type fields map[string]string

// nginxFields and apacheFields say what the variables of a format mean. Others are skipped.
var (
	nginxFields = map[string]string{
		"time_local": "time", "time_iso8601": "time", "msec": "time", "remote_addr": "client", "http_x_forwarded_for": "forwarded",
		"request": "request", "request_method": "method", "request_uri": "path", "uri": "path_only", "args": "query", "query_string": "query",
		"status": "status", "request_time": "took", "host": "host", "http_host": "host", "server_name": "host", "scheme": "scheme", "http_user_agent": "agent",
	}
	apacheFields = map[string]string{
		"h": "client", "a": "client", "t": "time", "r": "request", "s": "status", "m": "method", "U": "path_only", "q": "query",
		"D": "took_us", "T": "took", "v": "host", "V": "host",
	}
	apacheHeaders = map[string]string{"user-agent": "agent", "host": "host", "x-forwarded-for": "forwarded"}
)

var variable = regexp.MustCompile(`\$\{?([a-z][a-z0-9_]*)\}?|%(?:[!,0-9]*)[<>]?(?:\{([^}]*)\})?([a-zA-Z]|\^t[io])|%%`)

// compileFormat makes a reader of a log_format of nginx or a LogFormat of Apache.
func compileFormat(format string) (lineReader, error) {
	format = strings.TrimSpace(strings.ReplaceAll(strings.ReplaceAll(format, `\"`, `"`), `\t`, "\t"))
	places := variable.FindAllStringSubmatchIndex(format, -1)
	var pattern strings.Builder
	var names []string
	at := 0
	pattern.WriteString("^")
	for _, place := range places {
		before := format[at:place[0]]
		pattern.WriteString(literal(before))
		at = place[1]
		word := func(n int) string {
			if place[2*n] < 0 {
				return ""
			}
			return format[place[2*n]:place[2*n+1]]
		}
		name := meaning(word(1), word(2), word(3))
		quoted := strings.HasSuffix(before, `"`) && strings.HasPrefix(format[at:], `"`)
		if name == "time" && word(3) == "t" && !quoted { // Apache writes the brackets itself
			pattern.WriteString(`(\[[^\]]*\])`)
		} else {
			pattern.WriteString(valuePattern(name, quoted, strings.HasSuffix(before, "[")))
		}
		names = append(names, name)
	}
	pattern.WriteString(literal(format[at:]) + `(?:\s.*)?$`)
	if len(names) == 0 {
		return nil, errors.New("it has no variables; give a log_format of nginx such as '$remote_addr [$time_local] \"$request\" $status', or a LogFormat of Apache such as '%h %t \"%r\" %>s'")
	}
	compiled, err := regexp.Compile(pattern.String())
	if err != nil {
		return nil, err
	}
	return func(line string) (request, bool, error) {
		match := compiled.FindStringSubmatch(line)
		if match == nil {
			return request{}, false, errors.New("it does not have the form of the format")
		}
		read := fields{}
		for i, name := range names {
			if value := match[i+1]; name != "" && value != "-" && (read[name] == "" || name != "client") {
				read[name] = value
			}
		}
		return read.request()
	}, nil
}

// literal returns a pattern for the text between two variables; any white space stands for any other.
func literal(text string) string {
	words := regexp.MustCompile(`\s+`).Split(text, -1)
	for i, word := range words {
		words[i] = regexp.QuoteMeta(word)
	}
	return strings.Join(words, `\s+`)
}

// meaning returns what a variable of nginx (name), or of Apache (letter, with what stands in its braces), means.
func meaning(name, braces, letter string) string {
	switch {
	case name != "":
		return nginxFields[name]
	case letter == "i":
		return apacheHeaders[strings.ToLower(braces)]
	case letter == "t" && braces != "" && !strings.HasPrefix(braces, "sec") && !strings.HasPrefix(braces, "msec") && !strings.HasPrefix(braces, "usec"):
		return "" // a form of time of its own
	case letter == "T" && braces == "ms":
		return "took_ms"
	case letter == "T" && braces == "us":
		return "took_us"
	}
	return apacheFields[letter]
}

// valuePattern returns a pattern for the value of a variable.
func valuePattern(name string, quoted, bracketed bool) string {
	switch {
	case name == "time" && !bracketed && !quoted:
		return `(\[[^\]]*\]|\S+)`
	case name == "time":
		return `([^\]"]*)`
	case quoted:
		return `((?:[^"\\]|\\.)*)`
	case name == "client" || name == "host":
		return `(\S*?)`
	case name == "status":
		return `(\d{3}|-|0)`
	}
	return `(.*?)`
}

// request turns the fields of a line into a request.
func (f fields) request() (request, bool, error) {
	at, err := anyTime(strings.Trim(f["time"], "[]"))
	if err != nil {
		return request{}, false, fmt.Errorf("it has no time that can be read (%q)", f["time"])
	}
	read := request{at: at, client: first(f["forwarded"], f["client"]), agent: f["agent"], host: f["host"], method: strings.ToUpper(f["method"]), path: f["path"]}
	read.client, _, _ = strings.Cut(read.client, ",")
	if read.path == "" && f["path_only"] != "" {
		read.path = f["path_only"]
		if query := strings.TrimPrefix(f["query"], "?"); query != "" {
			read.path += "?" + query
		}
	}
	if line := unescape(f["request"]); line != "" && (read.method == "" || read.path == "") {
		method, rest, spaced := strings.Cut(line, " ")
		if !spaced { // the client did not speak HTTP, and the server logs what it sent
			method, rest = "", line
		}
		if end := strings.LastIndex(rest, " HTTP/"); end >= 0 {
			rest = rest[:end]
		}
		read.method, read.path = method, rest
	}
	if begin := strings.Index(read.path, "://"); begin > 0 && begin < 8 { // an absolute address
		rest := read.path[begin+3:]
		slash := strings.IndexAny(rest, "/?")
		if slash < 0 {
			slash = len(rest)
		}
		read.host = first(read.host, read.path[:begin+3]+rest[:slash])
		read.path = "/" + strings.TrimPrefix(rest[slash:], "/")
	}
	read.status, err = strconv.Atoi(f["status"])
	if err != nil && f["status"] != "" || read.status < 0 || read.status > 999 {
		return request{}, false, fmt.Errorf("its status %q is no number", f["status"])
	}
	read.took = f.took()
	return read, true, nil
}

// took returns how long the request took, or 0.
func (f fields) took() time.Duration {
	for _, unit := range []struct {
		name string
		unit time.Duration
	}{{"took", time.Second}, {"took_ms", time.Millisecond}, {"took_us", time.Microsecond}, {"took_ns", time.Nanosecond}} {
		text := strings.TrimSuffix(f[unit.name], "s")
		if number, err := strconv.ParseFloat(text, 64); err == nil && number > 0 && number*float64(unit.unit) < float64(24*time.Hour) {
			return time.Duration(number * float64(unit.unit))
		}
		if took, err := time.ParseDuration(f[unit.name]); err == nil && took > 0 {
			return took
		}
	}
	return 0
}

// unescape undoes the escapes that servers put into quoted fields.
func unescape(text string) string {
	if !strings.Contains(text, `\`) {
		return text
	}
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' || i+1 == len(text) {
			out.WriteByte(text[i])
			continue
		}
		i++
		if text[i] == 'x' && i+2 < len(text) {
			if code, err := strconv.ParseUint(text[i+1:i+3], 16, 8); err == nil {
				out.WriteByte(byte(code))
				i += 2
				continue
			}
		}
		out.WriteByte(text[i])
	}
	return out.String()
}

// first returns the first text that is not empty.
func first(texts ...string) string {
	for _, text := range texts {
		if text != "" && text != "-" {
			return text
		}
	}
	return ""
}
