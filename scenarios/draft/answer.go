package draft

import (
	"html"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// held is a value that an answer holds, and how it is taken out of it.
type held struct {
	value string
	key   string // name of the value where it stands
	noun  string // what the value belongs to: the key above it, or the last word of the request's path
	how   extraction
	exact bool // it stands alone, not somewhere in a text
}

// maxHeld bounds the values of one answer that are looked at.
const maxHeld = 20_000

// held returns the values in the exchange's answer.
func (e *exchange) held() []held {
	var all []held
	for _, header := range e.entry.Response.Headers {
		all = append(all, heldInHeader(header)...)
	}
	text := e.entry.Response.Content.Text
	mimeType := e.entry.Response.Content.MimeType
	if isJSON(mimeType) || strings.HasPrefix(strings.TrimSpace(text), "{") || strings.HasPrefix(strings.TrimSpace(text), "[") {
		if read, err := parseJSON(text); err == nil {
			return heldInJSON(read, "", "", e.step.noun(), all)
		}
	}
	if strings.Contains(mimeType, "html") || strings.Contains(text, "<input") || strings.Contains(text, "<meta") {
		all = append(all, heldInHTML(text)...)
	}
	return all
}

// noun returns the last word of the step's path, which says what its answer is about.
func (s *step) noun() string {
	for i := len(s.path) - 1; i >= 0; i-- {
		if raw := s.path[i].raw; raw != "" && !strings.ContainsAny(raw, "0123456789") {
			return singular(raw)
		}
	}
	return ""
}

// singular returns a noun in lower case without the ending of a plural.
func singular(noun string) string {
	noun = strings.ToLower(noun)
	switch {
	case strings.HasSuffix(noun, "ies") && len(noun) > 4:
		return strings.TrimSuffix(noun, "ies") + "y"
	case strings.HasSuffix(noun, "ses") && len(noun) > 4:
		return strings.TrimSuffix(noun, "es")
	case strings.HasSuffix(noun, "s") && !strings.HasSuffix(noun, "ss") && len(noun) > 2:
		return strings.TrimSuffix(noun, "s")
	}
	return noun
}

// inPathExpression escapes a key for a path such as messages.0.body.
var inPathExpression = regexp.MustCompile(`[.*?|#@!{}\[\]()=<>%"'\\$:,~^&+-]`)

func heldInJSON(n *node, path, key, noun string, all []held) []held {
	if len(all) >= maxHeld {
		return all
	}
	if n.leaf != nil {
		if path == "" || n.leaf.raw == "" {
			return all
		}
		return append(all, held{value: n.leaf.raw, key: key, noun: noun, how: extraction{json: path}, exact: true})
	}
	for i, item := range n.items {
		part, name, about := strconv.Itoa(i), key, noun
		if !n.isArray {
			part, name = inPathExpression.ReplaceAllString(n.keys[i], `\$0`), n.keys[i]
			if item.leaf == nil && name != "data" && name != "items" && name != "results" && name != "result" && name != "payload" {
				about = singular(name)
			}
			if part == "" {
				continue // an empty key cannot be named
			}
		}
		all = heldInJSON(item, strings.TrimPrefix(path+"."+part, "."), name, about, all)
	}
	return all
}

// dullHeaders hold nothing that a client sends later.
var dullHeaders = regexp.MustCompile(`(?i)^(:.*|date|expires|server|content-.*|cache-control|vary|age|via|connection|keep-alive|strict-transport-security|x-(frame|content|xss|powered|cache|dns|permitted).*|access-control-.*|alt-svc|transfer-encoding|accept-ranges|pragma|p3p|report-to|nel|server-timing|referrer-policy|permissions-policy|cross-origin-.*|origin-agent-cluster|last-modified|link|cf-.*)$`)

func heldInHeader(header harField) []held {
	name := strings.ToLower(header.Name)
	switch {
	case header.Value == "" || dullHeaders.MatchString(name):
		return nil
	case name == "set-cookie":
		return heldInCookies(header)
	case name == "location":
		return heldInLocation(header)
	}
	all := []held{{value: header.Value, key: header.Name, how: extraction{header: header.Name}, exact: true}}
	if prefix := scheme.FindString(header.Value); prefix != "" {
		all = append(all, held{value: header.Value[len(prefix):], key: header.Name, how: extraction{header: header.Name, regexp: "^[A-Za-z]+ +(.+)$"}, exact: true})
	}
	return all
}

// heldInCookies returns the values of cookies. Some archives join several in one header by line ends.
func heldInCookies(header harField) []held {
	var all []held
	for line := range strings.SplitSeq(header.Value, "\n") {
		pair, _, _ := strings.Cut(line, ";")
		name, value, valued := strings.Cut(strings.TrimSpace(pair), "=")
		if valued && value != "" {
			all = append(all, held{value: value, key: name, how: extraction{header: "Set-Cookie", regexp: `(?:^|[\s;,])` + regexp.QuoteMeta(name) + `=([^;]+)`}, exact: true})
		}
	}
	return all
}

// heldInLocation returns the address that a redirect leads to, the last segment of its path, and its
// parameters.
func heldInLocation(header harField) []held {
	all := []held{{value: header.Value, key: "location", how: extraction{header: "Location"}, exact: true}}
	address, err := url.Parse(header.Value)
	if err != nil {
		return all
	}
	segments := splitPath(strings.TrimSuffix(address.EscapedPath(), "/"))
	if last := len(segments) - 1; last >= 0 && segments[last].raw == segments[last].encoded {
		all = append(all, held{value: segments[last].raw, key: "id", noun: singular(segments[last].key), how: extraction{header: "Location", regexp: `([^/?#]+)/?(?:[?#].*)?$`}, exact: true})
	}
	for _, pair := range splitPairs(inQuery, address.RawQuery) {
		if pair.raw != "" && pair.raw == pair.encoded {
			all = append(all, held{value: pair.raw, key: pair.key, how: extraction{header: "Location", regexp: `[?&]` + regexp.QuoteMeta(url.QueryEscape(pair.key)) + `=([^&#]+)`}, exact: true})
		}
	}
	return all
}

var (
	htmlTag       = regexp.MustCompile(`(?is)<(input|meta|button)\b[^>]*>`)
	htmlAttribute = regexp.MustCompile(`(?is)([a-z_:][a-z0-9_:.-]*)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))`)
)

// heldInHTML returns the values of form fields and meta elements.
func heldInHTML(text string) []held {
	var all []held
	for _, tag := range htmlTag.FindAllString(text, maxHeld) {
		attributes := map[string]string{}
		first, order := "", map[string]int{}
		for i, match := range htmlAttribute.FindAllStringSubmatch(tag, -1) {
			name := strings.ToLower(match[1])
			if _, twice := attributes[name]; !twice {
				attributes[name], order[name] = match[2]+match[3]+match[4], i
			}
		}
		label, valueName := "name", "value"
		if strings.HasPrefix(strings.ToLower(tag), "<meta") {
			valueName = "content"
		}
		name, value := attributes[label], attributes[valueName]
		if name == "" || value == "" || html.UnescapeString(value) != value {
			continue // what is taken out by an expression keeps its escapes
		}
		first = `name=["']?` + regexp.QuoteMeta(name) + `["'\s][^>]*?\b` + valueName + `=["']?([^"'\s>]+)`
		if order[valueName] < order[label] {
			first = valueName + `=["']?([^"'\s>]+)["']?[^>]*?\bname=["']?` + regexp.QuoteMeta(name) + `["'\s/>]`
		}
		all = append(all, held{value: value, key: name, how: extraction{regexp: first}, exact: true})
	}
	return all
}

// takes reports whether the extraction, applied to the answer, yields the value. JSON paths and headers are
// right by construction.
func (h held) takes(e *exchange) bool {
	if h.how.regexp == "" {
		return true
	}
	pattern, err := regexp.Compile(h.how.regexp)
	if err != nil {
		return false
	}
	text := e.entry.Response.Content.Text
	if h.how.header != "" {
		text = ""
		for _, header := range e.entry.Response.Headers {
			if strings.EqualFold(header.Name, h.how.header) {
				text += header.Value + "; "
			}
		}
		text = strings.TrimSuffix(text, "; ")
	}
	match := pattern.FindStringSubmatch(text)
	return match != nil && match[len(match)-1] == h.value
}

// heldInText looks for a value somewhere in a text, and takes it out by the characters before it.
func heldInText(text, key, value string) (held, bool) {
	at := strings.Index(text, value)
	if at < 0 || at > 0 && isWordByte(text[at-1]) || at+len(value) < len(text) && isWordByte(text[at+len(value)]) {
		return held{}, false
	}
	const context = 24
	from := max(0, at-context)
	if line := strings.LastIndexByte(text[from:at], '\n'); line >= 0 {
		from += line + 1
	}
	before := strings.ToValidUTF8(text[from:at], "")
	if len(strings.TrimSpace(before)) < 3 || strings.ContainsRune(before, 0) {
		return held{}, false
	}
	end := `([^"'<>\s&]+)`
	if at+len(value) < len(text) && !strings.ContainsRune("\"'<> \n\t\r&", rune(text[at+len(value)])) {
		end = `([^` + regexp.QuoteMeta(text[at+len(value):at+len(value)+1]) + `]+)`
	}
	return held{value: value, key: key, how: extraction{regexp: regexp.QuoteMeta(before) + end}}, true
}

func isWordByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '-' || c >= 0x80
}
