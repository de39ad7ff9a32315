package loadgen

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/grpc"
	reflection "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
)

// describeAll asks the servers to describe the methods that the scenario does not describe. It asks once in a run. The caller
// holds the lock.
func (g *Generator) describeAll(ctx context.Context, channels map[int]*channel) error {
	const patience = 10 * time.Second
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for i := range g.requests {
		request := &g.requests[i]
		if request.call == nil || request.call.method != nil {
			continue
		}
		service, _, _ := strings.Cut(strings.TrimPrefix(request.call.path, "/"), "/")
		step := g.config.Journey.Steps[min(i, len(g.config.Journey.Steps)-1)].Name
		files, err := askServer(ctx, channels[request.client].ClientConn, service)
		if err != nil {
			return errUndescribed(step, err)
		}
		if err := request.call.describe(files); err != nil {
			return StepFault{i, step, err}
		}
	}
	return nil
}

// askServer asks a server's reflection service for the files that describe a service.
func askServer(ctx context.Context, conn *grpc.ClientConn, service string) (*protoregistry.Files, error) {
	stream, err := reflection.NewServerReflectionClient(conn).ServerReflectionInfo(ctx, grpc.ForceCodecV2(protoCodec{}))
	if err != nil {
		return nil, err
	}
	set := &descriptorpb.FileDescriptorSet{}
	known := map[string]bool{}
	wanted := []*reflection.ServerReflectionRequest{{MessageRequest: &reflection.ServerReflectionRequest_FileContainingSymbol{FileContainingSymbol: service}}}
	const mostFiles = 10_000
	for len(wanted) > 0 && len(known) < mostFiles {
		files, err := askFiles(stream, wanted[0])
		if err != nil {
			return nil, err
		}
		wanted = wanted[1:]
		for _, file := range files {
			if known[file.GetName()] {
				continue
			}
			known[file.GetName()] = true
			set.File = append(set.File, file)
			for _, name := range file.GetDependency() {
				if !known[name] {
					wanted = append(wanted, &reflection.ServerReflectionRequest{MessageRequest: &reflection.ServerReflectionRequest_FileByFilename{FileByFilename: name}})
				}
			}
		}
	}
	if err := stream.CloseSend(); err != nil {
		return nil, err
	}
	return protodesc.NewFiles(set)
}

func askFiles(stream reflection.ServerReflection_ServerReflectionInfoClient, request *reflection.ServerReflectionRequest) ([]*descriptorpb.FileDescriptorProto, error) {
	if err := stream.Send(request); err != nil {
		return nil, err
	}
	answer, err := stream.Recv()
	if err != nil {
		return nil, err
	}
	if fault := answer.GetErrorResponse(); fault != nil {
		return nil, errors.New(fault.GetErrorMessage())
	}
	var files []*descriptorpb.FileDescriptorProto
	for _, text := range answer.GetFileDescriptorResponse().GetFileDescriptorProto() {
		var file descriptorpb.FileDescriptorProto
		if err := proto.Unmarshal(text, &file); err != nil {
			return nil, fmt.Errorf("a file descriptor: %w", err)
		}
		files = append(files, &file)
	}
	return files, nil
}
