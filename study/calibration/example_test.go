package calibration_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/ombak-sim/ombak/report"
	"github.com/ombak-sim/ombak/setup"
	"github.com/ombak-sim/ombak/study/calibration"
)

// Data that cannot be fitted is refused, with advice.
func ExampleCalibrate() {
	_, err := calibration.Calibrate(context.Background(), []report.Report{{}}, calibration.Calibrating{})
	fmt.Println(errors.Is(err, setup.ErrRefused))
	// Output:
	// true
}
