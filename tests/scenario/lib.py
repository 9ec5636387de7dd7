"""What the scenarios stand on: a stage with a simulated vendor, the daemon and a receiver.

A scenario is a script of the simulated world beside the exact list of events that it must cause.
Everything happens on loopback in a folder of its own; every wait is for something that can be
seen (a line of a log, a row, a request) and has a deadline. Only processes that were started here
are ended, by their id.

  PHONEWATCH_KEEP=1  keep the folders
"""
import atexit
import base64
import calendar
import contextlib
import glob
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import random
import re
import resource
import secrets
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import urllib.parse

BIN = pathlib.Path(os.environ.get("TEST_BIN", ""))
if not (BIN / "phonewatchd").exists():
    sys.exit("set TEST_BIN to the build tree, as in: TEST_BIN=build tests/scenario/changes")
BIN = BIN.resolve()
DATA = pathlib.Path(os.environ.get("TEST_DATA", pathlib.Path(__file__).parent.parent / "data"))
DATA = DATA.resolve()
FULL = os.environ.get("TEST_FULL", "") != ""

# Under sanitizers, and on a machine at work, everything is slower; a deadline that passes is a
# failure, so it is far away. A daemon that was killed with a request under way first waits a minute.
PATIENCE_S = 120.0
POLL_S = 0.02


class Failure(Exception):
    """An expectation that does not hold."""


def expect(condition, what):
    if not condition:
        raise Failure(what)


def expect_equal(got, wanted, what):
    if got != wanted:
        raise Failure(f"{what}\n  got    {got!r}\n  wanted {wanted!r}")


def wait_for(probe, what, patience=PATIENCE_S):
    """What probe returns, as soon as that is true."""
    deadline = time.monotonic() + patience
    while True:
        found = probe()
        if found:
            return found
        if time.monotonic() > deadline:
            raise Failure(f"waited {patience:.0f} s in vain for {what}")
        time.sleep(POLL_S)


def let_pass(until_ms):
    """A time in which nothing may happen has passed."""
    wait_for(lambda: now_ms() > until_ms, "time to pass",
             max(until_ms - now_ms(), 0) / 1000 + 5)


def now_ms():
    return time.time_ns() // 1_000_000


def ms_of(text):
    """RFC 3339 in UTC as milliseconds since 1970."""
    match = re.fullmatch(r"(\d+)-(\d+)-(\d+)T(\d+):(\d+):(\d+)(?:\.(\d{3}))?Z", text)
    expect(match, f"not a time: {text}")
    parts = [int(x) for x in match.groups()[:6]]
    return calendar.timegm((*parts, 0, 0, 0)) * 1000 + int(match.group(7) or 0)


# ---- processes ----

_started = []


@atexit.register
def _end_all():
    for process in _started:
        if process.poll() is None:
            process.kill()
            process.wait()


def own_mounts():
    """Begin anew in a mount namespace of our own, where that can be had: what is mounted there
    ends with us. False: it cannot."""
    if os.environ.get("TEST_MOUNTS"):
        return os.environ["TEST_MOUNTS"] == "own"
    probe = ["mount", "-t", "tmpfs", "none", "/mnt"]
    for flags in ("-m", "-rm"):
        with contextlib.suppress(OSError):
            if subprocess.run(["unshare", flags, *probe], capture_output=True).returncode == 0:
                os.environ["TEST_MOUNTS"] = "own"
                os.execvp("unshare", ["unshare", flags, sys.executable, *sys.argv])
    return False


def start_process(arguments, **options):
    process = subprocess.Popen([str(a) for a in arguments], stdin=subprocess.DEVNULL, **options)
    _started.append(process)
    return process


def free_port():
    """One that neither UDP nor TCP has in use."""
    while True:
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            tcp.bind(("127.0.0.1", 0))
            with contextlib.suppress(OSError):
                udp.bind(tcp.getsockname())
                return tcp.getsockname()[1]


def certificate(folder, name, names):
    """A self-signed one, which is its own authority."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                    "-addext", f"subjectAltName={names}", "-keyout", folder / f"{name}.key",
                    "-out", folder / f"{name}.pem"], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
    return context, folder / f"{name}.pem"


# ---- the simulated vendor ----

class Sim:
    def __init__(self, folder, arguments, secrets_of):
        self.log_path = folder / "sim.ndjson"
        self.out = open(folder / "sim.out", "wb")
        self.process = start_process(
            [BIN / "phonewatch-sim", "--log", self.log_path, "--for", "30m",
             "--client-secret-file", secrets_of / "acme.client-secret",
             "--jwt-file", secrets_of / "acme.jwt", *arguments],
            stdout=self.out, stderr=open(folder / "sim.err", "wb"))

        def line():
            expect(self.process.poll() is None,
                   "the simulator ended: " + (folder / "sim.err").read_text())
            text = (folder / "sim.out").read_text()
            return text.endswith("\n") and text

        self.url = wait_for(line, "the simulator").split()[-1]
        self.port = urllib.parse.urlsplit(self.url).port

    def request(self, method, path, body=None, headers={}):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        with contextlib.closing(connection):
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()

    def tell(self, *commands):
        """Run commands at once, all within one moment of the simulated world."""
        status, text = self.request("POST", "/sim", "\n".join(commands).encode())
        expect(status == 200, f"the simulator refuses {commands}: {text.decode()}")
        return text.decode()

    def devices(self):
        status, text = self.request("GET", "/sim/devices")
        expect(status == 200, "no list of the truth")
        return json.loads(text)

    def log(self, after=0):
        """Requests and changes since byte `after`, /sim left out."""
        with open(self.log_path, "rb") as file:
            file.seek(after)
            text = file.read()
        lines = text[:text.rfind(b"\n") + 1].splitlines()
        entries = [json.loads(line) for line in lines]
        return [e for e in entries if not e.get("path", "").startswith("/sim")]

    def size(self):
        return self.log_path.stat().st_size

    def requests(self, after=0):
        return [e for e in self.log(after) if e["event"] == "request"]

    def lists(self, after=0, page=None):
        found = [e for e in self.requests(after) if e["path"].endswith("/device")]
        return [e for e in found if page is None or page_of(e) == page]

    def logins(self, after=0):
        return [e for e in self.requests(after) if e["path"] == "/restapi/oauth/token"]

    def changes(self, after=0):
        return [e for e in self.log(after) if e["event"] == "change"]

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            expect_equal(self.process.wait(PATIENCE_S), 0, "status of the simulator")


def page_of(request):
    return int(urllib.parse.parse_qs(request["query"]).get("page", ["1"])[0])


# ---- a receiver of webhooks ----

class Behaviour:
    """How one request is answered. The names are methods of _Answer."""

    def __init__(self, name, status=200, retry_after=None, seconds=0.0):
        self.name, self.status, self.retry_after, self.seconds = name, status, retry_after, seconds


OK = Behaviour("status", 204)


class Told:
    """One request of a webhook, as it came."""

    def __init__(self, ident, body, timestamp, at_ms):
        self.id, self.body, self.timestamp, self.at_ms = ident, body, timestamp, at_ms
        self.arrived = time.monotonic_ns()
        self.status = None  # as answered; None: it was not
        self.answered = None  # by the clock of arrived
        self.event = json.loads(body)


class Receiver:
    """Takes webhooks on loopback, checks signature and form, and keeps all of them.

    decide(told, n) says how the n-th request (from 1) under this id is answered. A hang lasts
    until its seconds have passed or the receiver is closed.
    """

    def __init__(self, key, decide=None):
        self.clock_slack_s = 30
        self.key = key
        self.decide = decide or (lambda told, n: OK)
        self.told, self.wrong = [], []
        self._per_id, self._lock, self._closed = {}, threading.Lock(), threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/hook"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with contextlib.suppress(OSError), connection, connection.makefile("rb") as lines:
            while self._serve_one(connection, lines):
                pass

    def _serve_one(self, connection, lines):
        first = lines.readline()
        if not first:
            return False
        headers = http.client.parse_headers(lines)
        body = lines.read(int(headers["Content-Length"]))
        if len(body) < int(headers["Content-Length"]):
            return False
        at_ms = now_ms()
        self._check(first, headers, body)
        told = Told(headers["webhook-id"], body, headers["webhook-timestamp"], at_ms)
        with self._lock:
            n = self._per_id[told.id] = self._per_id.get(told.id, 0) + 1
            self.told.append(told)
            how = self.decide(told, n)
        return getattr(self, "_answer_" + how.name)(connection, told, how)

    def _check(self, first, headers, body):
        ident, timestamp = headers["webhook-id"], headers["webhook-timestamp"]
        mac = hmac.new(self.key, f"{ident}.{timestamp}.".encode() + body, hashlib.sha256)
        signature = "v1," + base64.b64encode(mac.digest()).decode()
        wrong = []
        if first.split()[:2] != [b"POST", b"/hook"]:
            wrong.append(f"request {first!r}")
        if signature not in (headers["webhook-signature"] or "").split():
            wrong.append(f"signature of {ident}")
        if abs(int(timestamp) - time.time()) > self.clock_slack_s:
            wrong.append(f"timestamp {timestamp}")
        if headers["Content-Type"] != "application/cloudevents+json; charset=utf-8":
            wrong.append(f"Content-Type {headers['Content-Type']}")
        if json.loads(body)["id"] != ident:
            wrong.append(f"id in the body of {ident}")
        self.wrong += wrong

    def _answer_status(self, connection, told, how):
        lines = [f"HTTP/1.1 {how.status} Simulated", "Content-Length: 0"]
        if how.retry_after is not None:
            lines.append(f"Retry-After: {how.retry_after}")
        told.status = how.status  # before it leaves: what the sender knows is never ahead of us
        told.answered = time.monotonic_ns()
        connection.sendall("\r\n".join(lines + ["", ""]).encode())
        return True

    def _answer_close(self, connection, told, how):
        return False

    def _answer_reset(self, connection, told, how):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return False

    def _answer_half(self, connection, told, how):
        connection.sendall(b"HTTP/1.1 200 Simulated\r\nContent-Length: 10\r\n\r\nhalf")
        return False

    def _answer_hang(self, connection, told, how):
        self._closed.wait(how.seconds)
        return False

    def delivered(self):
        """The first successful request of each id, in the order in which they were answered."""
        with self._lock:
            told = list(self.told)
        seen, first = set(), []
        for t in told:
            if t.status is not None and 200 <= t.status < 300 and t.id not in seen:
                seen.add(t.id)
                first.append(t)
        return first

    def close(self):
        self._closed.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


# ---- between the daemon and the vendor ----

class Wire:
    """Hands requests on to the simulator and keeps what they said: what its log does not tell."""

    def __init__(self):
        self.port = None  # of the simulator, when it is known
        self.grants = []  # grant_type of each token request
        self.headers = []  # of each request
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with contextlib.suppress(OSError), connection, connection.makefile("rb") as lines:
            while True:
                first = lines.readline().split()
                if not first:
                    return
                headers = http.client.parse_headers(lines)
                body = lines.read(int(headers["Content-Length"] or 0))
                self.headers.append(headers)
                form = urllib.parse.parse_qs(body.decode())
                self.grants += form.get("grant_type", [])
                connection.sendall(self._hand_on(first, headers, body))

    def _hand_on(self, first, headers, body):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        with contextlib.closing(connection):
            connection.request(first[0].decode(), first[1].decode(), body,
                               {k: v for k, v in headers.items() if k != "Host"})
            answer = connection.getresponse()
            content = answer.read()
            lines = [f"HTTP/1.1 {answer.status} {answer.reason}"]
            lines += [f"{k}: {v}" for k, v in answer.getheaders()
                      if k.lower() not in ("connection", "transfer-encoding", "content-length")]
            lines += [f"Content-Length: {len(content)}", "", ""]
            return "\r\n".join(lines).encode() + content

    def close(self):
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


# ---- the daemon ----

LINE = re.compile(r"(\S+Z) (error|warning|info|debug): (.*)")


class Line:
    def __init__(self, text):
        match = LINE.fullmatch(text)
        self.at_ms = ms_of(match.group(1)) if match else 0
        self.level = match.group(2) if match else "?"
        self.text = match.group(3) if match else text

    def __repr__(self):
        return f"{self.level}: {self.text}"


def loud(lines):
    """What an operator sees: all but info and debug."""
    return [line for line in lines if line.level not in ("info", "debug")]


def conf_text(value, indent=""):
    """A configuration in libconfig's words."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(conf_text(v) for v in value) + "]"
    if isinstance(value, dict):
        inner = "".join(f"{indent}    {k} = {conf_text(v, indent + '    ')}\n"
                        for k, v in value.items())
        return "{\n" + inner + indent + "}"
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


class Stage:
    """A vendor, a configuration, a database, a daemon, and what came of it."""

    def __init__(self, devices=20, sim=(), account={}, sinks=None, conf={}, folder=None,
                 receiver=None, database="phonewatch.db", wire=None, alerts=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="phonewatch-"))
        self.data = folder or self.folder  # where the database is
        self.secrets_folder = self.folder / "secrets"
        self.secrets_folder.mkdir(mode=0o700)
        self.key = secrets.token_bytes(32)
        self.secrets, self.needles = {}, set()
        self.keep("acme.client-secret", "CLIENT-SECRET-" + secrets.token_hex(12))
        self.keep("acme.jwt", "JWT-" + secrets.token_hex(24))
        self.keep("ops.secret", "whsec_" + base64.b64encode(self.key).decode())
        self.tokens = set()
        self.transcript = open(self.folder / "cli.out", "ab")
        limits = ["--limit", "medium=1000/1", "--limit", "auth=1000/1"]
        self.sim = Sim(self.folder, [*limits, "--devices", devices, *sim], self.secrets_folder)
        self.wire = wire
        if wire is not None:
            wire.port = self.sim.port
        self.receiver = receiver if receiver is not None else Receiver(self.key)
        self.receiver.key = self.key
        self.account = {"server": (wire or self.sim).url, "client_id": "sim-client",
                        "client_secret_file": self.secrets_folder / "acme.client-secret",
                        "jwt_file": self.secrets_folder / "acme.jwt", "interval": "1s", **account}
        self.accounts = None  # several, instead of that one
        # Alerts are for the scenarios that ask for them: the others see and tell all else.
        self.alerts = alerts
        self.conf = {"database": self.data / database, "log_level": "debug",
                     "alerts": alerts if alerts is not None else {"types": []}, **conf}
        self.conf_path = self.folder / "phonewatch.conf"
        self.sinks = sinks if sinks is not None else {"ops": self.webhook()}
        self.database = self.conf["database"]
        self.log_path = self.folder / "phonewatchd.log"
        self.log_path.touch()
        self.daemon = None
        self.sequence = 0  # of the last event that was looked at
        self.preexec = None
        self.env = {k: v for k, v in os.environ.items()
                    if k not in ("STATE_DIRECTORY", "RUNTIME_DIRECTORY", "CREDENTIALS_DIRECTORY", "NOTIFY_SOCKET",
                                 "JOURNAL_STREAM", "WATCHDOG_USEC")}
        self.write_conf()
        _here.stages.append(self)

    def keep(self, name, text):
        path = self.secrets_folder / name
        path.write_text(text + "\n")
        path.chmod(0o600)
        self.secrets[name] = text
        self.needles |= {text, text.removeprefix("whsec_"), text.split(": ")[-1],
                         base64.b64encode(f"sim-client:{text}".encode()).decode()}

    def webhook(self, **more):
        if self.alerts is None:
            more = {"events": ["device.*", "account.*"], **more}
        return {"kind": "webhook", "url": self.receiver.url,
                "secret_file": [str(self.secrets_folder / "ops.secret")], **more}

    def write_conf(self):
        accounts = self.accounts or {"acme": self.account}
        conf = {**self.conf, "accounts": accounts, "sinks": self.sinks}
        self.put_conf("".join(f"{k} = {conf_text(v)}\n" for k, v in conf.items()))

    def put_conf(self, text):
        """At once: the daemon may be reading it."""
        fresh = self.conf_path.with_suffix(".new")
        fresh.write_text(text)
        fresh.rename(self.conf_path)

    # -- the daemon --

    def start(self):
        expect(self.daemon is None or self.daemon.poll() is not None, "the daemon runs already")
        self.daemon = start_process([BIN / "phonewatchd", "-c", self.conf_path], env=self.env,
                                    stdout=open(self.folder / "phonewatchd.out", "ab"),
                                    stderr=open(self.log_path, "ab"), preexec_fn=self.preexec)
        return self

    def started(self):
        """Start, and wait for the first whole sweep."""
        self.start()
        self.wait_log(r"watching \d+ devices")
        return self

    def _note_tokens(self):
        with contextlib.suppress(OSError, ValueError, KeyError):
            file = json.loads((self.data / "acme.token").read_text())
            self.tokens |= {file[k] for k in ("access_token", "refresh_token") if k in file}

    def stop(self, within_s=None):
        """SIGTERM; it must end well."""
        self._note_tokens()
        self.daemon.terminate()
        began = time.monotonic()
        try:
            status = self.daemon.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            raise Failure("phonewatchd does not stop")
        took = time.monotonic() - began
        self.daemon = None
        expect_equal(status, 0, "status of phonewatchd")
        expect(within_s is None or took < within_s, f"stopping took {took:.1f} s")

    def kill(self):
        self._note_tokens()
        self.daemon.kill()
        self.daemon.wait()
        self.daemon = None

    def hup(self):
        self.daemon.send_signal(signal.SIGHUP)

    def alive(self):
        expect(self.daemon.poll() is None, f"phonewatchd ended with {self.daemon.returncode}")

    # -- its log --

    def mark(self):
        """Where the log ends now."""
        return self.log_path.stat().st_size

    def lines(self, after=0):
        with open(self.log_path, "rb") as file:
            file.seek(after)
            text = file.read()
        text = text[:text.rfind(b"\n") + 1].decode(errors="replace")
        return [Line(line) for line in text.splitlines()]

    def grep(self, pattern, after=0, level=None):
        found = re.compile(pattern)
        return [line for line in self.lines(after)
                if found.search(line.text) and (level is None or line.level == level)]

    def wait_log(self, pattern, after=0, level=None, patience=PATIENCE_S):
        def probe():
            if self.daemon is not None:
                found = self.grep(pattern, after, level)
                if not found:
                    self.alive()
                return found
            return self.grep(pattern, after, level)
        return wait_for(probe, f"/{pattern}/ in the log", patience)[0]

    def sweep(self, times=1, patience=PATIENCE_S):
        """Wait until sweeps of acme that begin from now on have ended."""
        for _ in range(times):
            mark, size = self.mark(), self.sim.size()
            first = wait_for(lambda: self.sim.lists(size, page=1), "a sweep", patience)[0]
            wait_for(lambda: [line for line in self.grep(r"sweep of \d+ pages", mark)
                              if line.at_ms >= first["at_ms"]], "the end of a sweep", patience)

    # -- the command line --

    def cli(self, *arguments, status=0):
        run = subprocess.run([BIN / "phonewatch", "-d", self.database, *map(str, arguments)],
                             env=self.env, capture_output=True, timeout=PATIENCE_S)
        self.transcript.write(run.stdout + run.stderr)
        self.transcript.flush()
        expect_equal(run.returncode, status, f"phonewatch {arguments}: {run.stderr.decode()}")
        return run.stdout.decode()

    def table(self, *arguments):
        return [json.loads(line) for line in self.cli(*arguments, "-o", "ndjson").splitlines()]

    def events(self):
        """All events so far."""
        return [e for e in self.table("events")
                if self.alerts is not None or not e["type"].startswith("alert.")]

    def fresh(self):
        """Events that were not looked at yet."""
        fresh = [e for e in self.events() if e["data"]["sequence"] > self.sequence]
        if fresh:
            self.sequence = fresh[-1]["data"]["sequence"]
        return fresh

    def status_of(self):
        return {d["device"]["id"]: d for d in self.table("status")}

    def acme(self):
        return self.table("accounts")[0]

    def drained(self, patience=PATIENCE_S):
        """Wait until nothing is owed any more."""
        wait_for(lambda: self.daemon.poll() is not None or
                 not [d for d in self.table("deliveries") if d["state"] == "pending"],
                 "all deliveries to end", patience)
        self.alive()

    # -- the end --

    def close(self):
        if self.daemon is not None and self.daemon.poll() is None:
            self.stop()
        self.sim.stop()
        self.receiver.close()
        if self.wire is not None:
            self.wire.close()
        expect_equal(self.receiver.wrong, [], "webhook requests that were not as they should be")

    def find_secrets(self):
        """Every secret in anything that was written, but for where it belongs."""
        self._note_tokens()
        needles = {n.encode() for n in self.needles | self.tokens} | {self.key}
        found = []
        for folder in {self.folder, self.data}:
            for path in folder.rglob("*"):
                if path.is_file() and not path.is_relative_to(self.secrets_folder) and \
                        not path.name.endswith(".token"):
                    content = path.read_bytes()
                    found += [f"{path.name} holds {n[:12]!r}..." for n in needles if n in content]
        return found

    def show(self):
        """For who must understand a failure."""
        lines = self.lines()
        text = [repr(line) for line in lines if line.level != "debug"][-60:]
        text += ["... and the last debug lines:"] + [repr(line) for line in lines][-25:]
        return f"log of {self.folder}\n" + "\n".join(text)


class Clock:
    """The daemon's own time of day; its monotonic clock is the machine's."""

    def __init__(self, stage):
        library, = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1") or \
            [expect(False, "libfaketime is missing: apt-get install faketime")]
        self.path = stage.folder / "clock"
        self.set("+0")
        stage.env |= {"LD_PRELOAD": library, "FAKETIME_NO_CACHE": "1",
                      "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                      "FAKETIME_TIMESTAMP_FILE": str(self.path),
                      "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "")
                      + ":verify_asan_link_order=0"}

    def set(self, offset):
        fresh = self.path.with_suffix(".new")
        fresh.write_text(offset + "\n")
        fresh.rename(self.path)


def told(events):
    """Events as the scenarios list them: (type, device or account)."""
    return [(e["type"], e["subject"]) for e in events]


def bounds(event):
    data = event["data"]
    return ms_of(data["not_before"]), ms_of(data["observed_at"])


# ---- tests ----

_tests = []
_here = threading.local()  # stages: those of the test at hand


class Skip(Exception):
    """This machine cannot do that."""


def test(name, full=False, alone=False):
    """A test by its name, a sentence. full: too long for each `make check`. alone: nothing else
    may happen beside it."""
    def add(function):
        _tests.append((name, function, full, alone))
        return function
    return add


class Result:
    def __init__(self):
        self.wrong, self.skipped, self.took_s = "", None, 0.0


def _close(result, stages):
    for stage in stages:
        try:
            stage.close()
        except Exception:
            result.wrong += traceback.format_exc()
    for stage in stages:
        found = stage.find_secrets()
        if found:
            result.wrong += "secrets were written: " + ", ".join(found) + "\n"
    if result.wrong:
        result.wrong += "\n".join(stage.show() for stage in stages[-2:])
    for stage in stages:
        if "PHONEWATCH_KEEP" not in os.environ:
            shutil.rmtree(stage.folder, ignore_errors=True)


def _run(function, result):
    _here.stages = []
    began = time.monotonic()
    try:
        function()
    except Skip as skip:
        result.skipped = str(skip)
    except Exception:
        result.wrong = traceback.format_exc()
    _close(result, list(_here.stages))
    result.took_s = time.monotonic() - began


def _print(number, name, result):
    if result.skipped is not None and not result.wrong:
        print(f"ok {number} - {name} # SKIP {result.skipped}")
    else:
        print(f"{'not ok' if result.wrong else 'ok'} {number} - {name}")
    for line in result.wrong.splitlines() + [f"{result.took_s:.1f} s"]:
        print(f"# {line}")


def main(width=4):
    """Run the tests, width of them at a time, or those whose names hold one of the arguments.
    The results come in order, as TAP wants them."""
    sys.stdout.reconfigure(line_buffering=True)
    wanted = sys.argv[1:]
    run = [t for t in _tests if any(w in t[0] for w in wanted)] if wanted else \
        [t for t in _tests if FULL or not t[2]]
    print(f"1..{len(run)}")
    results = {t: Result() for t in run}
    done, shown = set(), [0]
    lock = threading.Lock()

    def job(t):
        _run(t[1], results[t])
        with lock:
            done.add(t)
            while shown[0] < len(run) and run[shown[0]] in done:
                shown[0] += 1
                _print(shown[0], run[shown[0] - 1][0], results[run[shown[0] - 1]])

    at_once([lambda t=t: job(t) for t in run if not t[3]], width)
    for t in run:
        if t[3]:
            job(t)
    sys.exit(1 if any(r.wrong for r in results.values()) else 0)


def at_once(jobs, width=8):
    """Run functions side by side, so many at a time; the first failure is raised, once all have
    ended."""
    jobs, failures = list(jobs), []
    lock, mine = threading.Lock(), getattr(_here, "stages", None)

    def work():
        _here.stages = mine
        while True:
            with lock:
                if not jobs or failures:
                    return
                job = jobs.pop(0)
            try:
                job()
            except Exception as failure:
                with lock:
                    failures.append(failure)

    threads = [threading.Thread(target=work) for _ in range(width)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
