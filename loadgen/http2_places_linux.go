package loadgen

// h2Place returns a connection for a request, and whether it was there before.
func (e *epoll) h2Place(work job) (place int32, found bool, err error) {
	target := int32(e.generator.client(work))
	key := owner{work.person, target}
	cold := e.generator.cold(work)
	switch {
	case cold:
	case e.own != nil:
		place, found = e.second.own[key]
		if found && !e.usable(place) {
			e.retire(place)
			found = false
		}
	default:
		place, found = e.roomyPlace(target)
	}
	if found {
		return place, true, nil
	}
	if place, err = e.openH2(target, key, cold); err != nil {
		return 0, false, err
	}
	switch {
	case cold:
	case e.own != nil:
		e.second.own[key] = place
	default:
		e.offer(place)
	}
	return place, false, nil
}

// usable reports whether a connection takes another stream, and is not too old for it.
func (e *epoll) usable(place int32) bool {
	c := &e.conns[place]
	aged := e.limits.Life > 0 && e.now()-c.opened > e.limits.Life
	old := c.state == busy && e.tooOld(c) && (aged || c.h2.idle())
	return !old && c.h2.room()
}

// retire lets no further stream begin on a connection of a person.
func (e *epoll) retire(place int32) {
	c := &e.conns[place]
	c.h2.leaving = true
	delete(e.second.own, c.owner)
	e.dismiss(place)
}

// roomyPlace returns a connection with room for another stream.
func (e *epoll) roomyPlace(target int32) (int32, bool) {
	for {
		places := e.second.roomy[target]
		if len(places) == 0 {
			return 0, false
		}
		place := places[len(places)-1]
		if e.usable(place) {
			return place, true
		}
		c := &e.conns[place]
		c.roomy, e.second.roomy[target] = false, places[:len(places)-1]
		if c.h2.room() { // it is too old
			c.h2.leaving = true
			e.dismiss(place)
		}
	}
}

// offer makes a connection available if it has room.
func (e *epoll) offer(place int32) {
	if c := &e.conns[place]; e.own == nil && !c.cold && !c.roomy && c.h2.room() {
		c.roomy = true
		e.second.roomy[c.target] = append(e.second.roomy[c.target], place)
	}
}

// withdraw makes a connection unavailable.
func (e *epoll) withdraw(place int32) {
	c := &e.conns[place]
	if !c.roomy {
		return
	}
	c.roomy = false
	places := e.second.roomy[c.target]
	for i, other := range places {
		if other == place {
			e.second.roomy[c.target] = append(places[:i], places[i+1:]...)
			return
		}
	}
}

// dismiss closes a connection that nobody uses and nobody will.
func (e *epoll) dismiss(place int32) {
	if c := &e.conns[place]; c.h2.leaving && c.h2.idle() {
		e.drop(place)
	}
}

// openH2 begins to open an HTTP/2 connection.
func (e *epoll) openH2(target int32, key owner, cold bool) (int32, error) {
	fd, sockaddr, err := e.socketOf(target)
	if err != nil {
		return 0, err
	}
	place := e.place(fd, target)
	c := &e.conns[place]
	c.h2, c.owner, c.cold = newH2Conn(e.second.limit), key, cold
	c.h2.now = e.now
	if err := e.open(place, sockaddr); err != nil {
		e.drop(place)
		return 0, err
	}
	return place, nil
}

// warmH2 opens connections in advance, as many as n requests at once need.
func (e *epoll) warmH2(target int32, n int) {
	if e.own != nil {
		return // nobody would use them
	}
	for range (n + e.second.limit - 1) / e.second.limit {
		place, err := e.openH2(target, owner{}, false)
		if err != nil {
			return // the first request will report it
		}
		e.conns[place].spare = true
		e.offer(place)
	}
}
