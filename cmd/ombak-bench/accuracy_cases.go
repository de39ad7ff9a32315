//go:build linux

package main

import "slices"

// accuracyCase is one load that is predicted and then measured.
type accuracyCase struct {
	name    string // of its folder
	heldOut string
	share   float64 // of the knee, in visits per second
	mix     string  // of journeys; empty is the scenario's
}

// fitLoad is one load that the model is fitted to.
type fitLoad struct {
	share float64 // of the knee
	mix   string
}

// fitLoadsOf returns the loads of the fit: up to six tenths of the knee, in several mixes, so that steps can be told apart.
func fitLoadsOf(s subject) []fitLoad {
	shares := [...]float64{0.2, 0.3, 0.4}
	loads := []fitLoad{{0.1, ""}}
	for i, mix := range s.about().fitMixes {
		loads = append(loads, fitLoad{shares[i%len(shares)], mix})
	}
	return append(loads, fitLoad{0.6, ""})
}

// casesOf returns what is predicted of a service. The load beyond the knee is also that of the gate, so that the effect of
// the gate is known.
func casesOf(s subject) []accuracyCase {
	const beyond = 1.5
	all := []accuracyCase{
		{"load-45", heldLoad, 0.45, ""},
		{"load-75", heldLoad, 0.75, ""},
		{"load-95", heldLoad, 0.95, ""},
		{"load-150", heldLoad, beyond, ""},
		{"mix", heldMix, 0.4, s.about().heldMix},
		{"gate", heldGate, beyond, ""},
		{"core", heldCore, 0.35, ""},
	}
	return slices.DeleteFunc(all, func(c accuracyCase) bool {
		return c.heldOut != heldLoad && !slices.Contains(s.about().heldOut, c.heldOut)
	})
}
