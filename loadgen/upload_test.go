package loadgen_test

import (
	"bytes"
	"io"
	"mime/multipart"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/loadgen"
)

// Files, fields and photos of a multipart body are read back unchanged by mime/multipart.
func TestUploadsArriveAsGiven(t *testing.T) {
	scan := bytes.Repeat([]byte("\r\n--\x00\xff"), 1000)
	s := serve(t, func(ctx *fasthttp.RequestCtx, _ int) {
		if string(ctx.Path()) == "/raw" {
			if !bytes.Equal(ctx.PostBody(), scan) {
				ctx.SetStatusCode(400)
			}
			return
		}
		form, err := ctx.MultipartForm()
		if err != nil || len(form.File["scan"]) != 1 || len(form.File["photo"]) != 1 || len(form.Value["city"]) != 1 {
			ctx.SetStatusCode(400)
			return
		}
		file := form.File["scan"][0]
		if !bytes.Equal(content(t, file), scan) || file.Filename != `a "scan".pdf` && file.Filename != "a %22scan%22.pdf" || file.Header.Get("Content-Type") != "application/pdf" || form.Value["city"][0] != "in Jakarta" {
			ctx.SetStatusCode(422)
		}
	})
	r := play(t, config(s.url, func(c *loadgen.Config) {
		c.Signups.Bins.Counts = []int{3}
		c.Files = map[string]loadgen.File{"scan": {Name: `a "scan".pdf`, Type: "application/pdf", Content: scan}}
		c.Vars = map[string]string{"city": "Jakarta"}
		c.Journey.Steps = append(c.Journey.Steps, c.Journey.Steps[0])
		c.Requests = []loadgen.Request{
			{
				Target: "web", Method: "POST", Path: "/form", Completed: []int{200},
				Multipart: map[string]string{"scan": "${file.scan}", "photo": "${person.photo}", "city": "in ${var.city}"},
			},
			{Target: "web", Method: "PUT", Path: "/raw", Text: "${file.scan}", Completed: []int{200}},
		}
	}))
	if r.outcomes()[funnel.Completed] != 6 {
		t.Errorf("outcomes %v, want 6 completed", r.outcomes())
	}
}

// A file that contains the boundary gives an error before anybody is sent.
func TestFileWithTheBoundaryIsRefused(t *testing.T) {
	c := config("http://127.0.0.1:1", func(c *loadgen.Config) {
		c.Files = map[string]loadgen.File{"scan": {Name: "scan.txt", Type: "text/plain", Content: []byte("--ombak-7d1a0e3c5b--")}}
		c.Requests[0].Multipart = map[string]string{"scan": "${file.scan}"}
	})
	if err := c.Check(); err == nil || !strings.Contains(err.Error(), "the file scan.txt holds the text") {
		t.Errorf("%v; want an error about the file", err)
	}
}

func content(t *testing.T, header *multipart.FileHeader) []byte {
	t.Helper()
	file, err := header.Open()
	if err != nil {
		t.Error(err)
		return nil
	}
	defer func() { _ = file.Close() }()
	text, err := io.ReadAll(file)
	if err != nil {
		t.Error(err)
	}
	return text
}
