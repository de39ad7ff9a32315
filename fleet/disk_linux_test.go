package fleet_test

import "syscall"

// mountSmall mounts a disk of a megabyte at a folder.
func mountSmall(folder string) error { return syscall.Mount("tmpfs", folder, "tmpfs", 0, "size=1m") }

func unmount(folder string) { _ = syscall.Unmount(folder, syscall.MNT_DETACH) }
