// Package metrics turns the feed of a run into metrics for other tools: what the page shows, for Prometheus and for who
// takes OpenTelemetry.
//
//  1. [Metrics.Post] takes each row of the feed.
//  2. [Metrics.Handler] serves what the rows add up to, for a Prometheus that scrapes, beside the metrics of the generator.
//  3. A [Courier] carries the same to a receiver after each row: [RemoteWriter] speaks Prometheus remote write 1.0, and
//     package live/otlp speaks OTLP. A receiver that is away delays nobody and is told of once.
package metrics
