package drill

import (
	"cmp"
	"context"
	"time"

	"github.com/ombak-sim/ombak/setup"
)

// startParts starts mocks, backend and generator, each once the parts that it needs are ready.
func (c *conductor) startParts(ctx context.Context) error {
	generator := c.run.Generator
	if c.run.Service != nil {
		mocks, err := c.startMocks(ctx)
		if err != nil {
			return err
		}
		if err := c.startBackends(ctx, mocks.Addresses); err != nil {
			return err
		}
		generator.Targets["mail"] = "http://" + mocks.Addresses["mail"]
		if address, known := mocks.Addresses["sms"]; known {
			generator.Targets["sms"] = "http://" + address
		}
	}
	return c.startGenerators(ctx)
}

// ids returns the process ids of the parts by their names.
func (c *conductor) ids() map[string]int {
	ids := map[string]int{}
	for _, p := range c.parts {
		if here, ok := p.Part.(onMachine); ok {
			ids[p.name] = here.pid()
		}
	}
	return ids
}

// startMocks starts the mocks and writes to the folder how to control them.
func (c *conductor) startMocks(ctx context.Context) (Ready, error) {
	config := c.run.Service.Mocks
	config.Admin.Token = NewToken()
	carrier := c.environment.Mocks
	if carrier == nil {
		carrier = c.environment.here()
	}
	part, ready, err := c.startPart(ctx, carrier, Order{Mocks: &MocksOrder{Config: config}})
	if err != nil {
		return ready, err
	}
	c.control = Control{URL: "http://" + ready.Addresses["admin"], Token: config.Admin.Token}
	if answering, ok := part.Part.(Answering); ok {
		if c.relay, err = newRelay(answering, c.control.Token); err != nil {
			return ready, err
		}
		c.control.URL = c.relay.url()
	}
	return ready, WriteControl(c.environment.Folder, c.control)
}

// startBackends starts the backends, one after the other, and lets people go to them.
func (c *conductor) startBackends(ctx context.Context, mocks map[string]string) error {
	config := c.run.Service.Backend
	config.Database, config.LinkBase = c.environment.Database, c.environment.BackendURL
	setup.Connect(&config, mocks)
	carriers := c.environment.Backends
	if len(carriers) == 0 {
		carriers = []Carrier{c.environment.here()}
	}
	for _, carrier := range carriers {
		_, ready, err := c.startPart(ctx, carrier, Order{Backend: &BackendOrder{config, c.run.Scenario.Opens}})
		if err != nil {
			return err
		}
		c.store = ready.Store
		c.run.Generator.Targets["backend"] = cmp.Or(c.environment.BackendURL, "http://"+ready.Addresses["backend"])
	}
	return nil
}

// patience is how long a part may take to become ready.
const patience = 30 * time.Second

// startPart starts a part other than a generator and waits until it is ready.
func (c *conductor) startPart(ctx context.Context, carrier Carrier, order Order) (*conducted, Ready, error) {
	p, err := c.startAt(ctx, carrier, order, nil)
	if err != nil {
		return nil, Ready{}, err
	}
	ready, err := p.Await(ctx, patience)
	return p, ready, err
}

// startAt starts a part somewhere. A generator has a share of the people.
func (c *conductor) startAt(ctx context.Context, carrier Carrier, order Order, share *share) (*conducted, error) {
	kind, known := order.part()
	if !known {
		return nil, errNoOrder
	}
	p := &conducted{name: kind.name, kind: kind.name, share: share}
	var err error
	if p.Part, err = carrier.Start(ctx, order, func(message Message) { c.receive(p, message) }); err != nil {
		return nil, err
	}
	if abroad, ok := p.Part.(Abroad); ok {
		p.agent = abroad.Agent().Agent
		p.name += " on " + p.agent
	}
	c.parts = append(c.parts, p)
	return p, nil
}
