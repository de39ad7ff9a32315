package drill_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/ombak-sim/ombak/drill"
)

// A part that gets no order says so in its only message.
func ExampleServePart() {
	err := drill.ServePart(context.Background(), strings.NewReader("{}\n"), os.Stdout, slog.New(slog.DiscardHandler))
	fmt.Println(err != nil)
	// Output:
	// {"failed":"no order came on standard input; this command is started by ombak drill, not by hand"}
	// true
}
