package mocks

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"strings"
)

const (
	messageRead = 64 << 10 // bytes of a message that are parsed; the rest is dropped
	messageKept = 4 << 10  // bytes of subject and of body that are stored
)

// readMessage returns the subject and the text of a message as a person reads them. It decodes encodings and
// takes the first text part of several. A malformed message is all body.
func readMessage(raw []byte) (subject, body string) {
	message, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return "", clip(string(raw))
	}
	subject = message.Header.Get("Subject")
	if decoded, err := new(mime.WordDecoder).DecodeHeader(subject); err == nil {
		subject = decoded
	}
	return clip(subject), clip(textOf(textproto.MIMEHeader(message.Header), message.Body, 0))
}

// textOf returns the text of a part. It searches nested parts to a depth of 4.
func textOf(header textproto.MIMEHeader, body io.Reader, depth int) string {
	kind, parameters, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err == nil && strings.HasPrefix(kind, "multipart/") && depth < 4 {
		parts := multipart.NewReader(body, parameters["boundary"])
		for {
			part, err := parts.NextRawPart()
			if err != nil {
				return ""
			}
			if text := textOf(part.Header, part, depth+1); text != "" {
				return text
			}
		}
	}
	if err == nil && !strings.HasPrefix(kind, "text/") {
		return ""
	}
	text, _ := io.ReadAll(decoded(header.Get("Content-Transfer-Encoding"), body)) // text read before an error is kept
	return string(text)
}

func decoded(encoding string, body io.Reader) io.Reader {
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "quoted-printable":
		return quotedprintable.NewReader(body)
	case "base64":
		return base64.NewDecoder(base64.StdEncoding, body)
	}
	return body
}

// clip returns the beginning of a text and releases the memory of the rest.
func clip(text string) string {
	return strings.Clone(strings.ToValidUTF8(text[:min(len(text), messageKept)], ""))
}
