package loadgen_test

import (
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
)

// wireVariable makes every run of the tests use the portable wire, unless the test chooses one.
const wireVariable = "LOADGEN_TEST_PORTABLE"

// TestPortableWire runs all tests of this package again, on the wire that works on every system.
func TestPortableWire(t *testing.T) {
	if runtime.GOOS != "linux" || os.Getenv(wireVariable) != "" {
		t.Skip("this system has no other wire")
	}
	command := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^Test", "-test.short="+map[bool]string{true: "true", false: "false"}[testing.Short()], "-test.timeout=15m")
	command.Env = append(os.Environ(), wireVariable+"=1")
	if output, err := command.CombinedOutput(); err != nil || !strings.Contains(string(output), "PASS") {
		t.Errorf("on the portable wire: %v\n%s", err, output)
	}
}
