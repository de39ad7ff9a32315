// Package mocks stands in for the registries and the mail that a registration service depends on.
// Their delay and their refusals come out of a queue with servers, not out of a constant.
//
//  1. a [Config] describes each mock: where it listens and the [workload.Service] behind it;
//  2. [Start] binds every listener and serves; [Mocks.Begin] hands over the scenario clock;
//  3. a request enters the mock's [Station], which asks its [Queue] when the answer is due and
//     sleeps until then;
//  4. the answer follows from the person in package population: Dukcapil (identity), Dapodik
//     (pupils), DTKS (welfare);
//  5. Mail takes messages by SMTP, lets each become visible after its delivery time and shows a
//     person's mailbox over HTTP;
//  6. [Mocks.Readings] looks at the stations.
package mocks
