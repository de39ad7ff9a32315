package backend_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/backend"
	"github.com/ombak-sim/ombak/resilience"
)

// TestDocumentedMetrics compares the page of metrics with what the backend shows.
func TestDocumentedMetrics(t *testing.T) {
	s := startService(t, func(s *service) {
		s.config.Admin = "127.0.0.1:0"
		s.config.Doors = []backend.DoorConfig{{Gate: &resilience.GateConfig{FIFOConfig: resilience.FIFOConfig{Concurrency: 100}}}}
		s.config.Dukcapil.Breaker = &resilience.BreakerConfig{Calls: 2, Share: 1, Cooldown: time.Hour, Probes: 1}
	})
	s.signUp("siti@example.test")
	s.nextMail()
	s.want("identity", s.post("/v1/identity", s.sessionsOf(1)[0], identityOf(1)), 200, "")
	documented(t, s.metrics())
}

// documented checks that every metric in text has its row on the page of metrics.
func documented(t *testing.T, text string) {
	t.Helper()
	page, err := os.ReadFile("../docs/reference/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	family := regexp.MustCompile(`(?m)^# HELP (\S+) (.*)\n# TYPE \S+ (\w+)\n[^{\n]*(\{.*\})?`)
	for _, match := range family.FindAllStringSubmatch(text, -1) {
		var labels []string
		for _, label := range regexp.MustCompile(`(\w+)="`).FindAllStringSubmatch(match[4], -1) {
			if label[1] != "le" {
				labels = append(labels, label[1])
			}
		}
		row := fmt.Sprintf("| `%s` | %s | %s | %s |", match[1], match[3], strings.Join(labels, ", "), match[2])
		if !strings.Contains(string(page), row) {
			t.Errorf("docs/reference/metrics.md lacks the row\n%s", row)
		}
	}
}
