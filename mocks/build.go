package mocks

import (
	"slices"
	"time"

	"github.com/ombak-sim/ombak/population"
	"github.com/ombak-sim/ombak/workload"
)

// build creates every mock and its handlers.
func (m *Mocks) build(config Config) error {
	people := population.New(config.Seed, config.Opens, config.Shares).In(config.Locale)
	for _, make := range []func(Config, population.Population) error{m.buildDukcapil, m.buildRegistries, m.buildMail, m.buildSMS} {
		if err := make(config, people); err != nil {
			return err
		}
	}
	for _, generic := range config.Generics {
		if err := m.buildGeneric(config, generic); err != nil {
			return err
		}
	}
	return nil
}

// lacks reports whether a built-in mock does not run.
func (c Config) lacks(name string) bool { return slices.Contains(c.Without, name) }

func (m *Mocks) buildDukcapil(config Config, people population.Population) error {
	if config.lacks(DukcapilName) {
		return nil
	}
	c := config.Dukcapil
	part, err := m.add(config, DukcapilName, DukcapilName, c.Listen, c.Service, c.Trouble)
	if err != nil {
		return err
	}
	identity := &dukcapil{context: m.context, config: c, people: people, station: part.station}
	part.handler, part.outage = identity.handle, identity.outage
	return nil
}

func (m *Mocks) buildRegistries(config Config, people population.Population) error {
	for _, built := range builtIns() {
		if config.lacks(built.name) {
			continue
		}
		described := config.Registries[built.name]
		part, err := m.add(config, built.name, built.name, described.Listen, described.Service, described.Trouble)
		if err != nil {
			return err
		}
		part.handler = (&registry{context: m.context, station: part.station, topics: built.topics(people)}).handle
	}
	return nil
}

func (m *Mocks) buildMail(config Config, people population.Population) error {
	if config.lacks(MailName) {
		return nil
	}
	part, err := m.add(config, MailName, MailName, config.Mail.Listen, config.Mail.Service, config.Mail.Trouble)
	if err != nil {
		return err
	}
	boxes := newMailboxes(config.Mail.MemoryBytes)
	m.post = &post{
		context: m.context, people: people, station: part.station, boxes: boxes, clock: m.clock,
		seed: config.Seed, delivery: config.Mail.Delivery, purpose: workload.NewPurpose("mocks.delivery"),
		board: part.board, journal: part.journal, grey: &greylist{seen: make(map[workload.Purpose]time.Duration)},
	}
	part.handler = (&mailReader{context: m.context, boxes: boxes, clock: m.clock}).handle
	return nil
}

func (m *Mocks) buildSMS(config Config, _ population.Population) error {
	if config.SMS == nil {
		return nil
	}
	part, err := m.add(config, smsName, smsName, config.SMS.Listen, config.SMS.Service, config.SMS.Trouble)
	if err != nil {
		return err
	}
	boxes := newMailboxes(0)
	m.phones = &gateway{
		context: m.context, config: *config.SMS, station: part.station, boxes: boxes, clock: m.clock, seed: config.Seed,
		limit: newNumberLimit(config.SMS.PerNumber), reader: &mailReader{context: m.context, boxes: boxes, clock: m.clock},
	}
	part.handler = m.phones.handle
	return nil
}

func (m *Mocks) buildGeneric(config Config, described Generic) error {
	part, err := m.add(config, described.Name, genericKind, described.Listen, described.Service, described.Trouble)
	if err != nil {
		return err
	}
	if described.Record != "" {
		recorder, err := newRecorder(m.context, described.Record)
		if err != nil {
			return err
		}
		m.recorders[described.Name], part.handler = recorder, recorder.handle
		return nil
	}
	answers, err := newGeneric(m.context, described, part.station, config.Opens)
	if err != nil {
		return err
	}
	answers.caller = newCaller(described.Calls, func(mock string) string { return m.addresses[mock] })
	part.generic, part.handler = answers, answers.handle
	if described.speaksGRPC() {
		part.callee, err = newCallee(answers, part)
	}
	return err
}
