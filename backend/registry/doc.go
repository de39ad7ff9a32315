// Package registry queries the registries of other ministries about people, through the policies of package
// resilience that protect them.
//
//  1. [NewDukcapil] and [New] make the client of a registry from its [Config]: its policies are sorted by kind,
//     each made from its name and settings;
//  2. a question goes to the cache, where there is one, which answers it or lets it wait for the same question
//     on its way;
//  3. a call enters the [Gate], which lets it wait or turns it away, and asks the guard;
//  4. the answer is read; what went wrong is a [BusyError], perhaps after repeated calls;
//  5. [Gate.Stats] and the [Observer] say how it goes.
//
// What names a person is never logged.
package registry
