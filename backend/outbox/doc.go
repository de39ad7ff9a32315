// Package outbox does what the service has promised to do outside: it sends mails and short messages, and does
// whatever else the store holds as jobs.
//
//  1. a request leaves a job in the store, in the transaction that makes it necessary, and tells the [Queue]
//     by [Queue.Added];
//  2. [Queue.Run] leases jobs and hands them to the workers of its [Crew]: [NewMail] hires workers that speak
//     SMTP, [NewSMS] workers that ask a gateway over HTTP;
//  3. a [Worker] returns an [Outcome] for each job: done, dead, or to be repeated after a pause of [Retries];
//  4. outcomes are noted in the store, many at once; [Queue.Stats] counts them.
//
// A job whose outcome could not be noted is done twice. What names a person is never logged.
package outbox
