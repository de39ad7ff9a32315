package resilience

// evict makes room in a full queue for a request of a journey that has already begun. The latest newcomer
// loses its place. It reports whether there was one.
//
// With the order of the queue it forms the policy priority-shed. It serves first, and rejects last, those who
// have already received work, which would be lost with them. Order by classes, non-preemptive: Cobham,
// "Priority Assignment in Waiting Line Problems", Operations Research 2 (1954). Shedding by criticality,
// which must follow one journey through all its requests: Zhou et al., "Overload Control for Scaling WeChat
// Microservices", SoCC 2018.
func (g *Gate) evict(class Class) bool {
	if !g.config.Priority || class != Begun || g.queues[Fresh].live == 0 {
		return false
	}
	g.markExpired(g.queues[Fresh].popLast())
	return true
}

func priorityShed() Descriptor {
	return Descriptor{
		Name: "priority-shed", Does: "serves journeys that have already begun first, and rejects newcomers first.", Source: "Cobham 1954; Zhou et al. 2018",
		Places: anywhere(), Live: only(AtEntry), // a live service cannot recognize who has tried a step before
		Needs: words("limit"), Takes: words("queue deadline"), Scales: words("limit queue"),
		Config:  func(s Settings) Config { return GateConfig{FIFOConfig: s.fifo(), Priority: true} },
		Changes: changing("limit queue deadline", gateWaits, ""),
	}
}
