// Package outbox delivers what the service has promised: it sends mails and short messages and runs the other
// jobs in the store.
//
//  1. a request stores a job in the transaction that makes it necessary, and wakes the [Queue] with
//     [Queue.Added];
//  2. [Queue.Run] leases jobs and hands them to the workers of its [Crew]: [NewMail] creates workers that speak
//     SMTP, [NewSMS] workers that call a gateway over HTTP;
//  3. a [Worker] returns an [Outcome] for each job: done, dead, or to be repeated after a pause given by
//     [Retries];
//  4. outcomes are recorded in the store in groups; [Queue.Stats] counts them.
//
// A job runs twice if its outcome could not be recorded. Data that identifies a person is never logged.
package outbox
