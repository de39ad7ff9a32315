package loadgen

// rested returns an idle connection that can be reused. It closes those that are too old.
func (e *epoll) rested(work job, target int32) (int32, bool) {
	for {
		place, found := int32(0), false
		if e.own != nil {
			key := owner{work.person, target}
			place, found = e.own[key]
			delete(e.own, key)
		} else if waiting := e.idle[target]; len(waiting) > 0 {
			place, found = waiting[len(waiting)-1], true
			e.idle[target] = waiting[:len(waiting)-1]
		}
		if !found || !e.tooOld(&e.conns[place]) {
			return place, found
		}
		e.conns[place].state = closed // it is in no list any more
		e.drop(place)
	}
}

func (e *epoll) tooOld(c *conn) bool {
	if e.limits.Life == 0 && e.limits.Idle == 0 {
		return false
	}
	now := e.now()
	return e.limits.Life > 0 && now-c.opened > e.limits.Life || e.limits.Idle > 0 && now-c.rested > e.limits.Idle
}

// rest makes a connection idle. It closes the connection if its person already has an idle one.
func (e *epoll) rest(place int32) {
	c := &e.conns[place]
	if e.limits.Idle > 0 {
		c.rested = e.now()
	}
	if e.own == nil {
		e.idle[c.target] = append(e.idle[c.target], place)
		return
	}
	if _, taken := e.own[c.owner]; taken {
		c.state = closed
		e.drop(place)
		return
	}
	e.own[c.owner] = place
}

func (e *epoll) forget(person uint64) {
	e.forgetSockets(person)
	defer e.secure.forget(person)
	if e.own == nil {
		return
	}
	for target := range e.generator.targets {
		key := owner{person, int32(target)}
		if place, found := e.own[key]; found {
			e.drop(place)
		}
		if place, found := e.second.own[key]; found {
			e.retire(place)
		}
	}
}
