// Package gate puts the policies of a plan in front of a service that has none: a reverse proxy that lets requests pass,
// lets them wait, or turns them away. It runs the state machines of package resilience, as the reference backend and the
// simulator do.
//
//  1. [Config] names the service and the policies in front of it: a [Door] each;
//  2. [New] opens the listeners, and [Gate.Serve] works until its context ends;
//  3. operators change a policy at the admin listener, or by [Gate.Change], and nobody who waits loses a place;
//  4. [Gate.Counts] and the metrics say how many passed each door.
package gate
