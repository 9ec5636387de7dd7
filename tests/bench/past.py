#!/usr/bin/env python3
"""The figures that questions about the past are held to.

  past.py [--devices 20000] [--days 30,365] [--rounds 5] [--keep FOLDER]

Makes a database as phonewatchd writes it: so many devices in 200 sites and 12 models, four
transitions a device and day, and a gap of the account a week. Then it asks, whole processes with a
warm cache, and prints for each question the median of the rounds with least and most, and the
target. What 4 transitions cost on disk is bench.py's to measure.
"""
import argparse, json, os, random, shutil, sqlite3, statistics, subprocess, sys, tempfile, time

BIN = os.environ.get("TEST_BIN", "build")
DAY = 86400000


def make_schema(path):
    """The daemon makes its own database; it need not reach anybody for that."""
    folder = os.path.dirname(path)
    for name in ("secret", "jwt"):
        with open(os.path.join(folder, name), "w") as f:
            os.fchmod(f.fileno(), 0o600)
            f.write("x")
    config = os.path.join(folder, "bench.conf")
    with open(config, "w") as f:
        f.write(f'database = "{path}"\naccounts: {{ acme: {{ server = "http://127.0.0.1:1"\n'
                'client_id = "x" client_secret_file = "secret" jwt_file = "jwt" } }\n')
    daemon = subprocess.Popen([f"{BIN}/phonewatchd", "-c", config], stderr=subprocess.DEVNULL)
    while True:
        time.sleep(0.05)
        if daemon.poll() is not None:
            sys.exit("phonewatchd does not start")
        try:
            db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
            db.execute("SELECT count(*) FROM gap")  # of the last step to the schema
            break
        except sqlite3.Error:
            pass
    daemon.terminate()
    daemon.wait()


def fill(path, devices, days, now):
    """Spans by device: a table that is filled in its order is smaller than one that grew, and so
    an index is made of what came in another order."""
    dice = random.Random(7)
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA synchronous=OFF")
    db.execute("BEGIN")
    begin = now - days * DAY
    db.execute("INSERT OR IGNORE INTO account (account_id, name) VALUES (1, 'acme')")
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
        db.execute("INSERT INTO device VALUES (?, 1, ?, '{}', ?, NULL)", (n, str(802398800000 + n), n))
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
    started = time.monotonic()
    subprocess.run([f"{BIN}/phonewatch", "-d", path, "-o", output, *args], check=True,
                   stdout=subprocess.DEVNULL)
    return (time.monotonic() - started) * 1000


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
            times = [ask(path, *args, output=output) for _ in range(rounds + 1)][1:]
            median = statistics.median(times)
            print(f"{days:4} days  {name:25} {output:7} {median:8.1f} ms ({min(times):.1f} to {max(times):.1f})"
                  f"  target {target} ms  {'met' if median <= target else 'MISSED'}", flush=True)


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
            print(f"{days:4} days  database of {os.path.getsize(path) / 1e6:.0f} MB")
            bench(path, days, args.rounds)
    finally:
        if not args.keep:
            shutil.rmtree(folder)


main()
