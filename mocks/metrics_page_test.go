package mocks_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/mocks"
	"github.com/ombak-sim/ombak/workload"
)

// TestDocumentedMetrics compares docs/reference/metrics.md with the metrics of the mocks.
func TestDocumentedMetrics(t *testing.T) {
	limited := config()
	limited.Admin.Token = token
	limited.Registries = aid(mocks.Registry{Service: workload.Service{Quota: workload.QuotaTerms{Most: 2}, Servers: 3}})
	running := start(t, limited)
	running.Begin(time.Now(), workload.Clock{})
	_, text := control(t, running, "GET", "/metrics", "", nil)
	documented(t, text)
}

// documented checks that every metric in text has its row in docs/reference/metrics.md.
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
