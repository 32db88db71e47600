"""The peer in virtual time: each workload as SimPy's own documentation would write it.

usage: simpy_loop.py hold PENDING EVENTS | queue SERVERS LOAD CUSTOMERS | sleeps PROGRAMS SLEEPS | messages COUNT | calls COUNT
Prints seconds of CPU time, units of work and a result.
"""
import random
import sys
import time

import simpy


def hold(pending, events):
    env = simpy.Environment()
    chance = random.Random(1)
    delays = [chance.expovariate(1) for _ in range(1 << 16)]  # drawn beforehand, as in ours
    state = {"turn": 0, "left": pending + events}
    done = env.event()

    def again(_event):
        state["left"] -= 1
        if state["left"] == 0:
            done.succeed()
        state["turn"] += 1
        env.timeout(delays[state["turn"] & 0xFFFF]).callbacks.append(again)

    for i in range(pending):
        env.timeout(delays[i & 0xFFFF]).callbacks.append(again)
    state["left"] = pending
    env.run(until=done)
    done = env.event()
    state["left"] = events
    start = time.process_time()
    env.run(until=done)
    return time.process_time() - start, events, env.now


def queue(servers, load, customers):
    env = simpy.Environment()
    arrivals, service = random.Random(1), random.Random(2)
    desk = simpy.Resource(env, capacity=servers)
    waited = 0.0

    def customer():
        nonlocal waited
        arrived = env.now
        with desk.request() as turn:
            yield turn
            waited += env.now - arrived
            yield env.timeout(service.expovariate(1))

    def source():
        for _ in range(customers):
            yield env.timeout(arrivals.expovariate(load * servers))
            env.process(customer())

    env.process(source())
    start = time.process_time()
    env.run()
    return time.process_time() - start, customers, waited / customers


def sleeps(programs, count):
    env = simpy.Environment()

    def sleeper(i):
        for k in range(count):
            yield env.timeout(1 + (i * 7 + k * 13) % 10)

    for i in range(programs):
        env.process(sleeper(i))
    start = time.process_time()
    env.run()
    return time.process_time() - start, programs * count, env.now


def messages(count):
    env = simpy.Environment()
    there, back = simpy.Store(env), simpy.Store(env)

    def client():
        for i in range(count // 2):
            yield there.put({"number": i, "text": "hello"})
            yield back.get()

    def server():
        for _ in range(count // 2):
            message = yield there.get()
            yield back.put(message)

    env.process(client())
    env.process(server())
    start = time.process_time()
    env.run()
    return time.process_time() - start, count, env.now


def calls(count):
    """Calls over datagrams, of which a fifth gets lost each way: asked again after 5 ms."""
    env = simpy.Environment()
    chance = random.Random(1)
    there, back = simpy.Store(env), simpy.Store(env)
    tries = 0

    def carry(store, message):
        yield env.timeout(1)
        store.put(message)

    def send(store, message):
        if chance.random() >= 0.2:
            env.process(carry(store, message))

    def client():
        nonlocal tries
        for i in range(count):
            while True:
                tries += 1
                send(there, i)
                answer = back.get()
                got = yield answer | env.timeout(5)
                if answer in got:
                    break
                answer.cancel()

    def server():
        while True:
            message = yield there.get()
            send(back, message)

    env.process(server())
    done = env.process(client())
    start = time.process_time()
    env.run(until=done)
    return time.process_time() - start, count, tries / count


if __name__ == "__main__":
    workload, *numbers = sys.argv[1:]
    numbers = [float(n) if "." in n else int(n) for n in numbers]
    workloads = {"hold": hold, "queue": queue, "sleeps": sleeps, "messages": messages, "calls": calls}
    seconds, units, result = workloads[workload](*numbers)
    print(f"{seconds:.9f} {units} {result:.6f}")
