#!/usr/bin/env python3
"""What the daemon takes of a machine over time: starts, wake-ups, memory.

  steady.py [--devices 100000] [--only restart|idle|sweeps|million]

restart   stopped and started with a known fleet: from its start to its first request of the vendor
idle      wake-ups a second of all its threads between two sweeps, and aside from the hourly look at what is
          to be summed up and forgotten
sweeps    fifty accounts swept each second: its memory after 10,000 sweeps against that after 1,000
million   its memory when it has seen a million devices, and again when nothing has changed
"""
import argparse, json, os, statistics, subprocess, sys, time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from bench import BIN, Bench, rss_of, show

START_S = 120  # until then it has looked for the first time at what is to be summed up and forgotten
IDLE_S = 60


def first_request(bench, seen):
    """When the simulator was first asked again, having been asked so often before: seconds since 1970."""
    while True:
        with open(bench.path("sim.log")) as f:
            lines = f.readlines()[seen:]
        asked = [json.loads(line) for line in lines if line.endswith("\n")]
        asked = [line for line in asked if line["event"] == "request" and line["path"].endswith("/device")]
        if asked:
            return asked[0]["at_ms"] / 1000
        time.sleep(0.005)


def restart(args):
    bench = Bench(args)
    try:
        bench.start_sim("--log", bench.path("sim.log"))
        daemon, waits = bench.start_daemon("1s"), []
        bench.wait_sweeps(2)
        for _ in range(args.rounds):
            bench.stop(daemon)
            with open(bench.path("sim.log")) as f:
                seen = len(f.readlines())
            began = time.time()
            daemon = bench.start_daemon_again()
            waits.append((first_request(bench, seen) - began) * 1000)
            bench.wait_sweeps(1)
        show("restart: until the first request", waits, 300, " ms")
    finally:
        bench.close()


def wakeups(pid):
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/status") as f:
            total += sum(int(line.split()[1]) for line in f if line.startswith("voluntary_ctxt_switches"))
    return total


def idle(args):
    bench = Bench(args)
    try:
        bench.start_sim()
        daemon = bench.start_daemon("5m")
        bench.wait_sweeps(1)
        time.sleep(START_S)
        before = wakeups(daemon.pid)
        time.sleep(IDLE_S)
        show("idle: wake-ups a second", [(wakeups(daemon.pid) - before) / IDLE_S], 2)
    finally:
        bench.close()


def sweeps_of(bench):
    """All that have ended since it was started, by what the simulator was asked for."""
    with open(bench.path("sim.log"), "rb") as f:
        return f.read().count(b"~/device\"")


def sweeps(args):
    accounts = 50
    args = argparse.Namespace(**{**vars(args), "devices": 40})
    bench = Bench(args)
    try:
        bench.start_sim("--accounts", str(accounts), "--log", bench.path("sim.log"), "--life", "5%")
        daemon = bench.start_daemon("1s", accounts=accounts)
        memory = {}
        for n in (1000, 10000):
            while sweeps_of(bench) < n:
                time.sleep(1)
            memory[n] = rss_of(daemon.pid) / 2**20
        print(f"  {memory[1000]:.2f} MB after 1,000 sweeps, {memory[10000]:.2f} MB after 10,000")
        show("memory that 9,000 more sweeps take", [memory[10000] - memory[1000]], 1, " MB")
    finally:
        bench.close()


def million(args):
    args = argparse.Namespace(**{**vars(args), "devices": 1000000})
    bench = Bench(args)
    try:
        bench.start_sim()
        daemon = bench.start_daemon("1s")
        for name in ("seen for the first time", "seen again"):
            bench.wait_sweeps(1, timeout=900)
            show(f"memory, a million devices {name}", [rss_of(daemon.pid) / 2**20], 400, " MB")
    finally:
        bench.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--devices", type=int, default=100000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=["restart", "idle", "sweeps", "million"])
    args = parser.parse_args()
    for name, part in (("restart", restart), ("idle", idle), ("sweeps", sweeps), ("million", million)):
        if args.only in (None, name):
            part(args)


main()
