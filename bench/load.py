"""Load: many clients at once, mixed requests, everything checked.  Loopback only.

    python bench/load.py [--clients 64] [--requests 2000] [--seed 13] [--places 8]

A server of its own is started.  The requests are drawn from a seeded generator: photos of
several sizes as raw pixels and as files, by their id with hints, points and regions,
suggestions, uncertainty, progress; and what a server meets in life: wrong tokens, planes of
the wrong length, clients that hang up, clients of one byte a second.  Every coloured answer
is compared with what the colorizer gives in this process.  A 503 with Retry-After is waited
for and counted.  Printed: p50 and p99 by kind, health's latency meanwhile (and by how
much a mere pause of a process took longer, so that a busy machine shows), and the server's
memory, threads and file descriptors after 100 requests and at the end.  The exit code is 1
if an answer was wrong, memory grew by more than 10 % or anything leaked.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import json
import queue
import random
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
from http_overhead import server
from load_client import KINDS, Client, Outcome, Photo, make_photos, raw_request, slow_client

GROWTH = 1.10
PAUSE = 0.05


def quarters(jobs: list[Any]) -> list[list[Any]]:
    """Four parts of a list."""
    bounds = [len(jobs) * i // 4 for i in range(5)]
    return [jobs[a:b] for a, b in itertools.pairwise(bounds)]


def state_of(process: int) -> tuple[int, int, int]:
    """(resident bytes, threads, file descriptors) of the server."""
    status = Path(f"/proc/{process}/status").read_text()
    values = dict(line.split(":", 1) for line in status.splitlines())
    resident = int(values["VmRSS"].split()[0]) * 1024
    descriptors = len(list(Path(f"/proc/{process}/fd").iterdir()))
    return resident, int(values["Threads"]), descriptors


def settled(process: int) -> tuple[int, int, int]:
    """`state_of` once it stays the same for five seconds, or after a minute."""
    state, since = state_of(process), time.monotonic()
    end = since + 60
    while time.monotonic() < min(since + 5, end):
        time.sleep(0.5)
        now = state_of(process)
        if now[1:] != state[1:] or now[0] < state[0]:
            since = time.monotonic()
        state = now
    return state


def watch_health(url: str) -> None:
    """Ask for the health until stdin ends, then print [[milliseconds, lateness], ...] as JSON.

    Run as a process of its own: in this one, 64 client threads would be measured too.  The
    lateness, milliseconds by which a pause took longer than asked for, is what the machine
    does to any process, whether it talks to the server or not.
    """
    host, port = url.removeprefix("http://").rsplit(":", 1)
    connection = http.client.HTTPConnection(host, int(port), timeout=60)
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    found = []
    begin = time.perf_counter()
    while not ended.wait(PAUSE):
        start = time.perf_counter()
        late = start - begin - PAUSE
        connection.request("GET", "/v1/health")
        answer = connection.getresponse()
        answer.read()
        begin = time.perf_counter()
        found.append(((begin - start) * 1000, late * 1000))
    connection.close()
    print(json.dumps(found))


def run(clients: int, requests: int, seed: int, photos: list[Photo] | None = None,
        arguments: tuple[str, ...] = ()) -> Outcome:  # fmt: skip
    """The whole load against a server of its own."""
    photos = make_photos(seed) if photos is None else photos
    outcome = Outcome()
    choose = random.Random(seed)
    jobs: queue.SimpleQueue[tuple[str, Photo, int] | None] = queue.SimpleQueue()
    kinds, weights = list(KINDS), list(KINDS.values())
    early = min(100, requests // 2)
    lists = [
        (choose.choices(kinds, weights)[0], choose.choice(photos), choose.random())
        for _ in range(requests)
    ]
    # The cache is small, so that photos are dropped and sent anew all the time.
    with server("--device", "cpu", "--cache-mb", "96", *arguments) as found:
        done = threading.Event()
        helpers = [threading.Thread(target=slow_client, args=(found, done)) for _ in range(4)]
        first = Client(found, photos, outcome)
        first.patiently("/v1/colorize", *raw_request(photos[0]))
        first.connection.close()
        watcher = subprocess.Popen(
            [sys.executable, __file__, "--watch-health", found["url"]],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for helper in helpers:
            helper.start()

        def work() -> None:
            client = Client(found, photos, outcome)
            while (job := jobs.get()) is not None:
                kind, photo, number = job
                try:
                    client.run(kind, photo, random.Random(number))
                except Exception as error:
                    outcome.wrong.append(f"{kind}: {type(error).__name__}: {error}")
            client.connection.close()

        count = 0
        for part in [lists[:early], *quarters(lists[early:])]:
            threads = [threading.Thread(target=work) for _ in range(clients)]
            for thread in threads:
                thread.start()
            for job in part:
                jobs.put(job)
            for _ in threads:
                jobs.put(None)
            for thread in threads:
                thread.join()
            count += len(part)
            outcome.states.append((count, *settled(found["process"])))
        done.set()
        for helper in helpers:
            helper.join()
        for health, late in json.loads(watcher.communicate()[0]):
            outcome.health.append(health)
            outcome.late.append(late)
    return outcome


def judge(outcome: Outcome) -> list[str]:
    """What is not as it must be."""
    faults = list(outcome.wrong)
    _, memory, threads, descriptors = outcome.states[0]
    _, memory_end, threads_end, descriptors_end = outcome.states[-1]
    if memory_end > memory * GROWTH:
        faults.append(f"memory grew from {memory >> 20} to {memory_end >> 20} MiB")
    if threads_end > threads:
        faults.append(f"{threads} threads became {threads_end}")
    if descriptors_end > descriptors:
        faults.append(f"{descriptors} file descriptors became {descriptors_end}")
    return faults


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=13)
    parser.add_argument("--places", type=int, default=8, help="of the server")
    parser.add_argument("--watch-health", metavar="URL", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.watch_health:
        watch_health(given.watch_health)
        return
    places = ("--places", str(given.places))
    outcome = run(given.clients, given.requests, given.seed, arguments=places)
    print(f"{'kind':14}{'count':>7}{'p50 ms':>9}{'p99 ms':>9}   (waiting for places included)")
    for kind, values in outcome.milliseconds.items():
        p50, p99 = np.percentile(values, [50, 99])
        print(f"{kind:14}{len(values):7}{p50:9.0f}{p99:9.0f}")
    for name, values in (("health", outcome.health), ("a mere pause", outcome.late)):
        p50, p99 = np.percentile(values, [50, 99])
        print(
            f"{name:14}{len(values):7}{p50:9.1f}{p99:9.1f}   "
            f"largest {max(values):.0f} ms, {sum(v > 100 for v in values)} above 100 ms"
        )
    print(f"503 with Retry-After: {outcome.counts['503']}, ids sent anew: {outcome.counts['404']}")
    for count, memory, threads, descriptors in outcome.states:
        print(
            f"after {count} requests: {memory >> 20} MiB, {threads} threads, "
            f"{descriptors} file descriptors"
        )
    faults = judge(outcome)
    for fault in faults[:20]:
        print("WRONG", fault)
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
