#!/usr/bin/env python3
"""What the rules cost, as ratios and times from one run.

  rules.py [--devices 20000] [--rounds 5]

Two phonewatchd watch the same still fleet, one with every rule, one whose rules are about no type of
device: the CPU of a quiet sweep of the one against that of the other. Then all phones go offline at
once: as one outage, and each alone; how long it is from the arrival of the last page to the end of the
sweep, in which the rules have decided and all that is to be told is queued.
"""
import argparse, json, os, re, subprocess, sys, time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from bench import BIN, Bench, cpu_of, pages_of, show

NONE = "types = []"
ALL = ('offline_for = "0s" online_for = "1s" location_stale_after = "300d" emergency_invalid_for = "300d" '
       'remind_every = "1h" flap_changes = 1000 types = ["HardPhone", "OtherPhone", "Room", "Paging", "SoftPhone", "WebPhone", '
       '"BYOD", "Softphone", "MobileDevice"]')
ALONE = ALL + " site_outage_min = 1000000"


class Watcher:
    """One daemon beside others of the same vendor."""

    def __init__(self, bench, name, alerts, interval="1s"):
        folder = bench.path(name.replace(" ", "-"))
        os.mkdir(folder)
        self.log, self.database = f"{folder}/log", f"{folder}/pw.db"
        for file, text in (("secret", "sim-secret\n"), ("jwt", "sim-jwt\n")):
            with open(os.open(bench.path(file), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as f:
                f.write(text)
        conf = f"{folder}/pw.conf"
        with open(conf, "w") as f:
            f.write(f'''database = "{self.database}"
log_level = "debug"
alerts: {{ {alerts} }}
accounts: {{ acme: {{ server = "{bench.server}" client_id = "sim-client" client_secret_file = "{bench.path("secret")}"
  jwt_file = "{bench.path("jwt")}" interval = "{interval}" budget_share = 100 ca_file = "{bench.path("cert.pem")}" }} }}
sinks: {{ hook: {{ kind = "webhook" url = "{bench.receiver.url}" events = ["alert.*"] }} }}
''')
        self.process = subprocess.Popen([f"{BIN}/phonewatchd", "-c", conf], stderr=open(self.log, "w"))
        bench.procs.append(self.process)

    def lines(self, pattern):
        """Time and match of each line of its log that fits."""
        found = []
        with open(self.log) as f:
            for line in f:
                match = re.search(pattern, line)
                if match:
                    at, ms = line[:19], int(line[20:23])
                    found.append((time.mktime(time.strptime(at, "%Y-%m-%dT%H:%M:%S")) + ms / 1000, match))
        return found

    def wait(self, pattern, n, timeout=60):
        end = time.time() + timeout
        while len(self.lines(pattern)) < n:
            if time.time() > end:
                sys.exit("bench: no " + pattern + "\n" + open(self.log).read()[-2000:])
            time.sleep(0.05)
        return self.lines(pattern)


SWEEP = r"sweep of \d+ pages"


def quiet(args, bench):
    none, every = Watcher(bench, "none", NONE), Watcher(bench, "every", ALL)
    for w in (none, every):
        w.wait(SWEEP, 4)
    ratios = []
    for _ in range(args.rounds):
        costs = []
        for w in (none, every):
            n, before = len(w.lines(SWEEP)), cpu_of(w.process.pid)
            n = len(w.wait(SWEEP, n + 10)) - n
            costs.append((cpu_of(w.process.pid) - before) / n)
        ratios.append(costs[1] / costs[0])
    show("CPU of a quiet sweep with every rule / with none", ratios, 1.05)
    print(f"  {costs[1] * 1000:.1f} ms of CPU a sweep")
    for w in (none, every):
        bench.stop(w.process)


def storm(bench, name, alerts):
    w = Watcher(bench, name, alerts, "5s")
    w.wait(SWEEP, 2)
    before = len(w.lines(SWEEP))
    bench.call("/sim", b"all offline")
    w.wait(SWEEP, before + 3)
    pages = [at for at, _ in w.lines(r"page \d+: HTTP 200")]
    seconds = [at - max(p for p in pages if p <= at) for at, _ in w.lines(SWEEP)[before:]]
    bench.call("/sim", b"all online")
    w.wait(SWEEP, before + 6)
    out = subprocess.run([f"{BIN}/phonewatch", "-d", w.database, "events", "--type", "alert.firing", "-o", "ndjson"],
                         capture_output=True, text=True, check=True).stdout
    told = [json.loads(line)["data"]["alert"]["kind"] for line in out.splitlines()]
    show(f"a storm {name}: from its last page to all queued, the worst", [max(seconds)], 2.0, " s")
    print("  told: " + ", ".join(f"{told.count(k)} {k}" for k in sorted(set(told))))
    if not told:
        sys.exit("bench: nothing was told")
    bench.stop(w.process)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--devices", type=int, default=20000)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    print(f"{args.devices} devices, {pages_of(args)} pages, HTTPS")
    bench = Bench(args)
    try:
        bench.start_sim("--gzip", "vary")
        quiet(args, bench)
        storm(bench, "of one outage", ALL)
        storm(bench, "of single phones", ALONE)
    finally:
        bench.close()


if __name__ == "__main__":
    main()
