// Package setup maps a scenario, one of its plans and the flags to the Config of every part. It runs nothing.
//
//  1. [Options] are checked, and the plan is merged into the scenario. The result is [Planned], which a live
//     set-up and a model set-up share.
//  2. [People] defines who comes, when, and how they walk. The people are the same live and simulated.
//  3. [NewLive] maps the rest to the load generator, the reference backend and the mocks, [NewLoad] to the
//     generator alone, and [NewMocks] to the mocks alone.
//  4. [NewModel] maps the rest to the simulator.
//
// What cannot run is never ignored: it is refused by name with [ErrRefused]. [Check] looks for such faults in
// all plans of a scenario.
package setup
