// Package capacity computes what queueing theory says about a service: how long people wait, how many servers are
// needed, where throughput ends, how a backlog grows and clears.
//
//  1. closed forms take rates per second and times in seconds, both float64, check their own
//     validity and return a [Station], or an error that says what to change; none returns NaN or an
//     infinity;
//  2. networks of stations are solved as open ([OpenJackson]) or closed ones ([ClosedNetwork.Exact],
//     [ClosedNetwork.Schweitzer]);
//  3. demand that changes with time is treated as a fluid ([Fluid]) or as a number in progress ([OfferedLoad]);
//  4. measurements become models: [FitUSL] fits scalability, [FitDemands] service demands, [ChooseShape] the shape of
//     a service time, [ForecastFunnel] the funnel of further people, [FitCurve] how people go on from step to step over time;
//  5. other packages compare the models with simulations and measurements.
//
// Every formula cites author, work and equation. docs/reference/formulas.md lists them all.
package capacity
