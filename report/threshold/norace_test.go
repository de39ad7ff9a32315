//go:build !race

package threshold

const raceEnabled = false
