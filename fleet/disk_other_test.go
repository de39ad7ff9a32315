//go:build unix && !linux

package fleet_test

import "errors"

func mountSmall(string) error { return errors.New("this system has no tmpfs") }

func unmount(string) {}
