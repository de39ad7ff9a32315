package loadgen

import (
	"regexp"
	"strings"

	"github.com/tidwall/gjson"
	"github.com/valyala/fasthttp"

	"github.com/ombak-sim/ombak/workload"
)

// extraction is a compiled Extract.
type extraction struct {
	Extract
	slot    int
	pattern *regexp.Regexp
	purpose workload.Purpose // of the stream that picks
}

// chooser picks one of several values of an answer, for one attempt of a person.
type chooser struct {
	seed    workload.Seed
	person  uint64
	step    workload.Purpose // of the step and the round
	attempt int
}

// pick returns the place of one of n values.
func (c chooser) pick(e extraction, n int) int {
	switch e.Pick {
	case "last":
		return n - 1
	case "random":
		stream := c.seed.Stream(e.purpose, c.person, c.step, c.attempt)
		return stream.IntN(n)
	}
	return 0
}

// extract takes the wanted values out of an answer. It returns false if a required one is missing.
func (c *compiled) extract(resp *fasthttp.Response, rejected bool, chooser chooser, take func(slot int, value string)) bool {
	for _, e := range c.extracts {
		if rejected && !e.Rejected {
			continue
		}
		value, found := e.value(resp, chooser)
		if found {
			take(e.slot, value)
		} else if !e.Rejected {
			return false
		}
	}
	return true
}

// check is a compiled Check.
type check struct {
	Check
	at extraction
}

// passes reports whether the answer meets every check.
func (c *compiled) passes(resp *fasthttp.Response) bool {
	for _, check := range c.checks {
		value, found := check.at.value(resp, chooser{})
		if !found || check.Equals != "" && value != check.Equals || !strings.Contains(value, check.Contains) {
			return false
		}
	}
	return true
}

func (e extraction) value(resp *fasthttp.Response, chooser chooser) (string, bool) {
	var text string
	switch {
	case e.JSON != "":
		result := gjson.GetBytes(resp.Body(), e.JSON)
		if e.Pick != "" && result.IsArray() {
			items := result.Array()
			if len(items) == 0 {
				return "", false
			}
			result = items[chooser.pick(e, len(items))]
		}
		if !result.Exists() {
			return "", false
		}
		if text = result.String(); result.Type == gjson.Number {
			text = result.Raw // String would round it
		}
	case e.Header != "":
		text = string(resp.Header.Peek(e.Header))
	default:
		text = string(resp.Body())
	}
	if e.Regexp == "" {
		return text, text != ""
	}
	return e.match(text, chooser)
}

// match returns the first group of a match, or else the whole match. Of several matches it returns the picked one.
func (e extraction) match(text string, chooser chooser) (string, bool) {
	if e.Pick == "" || e.JSON != "" {
		match := e.pattern.FindStringSubmatch(text)
		if match == nil {
			return "", false
		}
		return strings.Clone(match[len(match)-1]), true
	}
	matches := e.pattern.FindAllStringSubmatch(text, -1)
	if len(matches) == 0 {
		return "", false
	}
	match := matches[chooser.pick(e, len(matches))]
	return strings.Clone(match[len(match)-1]), true
}
