// Package registry queries the registries of other ministries about people, through the policies of package
// resilience that protect them.
//
//  1. [NewDukcapil] and [New] create the client of a registry from its [Config]: they sort its policies by kind and
//     build each from its name and settings;
//  2. a question goes to the cache, if there is one, which answers it or makes it wait for the same question
//     under way;
//  3. a call enters the [Gate], which queues or rejects it, and then the guard;
//  4. the answer is read; a failure becomes a [BusyError], possibly after retries;
//  5. [Gate.Stats] and the [Observer] report the results.
//
// Data that identifies a person is never logged.
package registry
