package draft

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// jsonNames are the keys under which servers write what a field means, in the order in which they are tried:
// nginx by its own names, Caddy, Traefik, and the Elastic Common Schema. They are compared without case.
var jsonNames = map[string][]string{
	"time":      {"time_iso8601", "time_local", "starutc", "startutc", "startlocal", "ts", "@timestamp", "timestamp", "time", "msec", "date", "datetime", "start_time"},
	"client":    {"request.client_ip", "request.remote_ip", "request.remote_addr", "clienthost", "clientaddr", "remote_addr", "remote_ip", "client_ip", "client", "client.ip", "client.address", "source.ip", "ip", "remote"},
	"forwarded": {"http_x_forwarded_for", "x_forwarded_for", "xff"},
	"agent":     {"request.headers.user-agent", "request_user-agent", "http_user_agent", "user_agent.original", "user_agent", "agent", "useragent"},
	"method":    {"request.method", "requestmethod", "request_method", "http.request.method", "method", "verb"},
	"path":      {"request.uri", "requestpath", "request_uri", "url.original", "uri", "path", "url.path", "url", "request_path", "target"},
	"query":     {"args", "query_string", "query", "url.query"},
	"request":   {"request", "request_line", "requestline"},
	"status":    {"status", "downstreamstatus", "originstatus", "http.response.status_code", "status_code", "response_status", "code", "response.status"},
	"took":      {"duration", "request_time", "elapsed", "response_time", "latency"},
	"took_ms":   {"duration_ms", "latency_ms", "elapsed_ms", "response_time_ms", "took_ms", "time_taken_ms"},
	"took_us":   {"duration_us", "latency_us"},
	"took_ns":   {"event.duration", "duration_ns"},
	"host":      {"request.host", "requesthost", "host", "http_host", "server_name", "vhost"},
}

// readJSONLine reads a line that is an object of JSON.
func readJSONLine(line string) (request, bool, error) {
	at := strings.IndexByte(line, '{') // some collectors write a prefix
	if at < 0 || at > 100 {
		return request{}, false, errors.New("it is no object of JSON")
	}
	var object map[string]any
	decoder := json.NewDecoder(strings.NewReader(line[at:]))
	decoder.UseNumber()
	if err := decoder.Decode(&object); err != nil {
		return request{}, false, fmt.Errorf("it is no object of JSON: %w", err)
	}
	flat := map[string]string{}
	flatten(object, "", flat, 0)
	read := fields{}
	for field, names := range jsonNames {
		for _, name := range names {
			if value := flat[name]; value != "" && value != "-" {
				read[field] = value
				break
			}
		}
	}
	if _, traefik := flat["requestmethod"]; traefik { // it counts in nanoseconds
		read["took_ns"] = read["took"]
		delete(read, "took")
	}
	if read["query"] != "" && !strings.Contains(read["path"], "?") && read["path"] != "" {
		read["path"] += "?" + strings.TrimPrefix(read["query"], "?")
	}
	if read["method"] == "" && read["request"] == "" {
		return request{}, false, nil // another kind of message in the same log
	}
	return read.request()
}

// flatten writes the values of an object under their keys, joined by dots, in lower case.
func flatten(value any, path string, flat map[string]string, depth int) {
	switch value := value.(type) {
	case map[string]any:
		if depth > 8 {
			return
		}
		for key, item := range value {
			flatten(item, strings.TrimPrefix(path+"."+strings.ToLower(key), "."), flat, depth+1)
		}
	case []any:
		if len(value) > 0 {
			flatten(value[0], path, flat, depth+1)
		}
	case nil:
	default:
		flat[path] = fmt.Sprint(value)
	}
}

// splitQuoted splits a line at spaces outside quotes.
func splitQuoted(line string) []string {
	var words []string
	for line = strings.TrimLeft(line, " "); line != ""; line = strings.TrimLeft(line, " ") {
		if line[0] != '"' {
			word, rest, _ := strings.Cut(line, " ")
			words, line = append(words, word), rest
			continue
		}
		end := 1
		for end < len(line) && line[end] != '"' {
			if line[end] == '\\' {
				end++
			}
			end++
		}
		end = min(end, len(line))
		words = append(words, line[1:end])
		line = line[min(end+1, len(line)):]
	}
	return words
}

// readBalancerLine reads a line of an AWS Application (application) or Classic Load Balancer.
func readBalancerLine(line string, application bool) (request, bool, error) {
	words := splitQuoted(line)
	if application {
		switch {
		case len(words) < 14:
			return request{}, false, errors.New("it has too few fields for a load balancer's log")
		case words[0] == "ws" || words[0] == "wss":
			return request{}, false, nil
		}
		words = words[1:]
	}
	if len(words) < 12 {
		return request{}, false, errors.New("it has too few fields for a load balancer's log")
	}
	client, _, _ := strings.Cut(words[2], ":")
	if at := strings.LastIndexByte(words[2], ':'); strings.Count(words[2], ":") > 1 {
		client = words[2][:at]
	}
	read := fields{"time": words[0], "client": client, "took": words[5], "status": words[7], "request": words[11]}
	if len(words) > 12 {
		read["agent"] = words[12]
	}
	if read["status"] == "-" {
		read["status"] = ""
	}
	return read.request()
}

// w3c reads the extended log format of the W3C, whose lines are described by a comment. IIS and CloudFront
// write it.
type w3c struct{ names []string }

func (w *w3c) read(line string) (request, bool, error) {
	if strings.HasPrefix(line, "#") {
		if names, is := strings.CutPrefix(line, "#Fields:"); is {
			w.names = strings.Fields(names)
		}
		return request{}, false, nil
	}
	words := strings.Fields(line)
	if strings.Contains(line, "\t") {
		words = strings.Split(line, "\t")
	}
	if len(w.names) == 0 || len(words) < len(w.names) {
		return request{}, false, errors.New("it does not have the fields that a #Fields: line before it names")
	}
	row := map[string]string{}
	for i, name := range w.names {
		if words[i] != "-" {
			row[strings.ToLower(name)] = words[i]
		}
	}
	read := fields{
		"time": first(row["date"]+" "+row["time"], ""), "client": first(row["x-forwarded-for"], row["c-ip"]), "method": row["cs-method"],
		"path_only": row["cs-uri-stem"], "query": row["cs-uri-query"], "status": row["sc-status"], "host": first(row["x-host-header"], row["cs-host"], row["cs(host)"]),
		"took_ms": row["time-taken"],
	}
	if strings.Contains(row["time-taken"], ".") { // CloudFront counts in seconds
		read["took"] = read["took_ms"]
		delete(read, "took_ms")
	}
	if agent, err := url.QueryUnescape(row["cs(user-agent)"]); err == nil {
		read["agent"] = agent
	}
	if read["path_only"] == "" && row["cs-uri"] != "" {
		read["path"] = row["cs-uri"]
	}
	return read.request()
}
