package loadgen_test

import (
	"strings"
	"testing"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/loadgen"
)

func TestBadConfigsSayWhatToDo(t *testing.T) {
	for _, test := range []struct {
		change func(*loadgen.Config)
		want   string
	}{
		{func(c *loadgen.Config) { c.Targets = nil }, "give --target web=URL"},
		{func(c *loadgen.Config) { c.Targets["web"] = "ftp://x" }, "write for example http://127.0.0.1:8080"},
		{func(c *loadgen.Config) { c.Requests = nil }, "each step needs one"},
		{func(c *loadgen.Config) { c.People = 10 }, "raise its size"},
		{func(c *loadgen.Config) { c.Requests[0].Path = "/${got.token}" }, `no step extracts "token"`},
		{func(c *loadgen.Config) { c.Requests[0].Path = "/${var.x}" }, "give --var x=VALUE"},
		{func(c *loadgen.Config) { c.Requests[0].Path = "/${person.iq}" }, "people have name"},
		{func(c *loadgen.Config) { c.Requests[0].Path = "/${person" }, "is not closed"},
	} {
		_, err := loadgen.New(config("http://127.0.0.1:1", test.change), func(int) funnel.Observer { return nil })
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v, want %q", err, test.want)
		}
	}
}
