# M/M/4 at a utilization of .8 in SimPy 3: prints events (an arrival and a departure for each
# customer) per second of processor time.
import random
import sys
import time

import simpy


def customer(env, servers):
    with servers.request() as place:
        yield place
        yield env.timeout(random.expovariate(1.0))


def source(env, servers, customers):
    for _ in range(customers):
        yield env.timeout(random.expovariate(3.2))
        env.process(customer(env, servers))


random.seed(1)
env = simpy.Environment()
customers = int(sys.argv[1])
env.process(source(env, simpy.Resource(env, capacity=4), customers))
begun = time.process_time()
env.run()
print(2 * customers / (time.process_time() - begun))
