package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ombak-sim/ombak/capacity"
)

func ttl() formula {
	return formula{
		name: "ttl", summary: "share of requests that a cache answers",
		source:  "Jung, Berger, Balakrishnan, INFOCOM 2003; renewed by hits: Che, Tung, Wang 2002",
		example: "--keys 1000=0.2 --keys 5=3 --ttl 10m --sliding",
		flags: []cli.Flag{
			listFlag("keys", "`N=RATE`: N keys that are each requested at this rate; repeat for each group of keys"),
			timeFlag("ttl", "how long an entry lives"),
			switchFlag("sliding", "each hit renews the entry"),
		},
		figures: []figure{
			{"hit_rate", "", "share of requests that the cache answers"},
		},
		compute: computeTTL,
	}
}

// mostKeys is the most keys of a cache. Each is computed separately.
const mostKeys = 10_000_000

func computeTTL(in *inputs) (answer, error) {
	var rates []float64
	for _, text := range in.c.StringSlice("keys") {
		number, value, _ := strings.Cut(text, "=")
		n, first := strconv.Atoi(number)
		rate, second := parsePerSecond(value)
		if errors.Join(first, second) != nil || n < 1 || len(rates)+n > mostKeys {
			in.fail(fmt.Errorf("--keys %q cannot be read; write N=RATE, as in 1000=0.2, with at most %d keys in all", text, mostKeys))
			break
		}
		rates = append(rates, slices.Repeat([]float64{rate}, n)...)
	}
	if len(rates) == 0 {
		in.fail(errors.New("--keys is missing; give N=RATE, as in --keys 1000=0.2"))
	}
	ttl := in.seconds("ttl")
	if in.fault != nil {
		return answer{}, in.fault
	}
	hits := capacity.TTLHitRate
	if in.c.Bool("sliding") {
		hits = capacity.SlidingTTLHitRate
	}
	share, err := hits(rates, ttl)
	return answer{values: map[string]any{"hit_rate": share}}, err
}
