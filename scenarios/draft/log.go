package draft

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"
)

// request is one line of a log.
type request struct {
	at      time.Time
	took    time.Duration // 0 if it is not known
	client  string        // who sent it, as far as the log tells
	agent   string
	host    string // with the scheme if the log tells it
	method  string
	path    string // path and query
	status  int
	kind    *kind
	session *session
}

// LogFormats are the names of the formats of logs.
func LogFormats() []string { return []string{"combined", "common", "json", "alb", "elb", "w3c"} }

// lineReader reads one line. It returns false without a fault for a line that is no request, such as a comment.
type lineReader func(line string) (request, bool, error)

// readLog makes steps of the kinds of requests in a log, and shares of the people who go from one to another.
func (d *draft) readLog(text []byte) error {
	d.source, d.notes.unit, d.notes.units = "an access log", "line", "lines"
	lines := splitLines(text)
	read, name, err := d.lineReader(lines)
	if err != nil {
		return err
	}
	var requests []*request
	unreadable, other, first := 0, 0, 0
	var why error
	for i, line := range lines {
		if strings.TrimSpace(line) == "" {
			continue
		}
		one, is, err := read(line)
		switch {
		case err != nil:
			if unreadable++; first == 0 {
				first, why = i+1, err
			}
		case is && isMethod(one.method) && strings.HasPrefix(one.path, "/"):
			requests = append(requests, &one)
		case is:
			other++
		}
	}
	if unreadable > 0 {
		d.notes.say("%d of %d lines cannot be read, the first is line %d (%v); left out", unreadable, len(lines), first, why)
	}
	if other > 0 {
		d.notes.say("%s without a request for a path (CONNECT, or what is not HTTP); left out", count(other, "line"))
	}
	if len(requests) == 0 {
		if why != nil {
			return fmt.Errorf("line %d: %w", first, why)
		}
		return errors.New("it holds no request")
	}
	d.notes.say("%s read, in the format %s", count(len(requests), "request"), name)
	return d.walkLog(requests)
}

// splitLines returns the lines of a text without their ends.
func splitLines(text []byte) []string {
	text = bytes.TrimRight(text, "\r\n")
	lines := strings.Split(string(text), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimSuffix(line, "\r")
	}
	return lines
}

// lineReader returns the reader of the format that is asked for, or of the one that reads most of the first
// lines.
func (d *draft) lineReader(lines []string) (lineReader, string, error) {
	if format := d.options.Format; format != "" {
		if read := namedReader(format); read != nil {
			return read, format, nil
		}
		read, err := compileFormat(format)
		if err != nil {
			return nil, "", fmt.Errorf("the format %q: %w", format, err)
		}
		return read, "given", nil
	}
	const tried = 200
	sample := lines[:min(len(lines), tried)]
	best, bestName := 0, "combined"
	for _, name := range append([]string{"vhost"}, LogFormats()...) {
		read, n := namedReader(name), 0
		for _, line := range sample {
			if _, is, err := read(line); is && err == nil {
				n++
			}
		}
		if n > best {
			best, bestName = n, name
		}
	}
	return namedReader(bestName), bestName, nil
}

// namedReader returns a new reader of a format by its name, or nil.
func namedReader(name string) lineReader {
	switch name {
	case "common", "combined", "vhost":
		read, err := compileFormat(map[string]string{
			"common":   `%h %l %u %t "%r" %>s %b`,
			"combined": `%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i"`,
			"vhost":    `%v:%p %h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i"`,
		}[name])
		if err != nil {
			panic(err) // the formats are constant and valid
		}
		return read
	case "json":
		return readJSONLine
	case "alb", "elb":
		return func(line string) (request, bool, error) { return readBalancerLine(line, name == "alb") }
	case "w3c":
		return new(w3c).read
	}
	return nil
}
