package main

import (
	"runtime"
	"syscall"
	"time"
	"unsafe"
)

// onIdleThread calls a func on a thread of its own that gets only CPU time that nothing else wants.
func onIdleThread(work func()) {
	runtime.LockOSThread() // never unlocked: the thread ends with its goroutine
	const schedIdle = 5    // SCHED_IDLE of sched(7)
	priority := int32(0)
	_, _, _ = syscall.RawSyscall(syscall.SYS_SCHED_SETSCHEDULER, 0, schedIdle, uintptr(unsafe.Pointer(&priority))) // where it is refused, the work is done all the same
	work()
}

// threadTime returns the CPU time that the calling thread has used.
func threadTime() (used time.Duration, known bool) {
	const thisThread = 1 // RUSAGE_THREAD of getrusage(2)
	var usage syscall.Rusage
	if syscall.Getrusage(thisThread, &usage) != nil {
		return 0, false
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()), true
}
