package main

import "testing"

// TestScripts says what is not tested here.
func TestScripts(t *testing.T) {
	t.Skip("the scripts of commands need signals and process groups, which Windows does not have; they run on Linux and macOS")
}
