#!/usr/bin/env python3
"""The figures that questions about the past are held to.

  past.py [--devices 20000] [--days 30,365] [--rounds 5] [--keep FOLDER]

Makes a database as phonewatchd writes it: so many devices in 200 sites and 12 models, four
transitions a device and day, records of two kilobytes, and a gap of the account a week. phonewatchd sums
up the days; what that takes is told. Then it asks, whole processes with a warm cache, and prints for
each question the median of the rounds with least and most, and the target. At last it commits, as a
page does, with and without reports that run meanwhile. What 4 transitions cost on disk is bench.py's to
measure.
"""
import argparse, json, os, random, resource, shutil, signal, sqlite3, statistics, subprocess, sys, tempfile, time

BIN = os.environ.get("TEST_BIN", "build")
DAY = 86400000


def start_daemon(path):
    """It watches an account of nobody: that of the database is left alone."""
    folder = os.path.dirname(path)
    for name in ("secret", "jwt"):
        with open(os.path.join(folder, name), "w") as f:
            os.fchmod(f.fileno(), 0o600)
            f.write("x")
    config = os.path.join(folder, "bench.conf")
    with open(config, "w") as f:
        f.write(f'database = "{path}"\naccounts: {{ nobody: {{ server = "http://127.0.0.1:1"\n'
                'client_id = "x" client_secret_file = "secret" jwt_file = "jwt" } }\n')
    return subprocess.Popen([f"{BIN}/phonewatchd", "-c", config], stderr=subprocess.DEVNULL)


def stop(daemon):
    daemon.terminate()
    daemon.wait()


def make_schema(path):
    """The daemon makes its own database; it need not reach anybody for that."""
    daemon = start_daemon(path)
    while True:
        time.sleep(0.05)
        if daemon.poll() is not None:
            sys.exit("phonewatchd does not start")
        # It reads a database of its own version only: the last step has been taken.
        if subprocess.run([f"{BIN}/phonewatch", "-d", path, "accounts"], capture_output=True).returncode == 0:
            break
    stop(daemon)


def sum_up(path, devices, days):
    """A minute after its start the daemon begins."""
    daemon = start_daemon(path)
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    while (db.execute("SELECT coalesce(sum(n_days), 0) FROM days").fetchone()[0]) < devices * days:
        time.sleep(2)
    with open(f"/proc/{daemon.pid}/stat") as f:
        ticks = sum(map(int, f.read().rsplit(")", 1)[1].split()[11:13]))
    size = db.execute("SELECT sum(length(sums)) FROM days").fetchone()[0]
    print(f"{days:4} days  summed up in {ticks / os.sysconf('SC_CLK_TCK'):.1f} s of CPU,"
          f" {size / devices / days:.1f} bytes a device and day", flush=True)
    db.close()
    stop(daemon)


def fill(path, devices, days, now):
    """Spans by device: a table that is filled in its order is smaller than one that grew, and so
    an index is made of what came in another order."""
    dice = random.Random(7)
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA synchronous=OFF")
    db.execute("BEGIN")
    begin = now - days * DAY
    db.execute("DELETE FROM account")
    db.execute("INSERT INTO account (account_id, name) VALUES (1, 'acme')")
    db.execute("UPDATE account SET state=1, swept=1, since_ms=?, whole_sent_ms=?, last_sweep_ms=?,"
               " last_page_ms=?, interval_ms=60000", (begin, now - 2000, now - 1000, now - 1000))
    for week in range(days // 7):
        at = begin + week * 7 * DAY + dice.randrange(6 * DAY)
        db.execute("INSERT INTO gap VALUES (1, 0, ?, ?, 1)", (at, at + 1800000))
    for n in range(1, devices + 1):
        facts = {"name": f"Phone {n}", "type": "HardPhone", "serial": f"{n:012X}", "sku": "HP-56",
                 "model": f"Model {n % 12}", "extension_number": str(10000 + n),
                 "extension_id": str(62264425016 + n), "extension_name": None,
                 "phone_numbers": [f"+1555{n:07}"], "site": f"Site {n % 200}",
                 "site_id": str(n % 200)}
        db.execute("INSERT INTO device_version VALUES (?, ?, ?)", (n, n, json.dumps(facts, separators=(",", ":"))))
        db.execute("INSERT INTO device VALUES (?, 1, ?, ?, ?, NULL)",
                   (n, str(802398800000 + n), json.dumps({"record": "x" * 2000}), n))
        at, state, rows = begin, 1, [(n, begin, 60000, 1)]
        for day in range(days):
            for _ in range(2):
                down = begin + day * DAY + dice.randrange(DAY // 2) + (_ * DAY // 2)
                down = max(down, at + 1000)
                up = down + dice.randrange(60000, 3600000)
                rows += [(n, down, 60000, 2), (n, up, 60000, 1)]
                at = up
        rows = [row for row in rows if row[1] < now - 2000]
        db.executemany("INSERT INTO span VALUES (?, ?, ?, ?)", rows)
        last = rows[-1]
        db.execute("INSERT INTO device_state VALUES (?, ?, ?, NULL, ?, ?, NULL, ?, 0, 0, NULL)",
                   (n, last[3], last[3], last[1] - 60000, last[1], last[1]))
    db.execute("COMMIT")
    db.close()


def ask(path, *args, output="ndjson"):
    """Milliseconds: until it has ended, and of CPU."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run([f"{BIN}/phonewatch", "-d", path, "-o", output, *args], check=True,
                   stdout=subprocess.DEVNULL)
    after, took = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic() - started
    return took * 1000, (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000


def bench(path, days, rounds):
    questions = [
        ("a device, all of it", 10, ["history", "802398800777", "--since", f"-{days}d"]),
        ("the fleet at an instant", 200, ["status", "--at", f"-{days // 2}d"]),
        ("the report by site", 500 if days <= 31 else 1000, ["report", "--by", "site", "--since", f"-{days}d"]),
    ]
    if days <= 31:
        questions.append(("the report by device", 500, ["report", "--by", "device", "--since", f"-{days}d"]))
    for name, target, args in questions:
        for output in ("ndjson", "table"):
            both = [ask(path, *args, output=output) for _ in range(rounds + 1)][1:]
            times = [took for took, _ in both]
            median, cpu = statistics.median(times), statistics.median(cpu for _, cpu in both)
            print(f"{days:4} days  {name:25} {output:7} {median:8.1f} ms ({min(times):.1f} to {max(times):.1f}),"
                  f" {cpu:.0f} ms of CPU  target {target} ms  {'met' if median <= target else 'MISSED'}", flush=True)


def commit_for(path, seconds):
    """How long each took, in milliseconds: a device's state, a span, an event, synced to disk."""
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    db.execute("PRAGMA wal_autocheckpoint=0")  # phonewatchd has jobs of their own for that
    times, end = [], time.monotonic() + seconds
    at = db.execute("SELECT max(from_ms) FROM span WHERE device_id < 100").fetchone()[0]
    while time.monotonic() < end:
        at += 1
        device = 1 + at % 50
        started = time.monotonic()
        db.execute("BEGIN IMMEDIATE")
        db.execute("UPDATE device_state SET status = 3 - status, observed_ms = ? WHERE device_id = ?", (at, device))
        db.execute("INSERT INTO span VALUES (?, ?, 1000, (SELECT status FROM device_state WHERE device_id = ?))",
                   (device, at, device))
        db.execute("INSERT INTO event (type, at_ms, account_id, device_id, version_id, status) VALUES (1, ?, 1, ?, ?, 1)",
                   (at, device, device))
        db.execute("COMMIT")
        times.append((time.monotonic() - started) * 1000)
        time.sleep(0.005)
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    return times


def commits_beside(path, reported, days):
    """With reports without a pause of this database, or of another."""
    report = subprocess.Popen(["sh", "-c", f"while :; do {BIN}/phonewatch -d {reported} -o json report --by site"
                               f" --since -{days}d; done"], stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        return commit_for(path, 4)
    finally:
        os.killpg(report.pid, signal.SIGTERM)
        report.wait()


def commits(path, days, rounds):
    """What reports of a copy cost is the processor's and the disk's; what those of the database cost more
    is its own. Rounds alternate, so that a machine whose speed drifts favours none."""
    copy = path + ".copy"
    shutil.copy(path, copy)
    alone, own, other = [], [], []
    for _ in range(rounds):
        alone += commit_for(path, 4)
        own += commits_beside(path, path, days)
        other += commits_beside(path, copy, days)
    os.unlink(copy)
    p99 = [sorted(times)[len(times) * 99 // 100] for times in (alone, other, own)]
    print(f"commit, 99th percentile: {p99[0]:.2f} ms alone, {p99[1]:.2f} ms beside reports of a copy, {p99[2]:.2f} ms"
          f" beside reports of the database: ratio {p99[2] / p99[1]:.2f} ({len(alone)}, {len(other)} and {len(own)}"
          " commits)", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--devices", type=int, default=20000)
    parser.add_argument("--days", default="30,365")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--keep", help="leave the databases in this folder, and use what is there")
    args = parser.parse_args()
    folder = args.keep or tempfile.mkdtemp(prefix="phonewatch-past-")
    try:
        for days in map(int, args.days.split(",")):
            path = os.path.join(folder, f"{days}", "phonewatch.db")
            if not os.path.exists(path):
                os.makedirs(os.path.dirname(path), exist_ok=True)
                make_schema(path)
                fill(path, args.devices, days, int(time.time() * 1000))
                sum_up(path, args.devices, days)
            print(f"{days:4} days  database of {os.path.getsize(path) / 1e6:.0f} MB")
            bench(path, days, args.rounds)
            if days <= 31:
                commits(path, days, args.rounds)
    finally:
        if not args.keep:
            shutil.rmtree(folder)


main()
