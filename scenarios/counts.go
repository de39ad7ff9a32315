package scenarios

import "fmt"

// The most of what a scenario counts. The counters of a simulation and of a live run hold more than these.
const (
	visitsOfInterest = 300    // visits to a step whose retry has interest and no visits
	mostTries        = 30_000 // attempts × visits, of all steps together
	mostSteps        = 500    // a report shows as many
	longestList      = 1000   // stops of a route
	mostServers      = 10_000_000
	mostWaiting      = 1_000_000_000
	mostClosed       = 10_000_000    // people of a closed population
	mostConnections  = 2_000_000_000 // of the generator; a machine allows fewer
	mostPolicies     = 100           // of a plan
	mostRepeats      = 1000
	mostRedirects    = 10
	lastPriority     = 9   // of a step
	mostOnce         = 100 // attempts at a step before or after the run
)

// validateCounts reports counts that are too large to be counted with.
func (s *Scenario) validateCounts() {
	s.bound(parent(s.StepPath(0)), len(s.Journey), mostSteps)
	s.bound("retry_budget", s.RetryBudget, mostTries)
	s.validateTries()
	for i, step := range s.Journey {
		s.bound(s.StepPath(i)+".route", len(step.Route), longestList)
	}
	for name, station := range s.Stations {
		path := join("stations", name)
		s.boundService(path, station.Servers, station.Queue, station.Quota.Most)
		if station.Batch != nil {
			s.bound(path+".batch.rows", station.Batch.Rows, mostWaiting)
		}
	}
	for name, dependency := range s.Dependencies {
		path := join("dependencies", name)
		s.boundService(path, dependency.Servers, dependency.Queue, dependency.Quota.Most)
		s.bound(path+".connections", dependency.Connections, mostServers)
	}
	s.bound("backend.batch_rows", s.Backend.BatchRows, mostWaiting)
	s.bound("backend.quota", s.Backend.Quota, maxPeople)
	s.bound("backend.password_slots", s.Backend.PasswordSlots, mostServers)
	s.bound("backend.mail_connections", s.Backend.MailConnections, mostServers)
	s.bound("backend.sms_connections", s.Backend.SMSConnections, mostServers)
	s.bound("connections.most", s.Connections.Most, mostConnections)
	s.bound("connections.people", s.Connections.People, maxPeople)
	for i, plan := range s.Plans {
		s.bound(fmt.Sprintf("plans[%d].policies", i), len(plan.Policies), mostPolicies)
		for k, policy := range plan.Policies {
			s.boundPolicy(fmt.Sprintf("plans[%d].policies[%d]", i, k), policy)
		}
	}
}

// MostVisits returns the most visits in which a person tries the step.
func (r Retry) MostVisits() int {
	if r.Interest > 0 && r.Visits == 0 {
		return visitsOfInterest
	}
	return max(1, r.Visits)
}

// validateTries reports the step at which people's attempts become too many.
func (s *Scenario) validateTries() {
	all := 0
	for i, step := range s.Journey {
		path, attempts, visits := s.StepPath(i)+".retry", max(1, step.Retry.Attempts), step.Retry.MostVisits()
		s.bound(path+".attempts", attempts, mostTries)
		s.bound(path+".visits", visits, mostTries)
		if max(attempts, visits) > mostTries {
			return
		}
		if all += attempts * visits; all > mostTries {
			s.source.faultAt(path, fmt.Sprintf("give %d at most", mostTries), "attempts times visits up to this step are %d", all)
			return
		}
	}
}

func (s *Scenario) boundService(path string, servers int, queue *int, quota int) {
	s.bound(path+".servers", servers, mostServers)
	s.bound(path+".quota", quota, maxPeople)
	if queue != nil {
		s.bound(path+".queue", *queue, mostWaiting)
	}
}

func (s *Scenario) boundPolicy(path string, policy Policy) {
	s.bound(path+".limit", policy.Limit, mostServers)
	s.bound(path+".queue", policy.Queue, mostWaiting)
	s.bound(path+".min", policy.Min, mostServers)
	s.bound(path+".max", policy.Max, mostServers)
	s.bound(path+".burst", policy.Burst, mostWaiting)
	s.bound(path+".calls", policy.Calls, mostServers)
	s.bound(path+".probes", policy.Probes, mostServers)
	s.bound(path+".attempts", policy.Attempts, mostRepeats)
	s.bound(path+".size", policy.Size, mostWaiting)
	s.bound(path+".workers", policy.Workers, mostServers)
}

// bound reports a number that is larger than the most.
func (s *Scenario) bound(path string, number, most int) {
	if number > most {
		s.source.faultAt(path, fmt.Sprintf("give %d at most", most), "%d is too large", number)
	}
}
