// Package backend is the reference registration service: what people sign up at, and what is tested.
//
//  1. [New] opens the database, the listeners and the clients of the registries from a [Config];
//     [Server.Serve] answers until [Server.Shutdown] has drained it;
//  2. a request is matched with a route, its session with a person, its body is decoded and checked;
//  3. where a step needs a registry, backend/registry calls it through the policies in front of it, which
//     may turn the call away with 503 and Retry-After;
//  4. what changes goes to backend/store, which answers when it is on the disk; only then the person
//     gets the answer;
//  5. a sign-up leaves a mail in the store, in the same transaction; backend/outbox sends it by SMTP and
//     notes what became of it;
//  6. [Server.Stats] and the metrics of the admin listener tell how it goes.
//
// The e-mail's link and the session are real and expire in real time; ages follow Config.Now, the
// clock of the scenario. What names a person is never logged.
package backend
