//go:build !race

package mocks_test

const raceEnabled = false
