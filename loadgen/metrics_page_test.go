package loadgen_test

import (
	"fmt"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/ombak-sim/ombak/journey/funnel"
	"github.com/ombak-sim/ombak/loadgen"
)

// TestDocumentedMetrics compares the page of metrics with the generator's output.
func TestDocumentedMetrics(t *testing.T) {
	s := serve(t, nil)
	var metrics *loadgen.Metrics
	g, err := loadgen.New(config(s.url, nil), func(int) funnel.Observer {
		return metrics.Beside(shardRecorder{newRecorder()})
	})
	if err != nil {
		t.Fatal(err)
	}
	metrics = loadgen.NewMetrics(funnel.Journey{{Name: "go", Kind: funnel.Request}}, g.InFlight)
	if err := g.Run(t.Context(), time.Now()); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(metrics.Handler())
	defer server.Close()
	documented(t, get(t, server.URL, "text/plain"))
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
