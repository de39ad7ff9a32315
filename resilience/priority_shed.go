package resilience

// evict makes room in a full queue for one of a journey already begun: the latest newcomer loses the
// place. It reports whether it did.
//
// Together with the order of the queue it is the policy priority-shed: of all that come, those are
// served first, and turned away last, who have already been given work, which would be lost with
// them. Order by classes, non-preemptive: Cobham, "Priority Assignment in Waiting Line Problems",
// Operations Research 2 (1954). Shedding by criticality, and that it must follow one journey through
// all its requests: Zhou et al., "Overload Control for Scaling WeChat Microservices", SoCC 2018.
func (g *Gate) evict(class Class) bool {
	if !g.config.Priority || class != Begun || g.queues[Fresh].live == 0 {
		return false
	}
	g.lose(g.queues[Fresh].popLast())
	return true
}

func priorityShed() Descriptor {
	return Descriptor{
		Name: "priority-shed", Does: "serves journeys already begun first, and turns newcomers away first.", Source: "Cobham 1954; Zhou et al. 2018",
		Places: anywhere(), Live: only(AtEntry), // a live service cannot tell who has tried a step before
		Needs: words("limit"), Takes: words("queue deadline"), Scales: words("limit queue"),
		Config: func(s Settings) Config { return GateConfig{FIFOConfig: s.fifo(), Priority: true} },
	}
}
