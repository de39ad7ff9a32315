package metrics

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
)

// Generator gathers the metrics that a generator serves itself.
type Generator struct{ address atomic.Value }

// Serves tells at which HOST:PORT the generator serves them.
func (g *Generator) Serves(address string) { g.address.Store(address) }

// Gather implements prometheus.Gatherer. A generator that does not serve yet, or no longer, has none.
func (g *Generator) Gather() ([]*dto.MetricFamily, error) {
	address, serves := g.address.Load().(string)
	if !serves {
		return nil, nil
	}
	const patience = 2 * time.Second
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/metrics", nil)
	if err != nil {
		return nil, err
	}
	format := expfmt.NewFormat(expfmt.TypeProtoDelim)
	request.Header.Set("Accept", string(format))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, nil //nolint:nilerr // it has ended
	}
	defer func() { _ = response.Body.Close() }() // it has been read
	var families []*dto.MetricFamily
	decoder := expfmt.NewDecoder(response.Body, expfmt.ResponseFormat(response.Header))
	for {
		family := new(dto.MetricFamily)
		switch err := decoder.Decode(family); err {
		case nil:
			families = append(families, family)
		case io.EOF:
			return families, nil
		default:
			return families, fmt.Errorf("the metrics of the generator: %w", err)
		}
	}
}
