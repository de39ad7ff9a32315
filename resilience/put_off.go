package resilience

// PutOffConfig describes a step that people take after all others.
//
// It is load shifting: work that is not needed at the peak is done after it; Gellings, "The Concept of
// Demand-Side Management for Electric Utilities", Proceedings of the IEEE 73(10), 1985.
type PutOffConfig struct {
	Spares string `json:"spares"` // requirement for joining that is dropped
}

// Validate returns nil: every value is valid.
func (PutOffConfig) Validate() error { return nil }

func deferredPhoto() Descriptor {
	return Descriptor{
		Name: "deferred-photo", Does: "moves a step, the upload of a photo, after all others.", Source: "Gellings 1985",
		Places: only(AtStep), Live: only(AtStep),
		Config:  func(Settings) Config { return PutOffConfig{Spares: "photo"} },
		Changes: Changes{WhyNot: "it has moved a step for everybody who has begun"},
	}
}
