package loadgen

import "time"

// pace compares the seconds in which requests were sent with the seconds in which they were intended.
type pace struct {
	newest int64 // the latest second seen
	due    [paceSeconds]int
	sent   [paceSeconds]int
	wrong  int // requests of closed seconds that were sent in another one
	total  int
}

// paceSeconds is the number of open seconds. A request that is later than that is wrong in any case.
const paceSeconds = 16

func (p *pace) add(intended, sent time.Duration) {
	now := int64(sent / time.Second)
	for p.newest < now {
		p.newest++
		p.close(p.newest - paceSeconds)
	}
	p.total++
	second := int64(intended / time.Second)
	if intended < 0 || second <= p.newest-paceSeconds {
		p.wrong++
		return
	}
	p.due[second%paceSeconds]++
	p.sent[now%paceSeconds]++
}

// close counts a second and frees its place.
func (p *pace) close(second int64) {
	place := (second%paceSeconds + paceSeconds) % paceSeconds
	p.wrong += max(0, p.due[place]-p.sent[place])
	p.due[place], p.sent[place] = 0, 0
}

// finish closes all seconds. It returns how many requests were sent in another second, and how many there were.
func (p *pace) finish() (wrong, total int) {
	for i := range int64(paceSeconds) {
		p.close(i)
	}
	return p.wrong, p.total
}
