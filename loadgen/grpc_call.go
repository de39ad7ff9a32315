package loadgen

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/net/http2"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	_ "google.golang.org/grpc/encoding/gzip" // answers may be compressed
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/stats"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/ombak-sim/ombak/journey/funnel"
)

// channel is the gRPC connection of a shard to one target. Calls of all people share it.
type channel struct {
	*grpc.ClientConn
	fault atomic.Pointer[error] // of the last connection that could not be opened
}

func newChannel(g *Generator, target int, dial func(time.Time) (net.Conn, error)) (*channel, error) {
	location, err := LocationOf(g.targets[target])
	if err != nil {
		return nil, err
	}
	address, secure, _ := hostOf(g.targets[target]) // it could be parsed
	transport := insecure.NewCredentials()
	if secure {
		config, err := g.tlsConfig()
		if err != nil {
			return nil, err
		}
		transport = credentials.NewTLS(config)
	}
	c := &channel{}
	c.ClientConn, err = grpc.NewClient("passthrough:///"+address,
		grpc.WithTransportCredentials(transport), grpc.WithAuthority(location.Host),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
			deadline, _ := ctx.Deadline()
			conn, err := dial(deadline)
			if err != nil {
				c.fault.Store(&err)
			}
			return conn, err
		}),
		// A service that comes back is found again at once, not after minutes.
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.5, Jitter: 0.2, MaxDelay: time.Second}, MinConnectTimeout: 5 * time.Second}),
		grpc.WithDisableServiceConfig(), grpc.WithDisableRetry(), grpc.WithDisableHealthCheck(), grpc.WithNoProxy(),
		grpc.WithMaxHeaderListSize(maxHead), grpc.WithUserAgent("ombak"), grpc.WithStatsHandler(witness{}), grpc.WithIdleTimeout(0),
		grpc.WithDefaultCallOptions(grpc.ForceCodecV2(rawCodec{}), grpc.MaxCallRecvMsgSize(maxBody), grpc.MaxCallSendMsgSize(1<<30)),
	)
	return c, err
}

// rawCodec passes messages on that are encoded already.
type rawCodec struct{}

// Name implements encoding.CodecV2.
func (rawCodec) Name() string { return "proto" }

// Marshal implements encoding.CodecV2.
func (rawCodec) Marshal(message any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(message.([]byte))}, nil
}

// Unmarshal implements encoding.CodecV2.
func (rawCodec) Unmarshal(data mem.BufferSlice, message any) error {
	*message.(*[]byte) = data.MaterializeToBuffer(mem.NopBufferPool{}).ReadOnlyData()
	return nil
}

// protoCodec encodes messages that are compiled in.
type protoCodec struct{}

// Name implements encoding.CodecV2.
func (protoCodec) Name() string { return "proto" }

// Marshal implements encoding.CodecV2.
func (protoCodec) Marshal(message any) (mem.BufferSlice, error) {
	text, err := proto.Marshal(message.(proto.Message))
	return mem.BufferSlice{mem.SliceBuffer(text)}, err
}

// Unmarshal implements encoding.CodecV2.
func (protoCodec) Unmarshal(data mem.BufferSlice, message any) error {
	return proto.Unmarshal(data.Materialize(), message.(proto.Message))
}

// sight is how far a call got. The library gives errors of its own the same codes as those of servers.
type sight struct {
	sent, headed, concluded atomic.Bool
}

type sightKey struct{}

// witness records how far calls get.
type witness struct{}

// TagRPC implements stats.Handler.
func (witness) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context { return ctx }

// HandleRPC implements stats.Handler.
func (witness) HandleRPC(ctx context.Context, event stats.RPCStats) {
	seen, given := ctx.Value(sightKey{}).(*sight)
	if !given {
		return
	}
	switch event.(type) {
	case *stats.OutHeader:
		seen.sent.Store(true)
	case *stats.InHeader:
		seen.headed.Store(true)
	case *stats.InTrailer:
		seen.concluded.Store(true)
	}
}

// TagConn implements stats.Handler.
func (witness) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }

// HandleConn implements stats.Handler.
func (witness) HandleConn(context.Context, stats.ConnStats) {}

// exchange is one call under way.
type exchange struct {
	call    *call
	stream  grpc.ClientStream
	wants   bool   // the replies are read, not only counted
	replies []byte // as JSON
	count   int
	raw     []byte
}

// play sends the messages and receives the replies.
func (x *exchange) play(messages [][]byte) error {
	turns := x.call.method.IsStreamingClient() && x.call.method.IsStreamingServer()
	for _, message := range messages {
		err := x.stream.SendMsg(message)
		if err == nil && turns {
			err = x.receive()
		}
		if ended(err) {
			break // the server has ended the call early; its status follows
		}
		if err != nil {
			return err
		}
	}
	if err := x.stream.CloseSend(); err != nil {
		return err
	}
	for {
		switch err := x.receive(); {
		case ended(err):
			return nil
		case err != nil:
			return err
		}
		if !x.call.method.IsStreamingServer() {
			return nil
		}
	}
}

// receive takes one reply.
func (x *exchange) receive() error {
	if err := x.stream.RecvMsg(&x.raw); err != nil {
		return err
	}
	if x.count++; !x.wants {
		return nil
	}
	if x.call.method.IsStreamingServer() {
		x.replies = append(x.replies, map[bool]byte{true: '[', false: ','}[x.count == 1])
	}
	var err error
	x.replies, err = x.call.decode(x.replies, x.raw)
	return err
}

// text returns the reply as JSON: an object, or a list if the method streams replies.
func (x *exchange) text() []byte {
	switch {
	case !x.call.method.IsStreamingServer():
		return x.replies
	case x.count == 0:
		return []byte("[]")
	}
	return append(x.replies, ']')
}

// doCall makes a gRPC call.
func (w *aside) doCall(ctx context.Context, work job, start time.Duration) completion {
	done := completion{slot: work.slot, sent: true, start: start}
	request, sent := &w.composer.generator.requests[work.request], metadata.MD{}
	messages, err := w.renderCall(work, func(name, value string) { sent.Append(name, value) })
	if err != nil {
		done.answer.Outcome, done.reason, done.end = funnel.Failed, funnel.ReasonBody, w.now()
		return done
	}
	if work.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, work.timeout-(w.now()-start))
		defer cancel()
	} else {
		var cancel context.CancelFunc
		ctx, cancel = context.WithCancel(ctx)
		defer cancel()
	}
	seen := &sight{}
	ctx = context.WithValue(metadata.NewOutgoingContext(ctx, sent), sightKey{}, seen)
	channel := w.channels[request.client]
	desc := &grpc.StreamDesc{ServerStreams: request.call.method.IsStreamingServer(), ClientStreams: request.call.method.IsStreamingClient()}
	x := exchange{call: request.call, wants: request.readsBody}
	x.stream, err = channel.NewStream(ctx, desc, request.call.path)
	if err == nil {
		err = x.play(messages)
	}
	done.end = w.now()
	if reason, outcome := channel.blame(ctx, err, seen); reason != 0 {
		done.answer.Outcome, done.reason = outcome, reason
		return done
	}
	w.resp.Reset()
	w.resp.SetBodyRaw(x.text())
	var asked retry
	if x.stream != nil && err == nil || seen.concluded.Load() && x.stream != nil {
		asked = w.headers(x.stream)
	}
	w.judge(work, request, int(funnel.ReasonGRPC)+int(knownCode(status.Code(err))), asked, &w.resp, &done)
	return done
}

// blame returns the reason and the outcome of a call that ended without the server's own status, and 0 if it ended with
// one.
func (c *channel) blame(ctx context.Context, err error, seen *sight) (funnel.Reason, funnel.Outcome) {
	code := status.Code(err)
	switch {
	case err == nil:
		return 0, 0
	case errors.Is(err, errReply):
		return funnel.ReasonBody, funnel.Failed
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return funnel.ReasonTimeout, funnel.TimedOut
	case seen.concluded.Load() && !isOwn(err):
		return 0, 0
	case code == codes.DeadlineExceeded && !seen.concluded.Load():
		return funnel.ReasonTimeout, funnel.TimedOut
	case isSaid(err):
		return 0, 0
	case strings.HasPrefix(messageOf(err), resetMessage):
		return funnel.ReasonReset, funnel.Failed
	case seen.concluded.Load(), broken(err), code == codes.ResourceExhausted, code == codes.Internal && strings.Contains(err.Error(), "grpc: "):
		return funnel.ReasonBody, funnel.Failed
	case strings.Contains(err.Error(), "authentication handshake failed"):
		return funnel.ReasonTLS, funnel.Failed
	case seen.sent.Load():
		return funnel.ReasonReset, funnel.Failed
	case code == codes.Unavailable:
		return c.undialled()
	}
	return funnel.ReasonReset, funnel.Failed
}

// undialled returns why there is no connection.
func (c *channel) undialled() (funnel.Reason, funnel.Outcome) {
	if fault := c.fault.Load(); fault != nil {
		outcome, reason := classifyError(*fault)
		return reason, outcome
	}
	return funnel.ReasonReset, funnel.Failed
}

// messageOf returns the message of a status that the library has made.
func messageOf(err error) string { return status.Convert(err).Message() }

// What messages of the library begin with if the server has spoken, but not gRPC.
const (
	resetMessage = "stream terminated by RST_STREAM with error code: "
	otherMessage = "unexpected HTTP status code received from server: "
)

// isSaid reports whether the library has made a status of what the server, or what stands in front of it, has said without
// gRPC: a status of HTTP other than 200, or a reset with a code that has a meaning.
func isSaid(err error) bool {
	if name, is := strings.CutPrefix(messageOf(err), resetMessage); is {
		for code := http2.ErrCodeNo; code <= http2.ErrCodeHTTP11Required; code++ {
			if _, means := codeOfReset(code); means && code.String() == name {
				return true
			}
		}
		return false
	}
	text, is := strings.CutPrefix(messageOf(err), otherMessage)
	return is && !strings.HasPrefix(text, "200 ")
}

// isOwn reports whether the library complains of a message although the server has sent a status.
func isOwn(err error) bool {
	text := messageOf(err)
	return slices.ContainsFunc([]string{
		"cardinality violation: ", "grpc: received message", "grpc: message after", "grpc: received unexpected", "grpc: compressed flag", "grpc: Decompressor", "grpc: failed to decompress",
	}, func(sign string) bool { return strings.HasPrefix(text, sign) })
}

// broken reports whether the library could not read what the server sent.
func broken(err error) bool {
	text := err.Error()
	for _, sign := range []string{"larger than max", "header list size", "malformed", "cardinality violation", "without sending trailers", "failed to unmarshal", "unexpected HTTP status", "content-type"} {
		if strings.Contains(text, sign) {
			return true
		}
	}
	return false
}

// headers copies the metadata of an answer, and returns how long the server asks callers to wait.
func (w *aside) headers(stream grpc.ClientStream) retry {
	first, err := stream.Header()
	if err != nil {
		first = nil // the call has failed without any
	}
	for _, list := range []metadata.MD{first, stream.Trailer()} {
		for name, values := range list {
			for _, value := range values {
				w.resp.Header.Add(name, value)
			}
		}
	}
	asked, is := parsePushback(string(w.resp.Header.Peek("grpc-retry-pushback-ms")))
	if !is {
		asked = parseRetry(w.resp.Header.Peek("Retry-After"))
	}
	return asked
}

// errUndescribed is returned if a server does not describe a method.
func errUndescribed(step string, err error) error {
	return fmt.Errorf("step %s: the server does not describe its gRPC methods (%w); give proto or descriptor", step, err)
}
