package capacity

// Station is the steady state of one station: averages over a long time.
type Station struct {
	Utilization float64 // busy share of all servers, 0 to 1
	L           float64 // requests in the station, those in service included
	Lq          float64 // requests waiting
	W           float64 // seconds in the station, averaged over those admitted
	Wq          float64 // seconds waiting, averaged over those admitted
	P0          float64 // probability that the station is empty
	PWait       float64 // probability that an admitted request has to wait
	PBlock      float64 // probability that an arrival is turned away
	PAbandon    float64 // probability that an admitted request leaves before service
	Throughput  float64 // served per second
}

func (s Station) figures() []float64 {
	return []float64{s.Utilization, s.L, s.Lq, s.W, s.Wq, s.P0, s.PWait, s.PBlock, s.PAbandon, s.Throughput}
}
