//go:build !windows

package main

import (
	"io"
	"net"

	"github.com/rogpeppe/go-internal/testscript"
)

// relay SOCKET HOST:PORT carries the connections to a Unix socket to an address, until the script ends.
func relay(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: relay SOCKET HOST:PORT")
	}
	listener, err := net.Listen("unix", ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Defer(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go carry(conn, args[1])
		}
	}()
}

// carry copies both ways until either side ends.
func carry(conn net.Conn, address string) {
	defer conn.Close()
	other, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	defer other.Close()
	go func() {
		_, _ = io.Copy(other, conn) // whoever ends first ends both
		_ = other.Close()
	}()
	_, _ = io.Copy(conn, other) // likewise
}
