package sim

// follow begins the walk of the person who follows another in a closed population.
func (m *model) follow() {
	if m.followers >= m.config.People {
		m.exhausted = m.exhausted || m.engine.now < m.config.Closed.Until
		return
	}
	person := m.circle.At(m.followers)
	m.followers++
	at, begins := m.config.Closed.Begins(m.config.Seed, m.config.Journey.Clock, person, m.engine.now)
	if !begins {
		return
	}
	slot := m.takeSession()
	walk, action := m.journey.Begin(person, at, m.tracks.Of(slot))
	m.open(slot, 0, walk, action)
}
