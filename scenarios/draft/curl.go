package draft

import (
	"encoding/base64"
	"net/url"
	"slices"
	"strings"
)

// readCurl makes a step of every curl command of a shell script.
func (d *draft) readCurl(text []byte) error {
	d.source, d.notes.unit, d.notes.units = "curl commands", "line", "lines"
	calls, err := d.shellCalls(string(text))
	if err != nil {
		return err
	}
	found := 0
	for _, words := range calls {
		if name := words.texts[0]; name != "curl" && !strings.HasSuffix(name, "/curl") && name != "curl.exe" {
			d.notes.at(words.line, "the command %s is not curl; skipped", unmarked(name))
			continue
		}
		found++
		for _, one := range d.curlCalls(words) {
			if _, err := d.addCall(one); err != nil {
				d.notes.at(words.line, "%v; skipped", err)
			}
		}
	}
	d.tally = func() string { return count(found, "curl command") + " became " + count(len(d.steps), "step") }
	return nil
}

// curlFlags are the flags of curl that take a value and change the request. Others with a value are in
// curlIgnored; the rest are switches.
var (
	curlFlags = map[string]string{
		"-X": "method", "--request": "method", "-H": "header", "--header": "header", "-d": "data", "--data": "data", "--data-ascii": "data",
		"--data-raw": "raw", "--data-binary": "binary", "--data-urlencode": "urlencode", "-F": "form", "--form": "form", "--form-string": "string",
		"-u": "user", "--user": "user", "-b": "cookie", "--cookie": "cookie", "--json": "json", "-A": "agent", "--user-agent": "agent",
		"-e": "referer", "--referer": "referer", "--url": "url", "--oauth2-bearer": "bearer", "-T": "upload", "--upload-file": "upload", "--url-query": "query",
	}
	curlIgnored = strings.Fields("-o --output -m --max-time --connect-timeout -w --write-out -x --proxy -c --cookie-jar --cacert --capath -E --cert --key --resolve --connect-to --retry --retry-delay --retry-max-time -K --config --interface -D --dump-header --limit-rate --max-redirs -r --range -C --continue-at -z --time-cond --ciphers --tls-max -U --proxy-user --stderr --trace --trace-ascii -t -y -Y --speed-limit --speed-time --parallel-max --rate --dns-servers --aws-sigv4 --proto --noproxy --unix-socket --output-dir --key-type --cert-type --pass -P -Q")
)

// curlCalls returns the requests of one command; --next and several URLs make several.
func (d *draft) curlCalls(words shellWords) []call {
	var all []call
	at := 1
	for at < len(words.texts) {
		end := len(words.texts)
		if i := slices.IndexFunc(words.texts[at:], func(s string) bool { return s == "--next" || s == "-:" }); i >= 0 {
			end = at + i
		}
		all = append(all, d.curlCall(words.line, words.texts[at:end])...)
		at = end + 1
	}
	return all
}

// curlRequest collects what the flags of a command say.
type curlRequest struct {
	call
	get, head bool
	json      bool
	data      []string
	addresses []string
	queries   []string
}

func (d *draft) curlCall(line int, words []string) []call {
	c := &curlRequest{call: call{place: line}}
	for len(words) > 0 {
		word := words[0]
		words = words[1:]
		flag, value, joined := word, "", false
		switch {
		case strings.HasPrefix(word, "--"):
			if name, after, is := strings.Cut(word, "="); is && (curlFlags[name] != "" || slices.Contains(curlIgnored, name)) {
				flag, value, joined = name, after, true
			}
		case strings.HasPrefix(word, "-") && len(word) > 1:
			flag, value, joined = c.short(word)
		default:
			c.addresses = append(c.addresses, word)
			continue
		}
		kind := curlFlags[flag]
		ignored := slices.Contains(curlIgnored, flag)
		if (kind != "" || ignored) && !joined {
			if len(words) == 0 {
				d.notes.at(line, "the flag %s has no value; left out", flag)
				continue
			}
			value, words = words[0], words[1:]
		}
		switch {
		case flag == "-G" || flag == "--get":
			c.get = true
		case flag == "-I" || flag == "--head":
			c.head = true
		case flag == "-k" || flag == "--insecure":
			d.notes.say("certificates were not checked (-k); for that, write connections: {tls: {insecure: true}}")
		case kind != "":
			d.curlFlag(c, kind, value)
		}
	}
	return d.curlRequests(c)
}

// short takes a word of short flags apart: -sSXPOST is -s, -S and -X POST.
func (c *curlRequest) short(word string) (flag, value string, joined bool) {
	for i := 1; i < len(word); i++ {
		flag = "-" + word[i:i+1]
		if curlFlags[flag] != "" || slices.Contains(curlIgnored, flag) {
			return flag, word[i+1:], i+1 < len(word)
		}
		c.get = c.get || flag == "-G"
		c.head = c.head || flag == "-I"
	}
	return flag, "", false
}

func (d *draft) curlFlag(c *curlRequest, kind, value string) {
	file := func(what string) bool {
		if strings.HasPrefix(value, "@") {
			d.notes.at(c.place, "%s is read from the file %s, which is not in the command; the step sends a text in its place", what, unmarked(value[1:]))
			c.data = append(c.data, "content")
			return true
		}
		return false
	}
	switch kind {
	case "method":
		c.method = value
	case "header":
		name, text, _ := strings.Cut(value, ":")
		c.headers = append(c.headers, [2]string{strings.TrimSpace(name), strings.TrimSpace(text)})
	case "data", "binary":
		if !file("the body") {
			c.data = append(c.data, value)
		}
	case "raw":
		c.data = append(c.data, value)
	case "json":
		c.json = true
		if !file("the body") {
			c.data = append(c.data, value)
		}
	case "urlencode":
		d.curlEncoded(c, value)
	case "query":
		name, text, _ := strings.Cut(value, "=")
		c.queries = append(c.queries, name+"="+escapeMarked(text))
	case "form", "string":
		c.parts = append(c.parts, formPart(value, kind == "form"))
	case "user":
		name, password, _ := strings.Cut(value, ":")
		c.headers = append(c.headers, basicLogin(name, password))
	case "bearer":
		c.headers = append(c.headers, [2]string{"Authorization", "Bearer " + value})
	case "cookie":
		if strings.Contains(value, "=") {
			c.headers = append(c.headers, [2]string{"Cookie", value})
		} else {
			d.cookies = true // a file of cookies
			d.notes.at(c.place, "cookies are read from the file %s, which is not in the command; people keep those that they are given", unmarked(value))
		}
	case "referer":
		c.headers = append(c.headers, [2]string{"Referer", value})
	case "url":
		c.addresses = append(c.addresses, value)
	case "upload":
		c.method = first(c.method, "PUT")
		c.data = append(c.data, "content")
		d.notes.at(c.place, "the body is the file %s, which is not in the command; the step sends a text in its place", unmarked(value))
	}
}

// curlEncoded adds data that curl escapes: text, name=text, or name@file.
func (d *draft) curlEncoded(c *curlRequest, value string) {
	name, text, named := strings.Cut(value, "=")
	switch {
	case !named && strings.Contains(value, "@"):
		c.data = append(c.data, url.QueryEscape(strings.SplitN(value, "@", 2)[0])+"=content")
		d.notes.at(c.place, "a field is read from a file, which is not in the command; the step sends a text in its place")
	case !named || name == "":
		c.data = append(c.data, escapeMarked(strings.TrimPrefix(value, "=")))
	default:
		c.data = append(c.data, name+"="+escapeMarked(text))
	}
}

// basicLogin returns the header of a login. With references in it, the whole header is to be given.
func basicLogin(name, password string) [2]string {
	if strings.Contains(name+password, openMark) {
		return [2]string{"Authorization", "Basic " + mark("${var.basic_login}")}
	}
	return [2]string{"Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte(name+":"+password))}
}

// escapeMarked escapes a value for a form; references are escaped when they are filled in.
func escapeMarked(text string) string {
	var out strings.Builder
	for rest := text; rest != ""; {
		before, after, found := strings.Cut(rest, openMark)
		out.WriteString(url.QueryEscape(before))
		if !found {
			break
		}
		reference, after, _ := strings.Cut(after, shutMark)
		out.WriteString(mark(reference))
		rest = after
	}
	return out.String()
}

// formPart reads a part such as name=value or name=@file;type=image/png.
func formPart(text string, files bool) harField {
	name, value, _ := strings.Cut(text, "=")
	part := harField{Name: name, Value: value}
	if !files {
		return part
	}
	value, options, _ := strings.Cut(value, ";")
	part.Value = strings.Trim(value, `"`)
	for option := range strings.SplitSeq(options, ";") {
		if mediaType, is := strings.CutPrefix(strings.TrimSpace(option), "type="); is {
			part.ContentType = mediaType
		}
	}
	if file, is := strings.CutPrefix(part.Value, "@"); is {
		part.FileName, part.Value = file, ""
	} else if _, is := strings.CutPrefix(part.Value, "<"); is {
		part.Value = "content"
	}
	return part
}

// curlRequests returns a call for each address of the command.
func (d *draft) curlRequests(c *curlRequest) []call {
	body := strings.Join(c.data, "&")
	if c.json {
		body = strings.Join(c.data, "")
		for _, header := range [][2]string{{"Content-Type", "application/json"}, {"Accept", "application/json"}} {
			if !slices.ContainsFunc(c.headers, func(h [2]string) bool { return strings.EqualFold(h[0], header[0]) }) {
				c.headers = append(c.headers, header)
			}
		}
	}
	switch {
	case c.get:
		c.queries, body = append(c.queries, c.data...), ""
	case body != "" && !formHeader(c.headers, func(string) bool { return true }):
		c.headers = append(c.headers, [2]string{"Content-Type", "application/x-www-form-urlencoded"})
	}
	c.body = body
	switch {
	case c.method != "":
	case c.head:
		c.method = "HEAD"
	case body != "" || len(c.parts) > 0:
		c.method = "POST"
	default:
		c.method = "GET"
	}
	if len(c.addresses) == 0 {
		d.notes.at(c.place, "it has no URL; skipped")
	}
	var all []call
	for _, address := range c.addresses {
		one := c.call
		one.address = address
		if len(c.queries) > 0 {
			separator := "?"
			if strings.Contains(address, "?") {
				separator = "&"
			}
			one.address += separator + strings.Join(c.queries, "&")
		}
		all = append(all, one)
	}
	return all
}
