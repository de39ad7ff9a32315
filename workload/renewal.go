package workload

import (
	"math"
	"strconv"
)

// parts returns the arrivals at a scale of at most 1, and further parts with streams of their own for what a scale
// above 1 adds: one for each whole beyond the first, and one for the rest.
func (a Arrivals) parts() []Arrivals {
	if a.Scale <= 1 {
		return []Arrivals{a}
	}
	parts := make([]Arrivals, int(math.Ceil(a.Scale)))
	for i := range parts {
		parts[i] = a
		parts[i].Scale = min(1, a.Scale-float64(i))
		if i > 0 {
			parts[i].Purpose = a.Purpose ^ NewPurpose("arrivals/further/"+strconv.Itoa(i))
			_, parts[i].shift = math.Modf(float64(i) * golden)
		}
	}
	return parts
}

// golden is the ratio whose multiples divide a gap most evenly, however many there are.
const golden = 0.6180339887498949

// maker makes the people of one part of a stream, bin by bin from the first.
type maker struct {
	of    Arrivals
	first uint64 // ordinal of the first person of the next bin

	begun  bool
	stream Stream
	mean   float64 // of a gap as drawn, in seconds
	ahead  float64 // expected number of people from the start of the next bin to the next person of a renewal process
}

var renewing = NewPurpose("arrivals/renewal")

// next appends the people of bin i to buffer.
func (m *maker) next(i int, buffer []Arrival) []Arrival {
	if m.of.Renewal == nil {
		buffer = m.of.bin(i, m.first, buffer)
		m.first += uint64(m.of.Count(i))
		return buffer
	}
	place := m.of.placing(i)
	m.renew(i, func(offset float64) {
		if at := place(offset); m.of.counts(at, m.first) {
			buffer = append(buffer, Arrival{At: at, Ordinal: m.first})
		}
	})
	return buffer
}

// skip passes over bin i and returns the number of its people.
func (m *maker) skip(i int) (count int) {
	if m.of.Renewal == nil {
		count = m.of.Count(i)
		m.first += uint64(count)
		return count
	}
	before := m.first
	m.renew(i, func(float64) {})
	return int(m.first - before)
}

// renew calls each with the places in bin i, from 0 to 1, of the people of a renewal process. The process has the rate 1
// in the time in which one person is expected per unit, and the first gap begins at the start of the first bin.
//
// Source: I. Gerhardt, B. L. Nelson, "Transforming Renewal Processes for Simulation of Nonstationary Arrival Processes",
// INFORMS Journal on Computing 21 (2009), the inversion method. Where the rate varies, the number of people still has the
// mean of the rate.
func (m *maker) renew(i int, each func(offset float64)) {
	if !m.begun {
		m.begun = true
		m.stream = m.of.Seed.Stream(renewing^m.of.Purpose, 0, 0, 0)
		m.mean = m.of.Renewal.Mean()
		m.ahead = m.gap()
	}
	expected := m.of.mean(i)
	for m.ahead < expected {
		each(m.ahead / expected)
		m.first++
		m.ahead += m.gap()
	}
	m.ahead -= expected
}

// gap draws the expected number of people between two people.
func (m *maker) gap() float64 {
	return m.of.Renewal.Draw(&m.stream).Seconds() / m.mean
}
