package draft

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime"
	"mime/multipart"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

var methodForm = regexp.MustCompile(`^[A-Z]{1,20}$`)

func isMethod(text string) bool { return methodForm.MatchString(text) && text != "CONNECT" }

func isPort(text string) bool {
	_, err := strconv.ParseUint(text, 10, 16)
	return text == "" || err == nil
}

// harStep returns the step of an entry.
func (d *draft) harStep(one *exchange, address *url.URL) *step {
	entry := &one.entry
	made := &step{place: one.place, method: strings.ToUpper(entry.Request.Method)}
	if login := address.User; login != nil {
		password, _ := login.Password()
		made.header("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(login.Username()+":"+password)))
		address.User = nil
	}
	made.target = d.target(address)
	made.path, made.query = splitPath(address.EscapedPath()), splitPairs(inQuery, address.RawQuery)
	condition := d.harHeaders(one, made)
	d.harBody(one, made)
	made.completed = d.harStatus(one, condition)
	return made
}

// harStatus returns the statuses with which the step is completed.
func (d *draft) harStatus(one *exchange, condition bool) []int {
	switch status := one.entry.Response.Status; {
	case status == 0: // the archive holds only the request
		return nil
	case status == 304 && condition:
		d.notes.at(one.place, "it was answered 304 because the browser had a copy; its condition was removed, and 200 is expected")
		return []int{200}
	case status == 304:
		return []int{200, 304}
	case status >= 500 || status < 200 || status == 429:
		d.notes.at(one.place, "it was answered %d; success is expected instead", status)
		return nil
	case status >= 400:
		d.notes.at(one.place, "it was answered %d, which the step expects again", status)
		return []int{status}
	default:
		return []int{status}
	}
}

// ownHeaders are set by the generator, or say what the browser is and not what the request wants.
var ownHeaders = regexp.MustCompile(`(?i)^(:.*|host|connection|proxy-.*|keep-alive|content-length|transfer-encoding|te|trailer|upgrade|upgrade-insecure-requests|user-agent|accept-encoding|sec-.*|dnt|priority|pragma|cache-control|expect|http2-settings|save-data|purpose|x-client-data|if-none-match|if-modified-since)$`)

// harHeaders copies the headers that a service may need. Condition is true if the browser asked only for what
// has changed.
func (d *draft) harHeaders(one *exchange, made *step) (condition bool) {
	reads := made.method == "GET" || made.method == "HEAD"
	for _, header := range one.entry.Request.Headers {
		name := strings.ToLower(header.Name)
		switch {
		case name == "cookie":
			d.cookies = true
		case name == "if-none-match" || name == "if-modified-since":
			condition = true
		case ownHeaders.MatchString(name) || !isToken(header.Name):
		case name == "origin" && reads:
		case name == "referer":
			if address, err := url.Parse(header.Value); err == nil && !reads { // services check it before they change something
				address.RawQuery, address.Fragment, address.User = "", "", nil
				made.header(header.Name, address.String())
			}
		case name == "authorization" && made.headerLeaf(name) != nil:
			made.headerLeaf(name).raw = header.Value
		case made.headerLeaf(name) != nil:
			made.headerLeaf(name).raw += ", " + header.Value
		default:
			made.header(header.Name, header.Value)
		}
	}
	return condition
}

var token = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")

func isToken(text string) bool { return token.MatchString(text) }

// harBody copies the body.
func (d *draft) harBody(one *exchange, made *step) {
	data := one.entry.Request.PostData
	if data == nil {
		return
	}
	mediaType := data.MimeType
	if header := made.headerLeaf("Content-Type"); header != nil && header.raw != "" {
		mediaType = header.raw
	} else if mediaType != "" && (data.Text != "" || len(data.Params) > 0) && !isMultipart(mediaType) {
		made.header("Content-Type", mediaType)
	}
	text := data.Text
	if data.Encoding == "base64" {
		if decoded, err := base64.StdEncoding.DecodeString(text); err == nil {
			text = string(decoded)
		}
	}
	switch {
	case isMultipart(mediaType):
		made.headers = slices.DeleteFunc(made.headers, func(l *leaf) bool { return strings.EqualFold(l.key, "Content-Type") })
		fields := partsOf(mediaType, text)
		if len(fields) == 0 {
			fields = data.Params
		}
		d.setParts(made, fields)
	case !utf8.ValidString(text) || strings.ContainsRune(text, 0):
		d.notes.at(one.place, "its body is binary (%s); the step sends none", mediaType)
	case text == "" && len(data.Params) > 0 || isForm(mediaType) && len(data.Params) > 0 && !strings.Contains(text, "="):
		made.body.form = formOf(data.Params)
	default:
		made.setBody(mediaType, text)
	}
}

// formOf returns the fields of an archive, which some browsers decode and others do not.
func formOf(params []harField) []*leaf {
	var leaves []*leaf
	for _, param := range params {
		if strings.Contains(param.Value+param.Name, "%") {
			if value, err := url.QueryUnescape(param.Value); err == nil {
				param.Value = value
			}
			if name, err := url.QueryUnescape(param.Name); err == nil {
				param.Name = name
			}
		}
		leaves = append(leaves, &leaf{in: inForm, key: param.Name, raw: param.Value})
	}
	return leaves
}

// partsOf reads the parts of a multipart body.
func partsOf(mediaType, text string) []harField {
	_, words, err := mime.ParseMediaType(mediaType)
	if err != nil || words["boundary"] == "" {
		return nil
	}
	if !strings.Contains(text, "\r\n") {
		text = strings.ReplaceAll(text, "\n", "\r\n")
	}
	var fields []harField
	reader := multipart.NewReader(strings.NewReader(text), words["boundary"])
	for {
		part, err := reader.NextPart()
		if err != nil {
			return fields
		}
		content, err := io.ReadAll(part)
		if err != nil {
			return fields
		}
		fields = append(fields, harField{Name: part.FormName(), Value: string(bytes.TrimSpace(content)), FileName: part.FileName(), ContentType: part.Header.Get("Content-Type")})
	}
}

// setParts gives the step a multipart body. Pictures become the photo of a person; the content of other files
// is sent as a field, because a draft is one file.
func (d *draft) setParts(made *step, fields []harField) {
	for _, field := range fields {
		added := &leaf{in: inPart, key: field.Name, raw: field.Value}
		switch {
		case field.Name == "" || slices.ContainsFunc(made.body.parts, func(l *leaf) bool { return l.key == field.Name }):
			d.notes.at(made.place, "the part %q of its body has no name of its own; left out", field.Name)
			continue
		case field.FileName != "" && (strings.HasPrefix(field.ContentType, "image/") || pictureName.MatchString(field.FileName)):
			added.refer("", "${person.photo}")
			d.notes.at(made.place, "the picture in its field %q became ${person.photo}", field.Name)
		case field.FileName != "":
			if !utf8.ValidString(field.Value) || field.Value == "" {
				added.raw = "content"
			}
			d.notes.at(made.place, "the file in its field %q is sent as text; to send a file, declare it under files and write ${file.NAME}", field.Name)
		}
		made.body.parts = append(made.body.parts, added)
	}
}

var pictureName = regexp.MustCompile(`(?i)\.(jpe?g|png|gif|webp|heic)$`)
