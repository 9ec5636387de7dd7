#!/usr/bin/env python3
"""The figures that phonewatch is held to, as ratios from one run.

  bench.py [--devices 100000] [--rounds 5]

Starts phonewatch-sim (HTTPS) with a still fleet, phonewatchd against it and a webhook receiver, all
on loopback, and prints for each figure what was measured, the target and whether it was met. CPU is
user + system time of the process as the kernel accounts it; curl's is of one process that fetches
all pages over one connection. Rounds of daemon and curl alternate, so that a machine whose speed
drifts does not favour either. The median of the rounds is printed, with least and most.
"""
import argparse, http.server, json, os, random, resource, shutil, signal, socket, statistics
import subprocess, sys, tempfile, threading, time, urllib.request

BIN = os.environ.get("TEST_BIN", "build")
SETTLED_S = 90  # a minute after its start the daemon looks through all devices for days to sum up
TICK = os.sysconf("SC_CLK_TCK")


def cpu_of(pid):
    with open(f"/proc/{pid}/schedstat") as f:  # nanoseconds on the processor, of the main thread
        pass
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/schedstat") as f:
            total += int(f.read().split()[0])
    return total / 1e9


def rss_of(pid):
    with open(f"/proc/{pid}/status") as f:
        for line in f:
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
    return 0


class Receiver:
    """A webhook receiver that answers 200 and notes when each event came."""

    def __init__(self):
        receiver = self
        self.arrived = {}  # webhook-id -> time

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                at = time.time()
                self.rfile.read(int(self.headers["Content-Length"]))
                receiver.arrived.setdefault(self.headers["webhook-id"], at)
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args):
                pass

        class Server(http.server.ThreadingHTTPServer):
            disable_nagle_algorithm = True

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


class Bench:
    def __init__(self, args):
        self.args = args
        self.dir = tempfile.mkdtemp(prefix="phonewatch-bench-")
        self.procs = []
        self.receiver = Receiver()
        self.make_certificate()

    def path(self, name):
        return os.path.join(self.dir, name)

    def make_certificate(self):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
             "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
             "-keyout", self.path("key.pem"), "-out", self.path("cert.pem")],
            check=True, stderr=subprocess.DEVNULL)

    def start_sim(self, *extra):
        proc = subprocess.Popen(
            [f"{BIN}/phonewatch-sim", "--devices", str(self.args.devices), "--sites", "50", "--tls",
             f"{self.path('cert.pem')},{self.path('key.pem')}", "--limit", "medium=1000000", *extra],
            stdout=subprocess.PIPE, text=True)
        self.procs.append(proc)
        self.server = proc.stdout.readline().split()[-1]
        return proc

    def call(self, path, body=None, token=None):
        import ssl
        context = ssl.create_default_context(cafile=self.path("cert.pem"))
        request = urllib.request.Request(self.server + path, data=body)
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        with urllib.request.urlopen(request, context=context) as answer:
            return answer.read()

    def start_daemon(self, interval="1s", hook=False, sinks=1, alerts=True, accounts=1):
        for suffix in ("", "-wal", "-shm"):
            if os.path.exists(self.path("pw.db" + suffix)):
                os.unlink(self.path("pw.db" + suffix))
        with open(self.path("pw.conf"), "w") as f:
            f.write(f'''database = "{self.path("pw.db")}"
accounts: {{ {" ".join(self.account_of(n, interval) for n in range(1, accounts + 1))} }}
sinks: {{ {" ".join(self.sink(n, hook) for n in range(sinks))} }}
alerts: {{ types = {'["none"]' if not alerts else '["HardPhone", "OtherPhone"]'} }}
''')
        return self.start_daemon_again()

    def start_daemon_again(self):
        proc = subprocess.Popen([f"{BIN}/phonewatchd", "-c", self.path("pw.conf")],
                                stderr=open(self.path("daemon.log"), "w"))
        self.procs.append(proc)
        return proc

    def account_of(self, n, interval):
        """The simulator's n-th."""
        which = "" if n == 1 else f"-{n}"
        for name in ("secret", "jwt"):
            file = self.path(f"{name}{which}")
            with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as f:
                f.write(f"sim-{name}{which if name == 'jwt' else ''}\n")
        return f'''acme{which}: {{ server = "{self.server}" client_id = "sim-client{which}"
  client_secret_file = "{self.path("secret" + which)}" jwt_file = "{self.path("jwt" + which)}"
  interval = "{interval}" budget_share = 100 ca_file = "{self.path("cert.pem")}" }}'''

    def sink(self, n, hook):
        events = '"device.*"' if hook else '"alert.*"'
        return f'hook{n}: {{ kind = "webhook" url = "{self.receiver.url}" events = [{events}] }}'

    def account(self):
        out = subprocess.run([f"{BIN}/phonewatch", "-d", self.path("pw.db"), "accounts", "-o", "ndjson"],
                             capture_output=True, text=True).stdout
        return json.loads(out) if out.strip() else None

    def wait_sweeps(self, n, timeout=300):
        """Until n more sweeps have ended; the last account row."""
        last = (self.account() or {}).get("last_sweep_at")
        end = time.time() + timeout
        while n > 0:
            if time.time() > end:
                sys.exit("bench: no sweep came:\n" + open(self.path("daemon.log")).read())
            time.sleep(0.02)
            row = self.account()
            if row and row["last_sweep_at"] != last:
                last, n = row["last_sweep_at"], n - 1
        return row

    def token(self):
        body = b"grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=sim-jwt"
        import base64, ssl
        request = urllib.request.Request(self.server + "/restapi/oauth/token", data=body)
        request.add_header("Authorization", "Basic " + base64.b64encode(b"sim-client:sim-secret").decode())
        context = ssl.create_default_context(cafile=self.path("cert.pem"))
        with urllib.request.urlopen(request, context=context) as answer:
            return json.load(answer)["access_token"]

    def curl_cpu(self, token, pages):
        with open(self.path("curl.conf"), "w") as f:
            for page in range(1, pages + 1):
                f.write(f'url = "{self.server}/restapi/v1.0/account/~/device?page={page}&perPage=1000"\n'
                        'output = "/dev/null"\n')
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(["curl", "-s", "--fail", "--compressed", "--cacert", self.path("cert.pem"), "-H",
                        f"Authorization: Bearer {token}", "-K", self.path("curl.conf")], check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    def ask(self, sql):
        out = subprocess.run(["sqlite3", "-readonly", self.path("pw.db"), sql], capture_output=True, text=True,
                             check=True).stdout
        return int(out)

    def wait_told(self):
        while self.ask("SELECT count(*) FROM outbox") > 0:
            time.sleep(0.1)

    def stop(self, proc):
        proc.send_signal(signal.SIGTERM)
        proc.wait(30)
        self.procs.remove(proc)

    def close(self):
        for proc in self.procs[::-1]:
            proc.send_signal(signal.SIGTERM)
            proc.wait(30)
        shutil.rmtree(self.dir, ignore_errors=True)


def show(name, values, target, unit=""):
    median = statistics.median(values)
    verdict = "met" if median <= target else "MISSED"
    print(f"{name:<58} {median:8.3f}{unit} ({min(values):.3f} .. {max(values):.3f})   target {target}{unit}  {verdict}",
          flush=True)


def pages_of(args):
    return (args.devices + 999) // 1000


def sweep_cpu(bench, daemon, sweeps=3):
    bench.wait_sweeps(1)
    before = cpu_of(daemon.pid)
    bench.wait_sweeps(sweeps)
    return (cpu_of(daemon.pid) - before) / sweeps


def quiet(args, gzip, target, name):
    bench = Bench(args)
    try:
        bench.start_sim("--gzip", gzip)
        daemon = bench.start_daemon()
        bench.wait_sweeps(2)
        token, ratios, seconds = bench.token(), [], []
        for _ in range(args.rounds):
            cpu = sweep_cpu(bench, daemon)
            seconds.append(cpu)
            ratios.append(cpu / bench.curl_cpu(token, pages_of(args)))
        row = bench.account()
        show(name, ratios, target)
        print(f"  {statistics.median(seconds)*1000:.0f} ms of CPU a sweep; pages unchanged {row['pages_unchanged']},"
              f" records unchanged {row['records_unchanged']}, parsed {row['records_parsed']}")
        show("  resident memory", [rss_of(daemon.pid) / 2**20], 64, " MB")
    finally:
        bench.close()


def changing(args):
    """1 % of the devices change between two sweeps: CPU, latency, disk."""
    bench = Bench(args)
    try:
        bench.start_sim()
        daemon = bench.start_daemon("1s", hook=True)
        bench.wait_sweeps(2)
        time.sleep(SETTLED_S)
        devices = [d["id"] for d in json.loads(bench.call("/sim/devices"))
                   if d["type"] == "HardPhone" and d["status"] in ("Online", "Offline")]
        state = {d["id"]: d["status"] for d in json.loads(bench.call("/sim/devices"))}
        token, ratios, rng = bench.token(), [], random.Random(1)
        told = 0
        for _ in range(args.rounds):
            cpu = 0.0
            for _ in range(2):
                some = rng.sample(devices, args.devices // 100)
                lines = []
                for i in some:
                    state[i] = "Offline" if state[i] == "Online" else "Online"
                    lines.append(f"device {i} {state[i].lower()}")
                bench.wait_sweeps(1)
                before = cpu_of(daemon.pid)
                for at in range(0, len(lines), 500):
                    bench.call("/sim", "\n".join(lines[at:at + 500]).encode())
                bench.wait_sweeps(2)
                deadline = time.time() + 60
                told += len(some)
                while len(bench.receiver.arrived) < told and time.time() < deadline:
                    time.sleep(0.05)
                quiet_after = cpu_of(daemon.pid)
                bench.wait_sweeps(2)
                one_quiet = (cpu_of(daemon.pid) - quiet_after) / 2
                cpu += quiet_after - before - one_quiet  # one of the two sweeps saw them
            ratios.append(cpu / 2 / bench.curl_cpu(token, pages_of(args)))
        show("CPU of a sweep with 1 % changed / curl", ratios, 1.0)
        latency(bench)
        n = len(bench.receiver.arrived)
        print(f"  {n} transitions")
    finally:
        bench.close()


def growth(args):
    """A tenth of 20,000 devices changes between two sweeps, again and again: what that takes of the disk,
    everything counted, with one sink and with three. No alerts: these are facts of their own, and a tenth of a
    fleet at once has many."""
    args = argparse.Namespace(**{**vars(args), "devices": 20000})
    sizes = {}
    for sinks in (1, 3):
        bench = Bench(args)
        try:
            bench.start_sim()
            bench.start_daemon("1s", hook=True, sinks=sinks, alerts=False)
            bench.wait_sweeps(2)
            state = {d["id"]: d["status"] for d in json.loads(bench.call("/sim/devices"))}
            devices = [i for i in state if state[i] in ("Online", "Offline")]
            rng, n = random.Random(1), 0
            before = disk(bench)
            for _ in range(40):
                for at in range(0, 2000, 500):
                    lines = []
                    for i in rng.sample(devices, 500):
                        state[i] = "Offline" if state[i] == "Online" else "Online"
                        lines.append(f"device {i} {state[i].lower()}")
                    bench.call("/sim", "\n".join(lines).encode())
                bench.wait_sweeps(2)
                bench.wait_told()
            n = bench.ask("SELECT count(*) FROM event WHERE type < 4")
            sizes[sinks] = (disk(bench) - before) / n
        finally:
            bench.close()
    show("disk per transition with one sink", [sizes[1]], 120, " B")
    show("  with each further sink", [(sizes[3] - sizes[1]) / 2], 20, " B")
    print(f"  {n} transitions")


def disk(bench):
    """What the database holds, its log moved into it."""
    return bench.ask("SELECT ((SELECT page_count FROM pragma_page_count) - (SELECT freelist_count FROM"
                     " pragma_freelist_count)) * (SELECT page_size FROM pragma_page_size)")


def latency(bench):
    out = subprocess.run([f"{BIN}/phonewatch", "-d", bench.path("pw.db"), "events", "--type", "device.o*", "-o", "ndjson"],
                         capture_output=True, text=True, check=True).stdout
    waits = []
    for line in out.splitlines():
        event = json.loads(line)
        at = bench.receiver.arrived.get(event["id"])
        if at is None:
            continue
        stamp = event["data"]["observed_at"]
        observed = time.mktime(time.strptime(stamp[:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone + int(stamp[20:23]) / 1000
        waits.append((at - observed) * 1000)
    waits.sort()
    show("page arrival to webhook request, 99th percentile", [waits[len(waits) * 99 // 100]], 20, " ms")
    print(f"  median {waits[len(waits)//2]:.1f} ms, most {waits[-1]:.1f} ms, {len(waits)} events")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--devices", type=int, default=100000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=["same", "vary", "changing", "growth"])
    args = parser.parse_args()
    print(f"{args.devices} devices, {pages_of(args)} pages, HTTPS, {args.rounds} rounds")
    if args.only in (None, "same"):
        quiet(args, "same", 0.25, "CPU of a quiet sweep / curl, pages recognised")
    if args.only in (None, "vary"):
        quiet(args, "vary", 0.6, "CPU of a quiet sweep / curl, compressed anew each time")
    if args.only in (None, "changing"):
        changing(args)
    if args.only in (None, "growth"):
        growth(args)


if __name__ == "__main__":
    main()
