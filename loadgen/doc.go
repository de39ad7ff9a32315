// Package loadgen is an open-model load generator: it replays a scenario against a real service.
//
// People arrive when the scenario says, never later because an answer was slow:
//
//  1. a [Config] names the arrivals, the journey and the requests; [New] compiles them;
//  2. [Generator.Run] starts the shards. Each owns every n-th person, a heap of timers, a slab of
//     walks and an observer, and shares nothing on the hot path;
//  3. a shard makes its arrivals one bin ahead, asks package journey what a person does next, and
//     hands due requests to its wire: epoll for HTTP/1.1 and HTTP/2 on Linux, with or without TLS, and
//     otherwise workers with a client;
//  4. each attempt ends as a funnel.Sample with three clocks: intended, sent, ended.
package loadgen
