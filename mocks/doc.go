// Package mocks stands in for the registries and the mail server that a registration service depends on. Delays
// and refusals come from a queue with servers, not from constants.
//
//  1. a [Config] describes each mock: where it listens, the [workload.Service] behind it, and its faults;
//  2. [Start] binds every listener and serves; [Mocks.Begin] sets the scenario clock;
//  3. a request passes its mock's door, where faults of the wire strike, and enters the [Station]; its [Queue]
//     computes when the answer is due, and the request sleeps until then;
//  4. the answer depends on the person in package population: Dukcapil (identity), Dapodik (pupils and
//     schools), DTKS (welfare); generic mocks answer by their [Route]s;
//  5. mail accepts messages by SMTP, SMS by HTTP; messages become visible after their delivery time, and each
//     mock shows a person's mailbox over HTTP;
//  6. [Mocks.StartFault] and the control API change the faults of a mock; [Mocks.Watch] reports them;
//  7. [Mocks.Readings] samples the stations.
package mocks
