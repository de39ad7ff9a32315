// Package mocks stands in for the registries and the mail that a registration service depends on.
// Their delay and their refusals come out of a queue with servers, not out of a constant.
//
//  1. a [Config] describes each mock: where it listens, the [workload.Service] behind it, and what
//     befalls it;
//  2. [Start] binds every listener and serves; [Mocks.Begin] hands over the scenario clock;
//  3. a request passes its mock's door, where faults of the wire strike, and enters the [Station],
//     whose [Queue] says when the answer is due; it sleeps until then;
//  4. the answer follows from the person in package population: Dukcapil (identity), Dapodik
//     (pupils and schools), DTKS (welfare); generic mocks answer by their [Route]s;
//  5. mail takes messages by SMTP, SMS by HTTP; each lets them become visible after their delivery
//     time and shows a person's mailbox over HTTP;
//  6. [Mocks.StartFault] and the control API change what befalls a mock, [Mocks.Watch] tells of it;
//  7. [Mocks.Readings] looks at the stations.
package mocks
