package resilience

// Policies returns every policy in the order of the documentation. To add one, write a file with its state
// machine and its descriptor, and add a line here.
func Policies() []Descriptor {
	return []Descriptor{
		staticLimit(),
		boundedFIFO(),
		bulkhead(),
		codel(),
		adaptiveConcurrency(),
		priorityShed(),
		tokenBucket(),
		sharedTokenBucket(),
		waitingRoom(),
		staggerByBirthMonth(),
		circuitBreaker(),
		retryBudget(),
		registryCache(),
		stationCache(),
		asyncVerify(),
		autoscale(),
		deferredPhoto(),
	}
}

// Named returns the descriptor of a policy, by its name or the one it had formerly.
func Named(name string) (Descriptor, bool) {
	for _, descriptor := range Policies() {
		if descriptor.Name == name || name != "" && descriptor.Formerly == name {
			return descriptor, true
		}
	}
	return Descriptor{}, false
}
