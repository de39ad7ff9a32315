package protofile_test

import (
	"fmt"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/ombak-sim/ombak/protofile"
)

var texts = map[string]string{
	"shop.proto":  `syntax = "proto3"; package shop; import "goods.proto"; import "google/protobuf/timestamp.proto"; service Orders { rpc Place(Order) returns (Receipt); } message Receipt { google.protobuf.Timestamp at = 1; }`,
	"goods.proto": `syntax = "proto3"; package shop; message Order { string item = 1; }`,
}

func ExampleCompile() {
	files, err := protofile.Compile(texts)
	if err != nil {
		fmt.Println(err)
		return
	}
	found, err := files.FindDescriptorByName("shop.Orders.Place")
	fmt.Println(found.FullName(), err)
	// Output: shop.Orders.Place <nil>
}

// TestParse reads a descriptor set with its imports, and refuses one without them.
func TestParse(t *testing.T) {
	compiled, err := protofile.Compile(texts)
	if err != nil {
		t.Fatal(err)
	}
	var set descriptorpb.FileDescriptorSet
	for _, name := range []string{"google/protobuf/timestamp.proto", "goods.proto", "shop.proto"} {
		file, err := compiled.FindFileByPath(name)
		if err != nil {
			t.Fatal(err)
		}
		set.File = append(set.File, protodesc.ToFileDescriptorProto(file))
	}
	whole, err := proto.Marshal(&set)
	if err != nil {
		t.Fatal(err)
	}
	files, err := protofile.Parse(whole)
	if err != nil || files.NumFiles() != 3 {
		t.Errorf("%v, error %v", files, err)
	}
	set.File = set.File[1:]
	part, err := proto.Marshal(&set)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = protofile.Parse(part); err == nil || !strings.Contains(err.Error(), "--include_imports") {
		t.Errorf("the error is %v", err)
	}
}

func FuzzCompile(f *testing.F) {
	f.Add(texts["goods.proto"])
	f.Add(`import "a.proto";`)
	f.Fuzz(func(t *testing.T, text string) {
		if files, err := protofile.Compile(map[string]string{"a.proto": text}); err == nil && files.NumFiles() == 0 {
			t.Error("neither a file nor an error")
		}
	})
}
