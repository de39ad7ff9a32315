// Package backend is the reference registration service: people sign up at it, and load tests drill it.
//
//  1. [New] opens the database, the listeners and the clients of the registries from a [Config]; [Server.Serve]
//     answers until [Server.Shutdown] has drained the server;
//  2. a request is matched with a route and its session with a person; its body is decoded and checked;
//  3. if a step needs a registry, backend/registry calls it through the policies in front of it, which may
//     reject the call with 503 and Retry-After;
//  4. every change goes to backend/store, which returns when the change is on disk; only then is the request
//     answered;
//  5. a sign-up stores a mail in the same transaction; backend/outbox sends it by SMTP and records the result;
//  6. [Server.Stats] and the metrics of the admin listener show the state of the service.
//
// Links in mails and sessions are real and expire in real time. Ages follow Config.Now, the clock of the
// scenario. Data that identifies a person is never logged.
package backend
