# M/M/4 at a utilization of .8 in simmer: prints events (an arrival and a departure for each customer)
# per second of processor time. Arguments: the number of customers, and "drawn" (every gap is drawn when
# it is needed, by a call of R) or "prepared" (all instants are drawn in advance).
suppressMessages(library(simmer))
arguments <- commandArgs(TRUE)
customers <- as.integer(arguments[1])
set.seed(1)
way <- trajectory() |>
  seize("server") |>
  timeout(function() rexp(1, 1)) |>
  release("server")
env <- simmer() |> add_resource("server", capacity = 4)
if (arguments[2] == "prepared") {
  service <- rexp(customers, 1)
  way <- trajectory() |>
    seize("server") |>
    timeout_from_attribute("service") |>
    release("server")
  arrivals <- data.frame(time = cumsum(rexp(customers, 3.2)), service = service)
  env <- env |> add_dataframe("customer", way, arrivals, mon = 0, col_time = "time", time = "absolute", col_attributes = "service")
} else {
  left <- customers
  env <- env |> add_generator("customer", way, function() {
    left <<- left - 1
    if (left < 0) -1 else rexp(1, 3.2)
  }, mon = 0)
}
begun <- proc.time()
invisible(run(env))
took <- proc.time() - begun
cat(2 * customers / (took[["user.self"]] + took[["sys.self"]]), "\n")
