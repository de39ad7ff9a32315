package fleet

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/ombak-sim/ombak/study/simulation"
)

// The limits of what an agent holds of studies.
const (
	mostStudies = 8   // at a time
	mostLeft    = 64  // that have ended and are remembered
	mostModels  = 64  // of a study; the one that was used least recently goes first
	jobsPerCore = 4   // played or waiting to be fetched
	modelBytes  = 256 // MiB of the texts of all models of a study
)

// workshop plays jobs of studies on an agent. It gives way to load: while the agent plays a part of a run, it is closed.
type workshop struct {
	agent *agent
	cores int

	mu      sync.Mutex
	studies map[string]*studied
	left    map[string]time.Time // studies that have ended, and when; a question may come behind the end
	busy    int                  // jobs that are played
}

// studied is what an agent holds of a study.
type studied struct {
	models   map[string]*jobModel
	incoming assembly
	jobs     map[string]*jobHere
	last     time.Time // when the conductor was heard
}

// jobModel is a model, which the first job of it prepares.
type jobModel struct {
	text     []byte
	used     time.Time
	once     sync.Once
	prepared *simulation.Prepared
	err      error
}

func (m *jobModel) prepare() (*simulation.Prepared, error) {
	m.once.Do(func() { m.prepared, m.err = simulation.Prepare(m.text) })
	return m.prepared, m.err
}

// jobHere is a job that is played, or whose result waits to be fetched.
type jobHere struct {
	order  simulation.Order
	asked  time.Time
	cancel context.CancelFunc
	passed atomic.Int64
	done   chan struct{}
	result []byte // once it is done
	err    error
}

func newWorkshop(a *agent, cores int) *workshop {
	return &workshop{agent: a, cores: cores, studies: map[string]*studied{}, left: map[string]time.Time{}}
}

// listen subscribes to what is said of studies.
func (w *workshop) listen() error {
	hear := func(what string, handle func(study string, m *nats.Msg)) error {
		_, err := w.agent.conn.Subscribe(subject("*", w.agent.Name, what), func(m *nats.Msg) { handle(strings.Split(m.Subject, ".")[2], m) })
		return err
	}
	w.agent.working.Go(w.sweep)
	return errors.Join(
		hear(jobWhat, func(study string, m *nats.Msg) { w.agent.working.Go(func() { w.answer(study, m) }) }),
		hear(modelWhat, w.takeModel),
		hear(leaveWhat, func(study string, _ *nats.Msg) { w.forget(study) }),
	)
}

// answer says how far a job is, and begins it if nobody plays it.
func (w *workshop) answer(study string, m *nats.Msg) {
	said := w.hear(study, m.Data)
	text, err := said.encode()
	if err == nil && m.Reply != "" {
		_ = m.Respond(text) // the conductor asks again
	}
}

func (w *workshop) hear(study string, text []byte) jobAnswer {
	question, key, err := decodeJob(text)
	if err == nil {
		err = w.vet(study, question.Order)
	}
	if err != nil {
		return jobAnswer{answer: answer{err.Error()}}
	}
	job, said := w.job(study, key, question)
	if job == nil {
		return said
	}
	timer := time.NewTimer(jobWait)
	defer timer.Stop()
	select {
	case <-job.done:
		return job.tell(question.Offset)
	case <-timer.C:
		return jobAnswer{Passed: time.Duration(job.passed.Load())}
	case <-w.agent.over.Done():
		return jobAnswer{Busy: true}
	}
}

// tell says what became of a job that is done.
func (j *jobHere) tell(offset int) jobAnswer {
	switch {
	case errors.Is(j.err, context.Canceled):
		return jobAnswer{Busy: true}
	case j.err != nil:
		return jobAnswer{answer: answer{j.err.Error()}}
	case len(j.result) > maxMessage:
		return jobAnswer{answer: answer{fmt.Sprintf("the result of replication %d has %d MiB, more than %d", j.order.Number, len(j.result)>>20, maxMessage>>20)}}
	}
	return chunkOf(j.result, offset)
}

// vet returns an error unless the agent may play an order.
func (w *workshop) vet(study string, o simulation.Order) error {
	a := w.agent
	switch {
	case !isName(study):
		return errors.New("the job names no study")
	case !slices.Contains(a.Roles, StudyRole):
		return fmt.Errorf("agent %s plays no jobs of studies; join it with --role %s", a.Name, StudyRole)
	case !sameBuild(a.Build, o.Build):
		return fmt.Errorf("agent %s is %s, and the conductor is %s; install the same ombak on both", a.Name, describe(a.Build), describe(o.Build))
	}
	if err := o.Check(); err != nil {
		return fmt.Errorf("agent %s: %w", a.Name, err)
	}
	return nil
}

// job returns the job of an order, which it begins if it is new, or nil and what to say instead.
func (w *workshop) job(study, key string, q jobQuestion) (*jobHere, jobAnswer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	loaded := w.agent.loaded() // with the lock, so that no job begins behind giveWay
	s := w.studies[study]
	if s == nil {
		if _, ended := w.left[study]; ended || loaded || len(w.studies) >= mostStudies {
			return nil, jobAnswer{Busy: true}
		}
		s = &studied{models: map[string]*jobModel{}, jobs: map[string]*jobHere{}}
		w.studies[study] = s
		w.agent.log("plays jobs of study %s", study)
	}
	s.last = time.Now()
	if had := s.jobs[q.Had]; had != nil {
		had.cancel()
		delete(s.jobs, q.Had)
	}
	if job := s.jobs[key]; job != nil {
		job.asked = s.last
		return job, jobAnswer{}
	}
	if loaded || w.busy >= w.cores || len(s.jobs) >= jobsPerCore*w.cores {
		return nil, jobAnswer{Busy: true}
	}
	model := s.models[q.Order.Model]
	if model == nil {
		return nil, jobAnswer{Model: true}
	}
	model.used = s.last
	return w.begin(s, key, q.Order, model), jobAnswer{}
}

// begin plays a job. The caller holds the lock.
func (w *workshop) begin(s *studied, key string, o simulation.Order, model *jobModel) *jobHere {
	ctx, cancel := context.WithCancel(w.agent.over)
	job := &jobHere{order: o, asked: s.last, cancel: cancel, done: make(chan struct{})}
	s.jobs[key] = job
	w.busy++
	w.agent.working.Go(func() {
		defer cancel()
		prepared, err := model.prepare()
		if err == nil {
			job.result, err = prepared.Play(ctx, o, func(by time.Duration) { job.passed.Add(int64(by)) })
		}
		if err == nil && w.agent.tamper != nil {
			job.result = w.agent.tamper(job.result)
		}
		job.err = err
		w.mu.Lock()
		w.busy--
		w.mu.Unlock()
		close(job.done)
	})
	return job
}

// takeModel adds a chunk of the text of a model. The answer to the last one says whether it was taken.
func (w *workshop) takeModel(study string, m *nats.Msg) {
	chunk, err := decode(m.Data)
	if err != nil || chunk.Run != study {
		reply(m, answer{"the model cannot be read"})
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.studies[study]
	if s == nil { // it has been forgotten; the conductor asks for its job again
		reply(m, answer{})
		return
	}
	s.last = time.Now()
	whole, done, err := s.incoming.add(chunk)
	switch {
	case err != nil:
		reply(m, answer{"the model was damaged on its way: " + err.Error()})
	case !done: // after a gap the conductor asks for its job, hears that the model is missing, and sends it again
		reply(m, answer{})
	default:
		sum := sha256.Sum256(whole.Message)
		if hex.EncodeToString(sum[:]) != whole.Incarnation {
			reply(m, answer{"the model is another than the one that was announced"})
			return
		}
		s.add(whole.Incarnation, whole.Message)
		reply(m, answer{})
	}
}

// add keeps a model, and lets go of the least recently used ones beyond the limits.
func (s *studied) add(key string, text []byte) {
	if s.models[key] != nil {
		return
	}
	s.models[key] = &jobModel{text: text, used: time.Now()}
	for {
		oldest, size := "", 0
		for name, model := range s.models {
			size += len(model.text)
			if name != key && (oldest == "" || cmp.Compare(model.used.UnixNano(), s.models[oldest].used.UnixNano()) < 0) {
				oldest = name
			}
		}
		if oldest == "" || len(s.models) <= mostModels && size <= modelBytes<<20 {
			return
		}
		delete(s.models, oldest)
	}
}

// forget drops everything of a study that has ended.
func (w *workshop) forget(study string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.left[study] = time.Now(); len(w.left) > mostLeft {
		w.left = map[string]time.Time{study: time.Now()}
	}
	if s := w.studies[study]; s != nil {
		s.cancel()
		delete(w.studies, study)
	}
}

// giveWay drops all studies, because load is to be sent. Their conductors give the jobs to others, or ask again.
func (w *workshop) giveWay() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for study, s := range w.studies {
		s.cancel()
		delete(w.studies, study)
	}
}

func (s *studied) cancel() {
	for _, job := range s.jobs {
		job.cancel()
	}
}

// sweep drops jobs and studies that nobody asks for any more.
func (w *workshop) sweep() {
	ticker := time.NewTicker(min(time.Second, w.agent.Silence/4+1))
	defer ticker.Stop()
	for {
		select {
		case <-w.agent.over.Done():
			return
		case <-ticker.C:
			w.dropUnasked(time.Now().Add(-w.agent.Silence))
		}
	}
}

func (w *workshop) dropUnasked(since time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	maps.DeleteFunc(w.left, func(_ string, at time.Time) bool { return at.Before(since) })
	for name, s := range w.studies {
		for key, job := range s.jobs {
			if job.asked.Before(since) {
				job.cancel()
				delete(s.jobs, key)
			}
		}
		if s.last.Before(since) && len(s.jobs) == 0 {
			delete(w.studies, name)
			w.agent.log("heard nothing of study %s any more", name)
		}
	}
}

// playing returns the names of the studies of which jobs are played.
func (w *workshop) playing() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var names []string
	for name := range w.studies {
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, ",")
}

// loaded reports whether the agent plays a part of a run.
func (a *agent) loaded() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.playing != nil
}

// arch is the kind of processor that results depend on.
const arch = runtime.GOARCH
