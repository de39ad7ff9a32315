package mocks_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/ombak-sim/ombak/mocks"
	"github.com/ombak-sim/ombak/workload"
)

const bankProto = `syntax = "proto3"; package bank; import "google/protobuf/wrappers.proto";
service Accounts {
  rpc Pay(google.protobuf.StringValue) returns (google.protobuf.StringValue);
  rpc Talk(stream google.protobuf.StringValue) returns (stream google.protobuf.StringValue);
  rpc Sum(stream google.protobuf.StringValue) returns (google.protobuf.StringValue);
}`

// bank starts a mock that answers gRPC, and returns a connection to it.
func bank(t *testing.T, service workload.Service, routes ...mocks.Route) (*mocks.Mocks, *grpc.ClientConn) {
	t.Helper()
	config := mocks.Config{Seed: workload.Seed{Value: 1}, Opens: opens()}
	config.Generics = []mocks.Generic{{Name: "bank", Service: service, Routes: routes, Protos: map[string]string{"bank.proto": bankProto}}}
	running, err := mocks.Start(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := grpc.NewClient("passthrough:///"+running.Addresses()["bank"], grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = conn.Close()
		if err := running.Close(); err != nil {
			t.Error(err)
		}
	})
	return running, conn
}

func TestGRPCMockRefusesAsItsQueueDoes(t *testing.T) {
	running, conn := bank(t, workload.Service{Quota: workload.QuotaTerms{Most: 3}}, mocks.Route{Path: "/bank.Accounts/Pay", Body: `"paid ${number}"`})
	counts := map[codes.Code]int{}
	for range 5 {
		reply := &wrapperspb.StringValue{}
		err := conn.Invoke(t.Context(), "/bank.Accounts/Pay", wrapperspb.String("rent"), reply)
		counts[status.Code(err)]++
		if err == nil && !strings.HasPrefix(reply.Value, "paid ") {
			t.Errorf("the reply is %q", reply.Value)
		}
	}
	if counts[codes.OK] != 3 || counts[codes.ResourceExhausted] != 2 {
		t.Errorf("codes %v; a quota of 3 allows three of five calls", counts)
	}
	for _, reading := range running.Readings() {
		if reading.Station == "bank" && (reading.Completions != 3 || reading.Rejections != 2) {
			t.Errorf("the station completed %d and rejected %d", reading.Completions, reading.Rejections)
		}
	}
	if err := conn.Invoke(t.Context(), "/bank.Accounts/Sum", wrapperspb.String(""), &wrapperspb.StringValue{}); status.Code(err) != codes.Unimplemented {
		t.Errorf("a method without a route: %v", err)
	}
}

func TestGRPCMockStreams(t *testing.T) {
	_, conn := bank(t, workload.Service{}, mocks.Route{Path: "/bank.Accounts/*", Body: `"re: ${now}"`})
	talk := func(ctx context.Context, method string, messages int) (replies int) {
		stream, err := conn.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, method)
		if err != nil {
			t.Fatal(err)
		}
		for range messages {
			if err := stream.SendMsg(wrapperspb.String("a")); err != nil {
				t.Fatal(err)
			}
		}
		if err := stream.CloseSend(); err != nil {
			t.Fatal(err)
		}
		for {
			err := stream.RecvMsg(&wrapperspb.StringValue{})
			if errors.Is(err, io.EOF) {
				return replies
			}
			if err != nil {
				t.Fatal(err)
			}
			replies++
		}
	}
	if turns, sums := talk(t.Context(), "/bank.Accounts/Talk", 3), talk(t.Context(), "/bank.Accounts/Sum", 3); turns != 3 || sums != 1 {
		t.Errorf("%d replies to three messages in turns, %d to three in a stream", turns, sums)
	}
}

func TestGRPCMockMistakes(t *testing.T) {
	for want, route := range map[string]mocks.Route{
		"no method is called /bank.Accounts/Lend": {Path: "/bank.Accounts/Lend"},
		"does not fit google.protobuf":            {Path: "/bank.Accounts/Pay", Body: `{"a": 1}`},
		`the code "BUSY" is unknown`:              {Path: "/bank.Accounts/Pay", Code: "BUSY"},
	} {
		config := mocks.Config{Seed: workload.Seed{Value: 1}, Opens: opens()}
		config.Generics = []mocks.Generic{{Name: "bank", Routes: []mocks.Route{route}, Protos: map[string]string{"bank.proto": bankProto}}}
		if _, err := mocks.Start(t.Context(), config); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want %s", err, want)
		}
	}
}
