package backend_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	_ "github.com/oapi-codegen/runtime" // required by the generated client
	"github.com/valyala/fasthttp/fasthttputil"
)

// TestGeneratedClientWalksTheFunnel generates a client from the OpenAPI document with oapi-codegen, builds it
// and uses it to take a person to a batch.
func TestGeneratedClientWalksTheFunnel(t *testing.T) {
	generator, err := filepath.Abs("../.tools/oapi-codegen")
	if err == nil {
		_, err = os.Stat(generator)
	}
	if err != nil {
		t.Skip("oapi-codegen is not in .tools; make tools installs it")
	}
	folder := t.TempDir()
	picture := filepath.Join(folder, "ktp.png")
	if err := os.WriteFile(picture, pngOf(t, 8, 8), 0o600); err != nil {
		t.Fatal(err)
	}
	walker := buildWalker(t, generator, folder)
	s := startService(t, func(s *service) {
		s.config.Listener.(*fasthttputil.InmemoryListener).Close()
		s.config.Stocks = map[string]int{"jab": 1}
		s.config.Listener, s.config.Required = nil, []string{"profile", "photo", "otp", "statement", "test"}
	})
	walk := exec.Command(walker, "http://"+s.server.Addr().String(), picture)
	in, errIn := walk.StdinPipe()
	out, errOut := walk.StdoutPipe()
	if errIn != nil || errOut != nil || walk.Start() != nil {
		t.Fatal("the walker did not start")
	}
	defer walk.Wait()
	last := ""
	for lines := bufio.NewScanner(out); lines.Scan(); {
		switch last = lines.Text(); last {
		case "mail":
			_, token := s.nextMail()
			fmt.Fprintln(in, token)
		case "sms":
			fmt.Fprintln(in, <-s.codes)
		}
	}
	if last != "joined 1" {
		t.Errorf("the walker ended with %q", last)
	}
}

// buildWalker generates the client and builds it with the walker program.
func buildWalker(t *testing.T, generator, folder string) (program string) {
	t.Helper()
	client := filepath.Join(folder, "client.go")
	run(t, generator, "-generate", "models,client", "-package", "main", "-o", client, "openapi.json")
	here, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	// The generated code is not stored in the repository; the overlay makes it a package of this module.
	place := filepath.Join(here, "walker")
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{
		filepath.Join(place, "client.go"): client,
		filepath.Join(place, "main.go"):   filepath.Join(here, "testdata", "client", "main.go.txt"),
	}})
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, "overlay.json"), overlay, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	program = filepath.Join(folder, "walk")
	run(t, "go", "build", "-overlay", filepath.Join(folder, "overlay.json"), "-o", program, "./walker")
	return program
}

func run(t *testing.T, program string, args ...string) {
	t.Helper()
	if out, err := exec.Command(program, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", program, err, out)
	}
}
