package population_test

import (
	"fmt"
	"time"

	"github.com/ombak-sim/ombak/population"
	"github.com/ombak-sim/ombak/workload"
)

func ExamplePopulation() {
	opens := time.Date(2020, 4, 11, 12, 0, 0, 0, time.UTC)
	people := population.New(workload.Seed{Value: 2020}, opens, population.DefaultShares())
	form := people.Form(81_733, 1)

	index, ok := population.IndexOfEmail(form.Email)
	fmt.Println("e-mail:", index, ok)
	index, ok = population.IndexOfNIK(form.NIK)
	fmt.Println("NIK:", index, ok)
	_, ok = population.IndexOfNIK("3273011501900001")
	fmt.Println("a number of Bandung:", ok)
	// Output:
	// e-mail: 81733 true
	// NIK: 81733 true
	// a number of Bandung: false
}
