package listener_test

import (
	"net"
	"testing"

	"github.com/ombak-sim/ombak/listener"
)

// A client that hangs up is noticed, in whatever way it does; one that stays or sends more is not.
func TestHangups(t *testing.T) {
	hangups, run, err := listener.NewHangups()
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		run()
	}()
	l := (&listener.Bound{}).Listen(listen(t))
	defer l.Close()
	pair := func() (client, server net.Conn) {
		client = dial(t, l.Addr().String())
		server, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		return client, server
	}
	stays, server := pair()
	still, forget := hangups.Watch(server)
	if _, err := stays.Write([]byte("more")); err != nil {
		t.Fatal(err)
	}
	for _, leave := range []func(*net.TCPConn) error{
		func(c *net.TCPConn) error { return c.Close() },
		func(c *net.TCPConn) error { return c.CloseWrite() },
		func(c *net.TCPConn) error { _ = c.SetLinger(0); return c.Close() },
	} {
		client, server := pair()
		gone, forget := hangups.Watch(server)
		if err := leave(client.(*net.TCPConn)); err != nil {
			t.Fatal(err)
		}
		<-gone
		forget()
	}
	select {
	case <-still:
		t.Error("a client that stays counts as gone")
	default:
	}
	forget()
	again, forgetAgain := hangups.Watch(server)
	_ = stays.Close()
	<-again
	forgetAgain()
	if err := hangups.Close(); err != nil {
		t.Fatal(err)
	}
	<-ended
	var nobody *listener.Hangups
	if gone, forget := nobody.Watch(server); gone != nil {
		forget()
		t.Error("no Hangups notices somebody")
	}
}
