package host_test

import (
	"context"
	"fmt"
	"os"
	"strconv"

	"github.com/ombak-sim/ombak/drill/host"
)

func ExampleWatch() {
	watched, err := host.Watch(context.Background(), nil, map[string]string{"self": strconv.Itoa(os.Getpid())})
	if err != nil {
		panic(err)
	}
	for _, process := range watched.Stop() {
		fmt.Println(process.Name, *process.CPUS >= 0)
	}
	// Output:
	// self true
}
