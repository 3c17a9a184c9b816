"""Real nodes for the end-to-end tests: made, started, asked, killed and stopped as a person would.

Every office has its own folder and its own port, so that tests may run beside each other. Nothing
here sleeps for a guessed time: what has to happen is looked for until a deadline.

The binaries are found through CCHC_BIN; without it in the developer's build folder.
"""

import atexit
import concurrent.futures
import contextlib
import ctypes
import fcntl
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import oracle  # noqa: E402  (found beside this file, wherever the tests are started)

BINARIES = os.path.abspath(
    os.environ.get("CCHC_BIN") or os.path.join(HERE, "..", "..", "build", "dev", "bin"))
CCHC = os.path.join(BINARIES, "cchc")
SHARE = os.path.join(BINARIES, "..", "share", "cchc")

OK, FAILED, USAGE, NOT_FOUND, CONFLICT, UNAVAILABLE, PARTIAL = range(7)

SERVICES = ("staffing", "dossiers", "documents", "reporting", "exchange")

READY_SECONDS = 40
RUN_SECONDS = 120
STOP_SECONDS = 20

FIRST_PORT, LAST_PORT = 20000, 32000  # below the range the kernel gives out by itself


def published_quarter():
    """The folder of the published quarter with its expected.json."""
    for below in ("sample", "demo"):
        folder = os.path.join(HERE, "..", "..", "deploy", below, "2024-q1")
        if os.path.exists(os.path.join(folder, "expected.json")):
            return os.path.abspath(folder)
    raise unittest.SkipTest("the published quarter is not here")


# ---------------------------------------------------------------------------------------------
# Waiting


IN_MODIFY, IN_MOVED_TO, IN_CREATE, IN_DELETE = 0x2, 0x80, 0x100, 0x200

_library = ctypes.CDLL(None, use_errno=True)


class Watch:
    """Tells when something changes in files or folders (inotify), or when a process ends (pidfd)."""

    def __init__(self, *paths, pids=()):
        self.descriptor = _library.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        self.poll = select.poll()
        self.ends = []
        self.poll.register(self.descriptor, select.POLLIN)
        for path in paths:
            events = IN_MODIFY | IN_MOVED_TO | IN_CREATE | IN_DELETE
            if _library.inotify_add_watch(self.descriptor, os.fsencode(path), events) < 0:
                raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), path)
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                self.ends.append(os.pidfd_open(pid))
                self.poll.register(self.ends[-1], select.POLLIN)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for descriptor in (self.descriptor, *self.ends):
            os.close(descriptor)

    def wait(self, deadline):
        """Until something happens; False when the deadline (monotonic) came first."""
        happened = self.poll.poll(max(0, deadline - time.monotonic()) * 1000)
        for descriptor, _ in happened:
            if descriptor == self.descriptor:
                os.read(self.descriptor, 65536)
            else:
                self.poll.unregister(descriptor)
        return bool(happened)


def wait_until(condition, seconds, what, watch):
    """Ask again after each thing the watch tells, and return what the condition gave; an
    AssertionError after the deadline. The watch must be older than what is waited for."""
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        if not watch.wait(deadline):
            raise AssertionError(f"not within {seconds} s: {what}")


# ---------------------------------------------------------------------------------------------
# Ports


_ports = {}


def take_port():
    """A free TCP port that no other test process takes while this one runs."""
    folder = os.path.join(tempfile.gettempdir(), f"cchc-ports-{os.getuid()}")
    os.makedirs(folder, exist_ok=True)
    span = LAST_PORT - FIRST_PORT
    for step in range(span):
        port = FIRST_PORT + (os.getpid() * 97 + step) % span
        if port in _ports:
            continue
        lock = os.open(os.path.join(folder, str(port)), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(("127.0.0.1", port))
        except OSError:
            os.close(lock)
            continue
        _ports[port] = lock
        return port
    raise AssertionError("no free port")


# ---------------------------------------------------------------------------------------------
# Commands


class Answer:
    """What a command left: exit code, stdout, stderr."""

    def __init__(self, arguments, code, out, err):
        self.arguments, self.code, self.out, self.err = arguments, code, out, err

    def json(self):
        """Its stdout as JSON."""
        return json.loads(self.out)

    def __str__(self):
        return f"cchc {' '.join(self.arguments)}: exit {self.code}\n{self.out[-2000:]}\n{self.err[-4000:]}"


def environment(**variables):
    """Ours, without what would turn a test's command to another node, language or trace."""
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith("CCHC_") and name != "TRACEPARENT"}
    return kept | {"TZ": "Asia/Ho_Chi_Minh"} | variables


def cchc(*arguments, seconds=RUN_SECONDS, given=b"", **variables):
    """Run the command; a crash or a hang is a failure of the test, an exit code is an answer. `given`
    is its stdin, the rest is added to its environment."""
    arguments = [str(argument) for argument in arguments]
    done = subprocess.run([CCHC, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          input=given, timeout=seconds, env=environment(**variables), check=False)
    answer = Answer(arguments, done.returncode, done.stdout.decode("utf-8", "replace"),
                    done.stderr.decode("utf-8", "replace"))
    if done.returncode < 0:
        raise AssertionError(f"died of signal {-done.returncode}: {answer}")
    return answer


def expect(answer, *codes):
    """The same answer, provided that its exit code is one of these (0 when none is named)."""
    if answer.code not in (codes or (OK,)):
        raise AssertionError(f"exit code not in {codes or (OK,)}: {answer}")
    return answer


def in_parallel(jobs):
    """Run functions without arguments side by side; the first failure is raised."""
    with concurrent.futures.ThreadPoolExecutor(max_workers=4) as pool:
        return [future.result() for future in [pool.submit(job) for job in jobs]]


# ---------------------------------------------------------------------------------------------
# Processes


PR_SET_PDEATHSIG = 1


def _die_with_the_test():
    _library.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def processes_of(folder, service=None):
    """Pids of the services that run for a node's folder."""
    found = []
    wanted = os.path.realpath(folder)
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/cmdline", "rb") as stream:
                words = stream.read().decode("utf-8", "replace").split("\0")[:-1]
        except OSError:
            continue
        if len(words) < 3 or words[1] != "--node" or os.path.realpath(words[2]) != wanted:
            continue
        program = os.path.basename(words[0])
        if program == f"cchc-{service}" or (service is None and program.startswith("cchc-")):
            found.append(int(name))
    return found


def is_alive(pid):
    """Whether a process is there and no zombie."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as stream:
            return stream.read().rsplit(b")", 1)[1].split()[0] not in (b"Z", b"X")
    except OSError:
        return False


def resident_bytes(pid):
    """Memory of a process that is in use now."""
    with open(f"/proc/{pid}/statm", "rb") as stream:
        return int(stream.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def is_sanitized():
    """Whether the programs carry a sanitizer, whose memory is not ours to judge."""
    with open(os.path.join(BINARIES, "cchc-dossiers"), "rb") as stream:
        content = stream.read()
    return any(name in content for name in (b"__asan_init", b"__tsan_init", b"__msan_init"))


class Office:
    """One node: its folder, its process, its port."""

    def __init__(self, base, code, name=None, parent=None, listens=True, parent_key=None, folder=None):
        self.code = code
        self.folder = folder or os.path.join(base, code)
        self.log_path = os.path.join(base, f"{code}.log")
        self.process = None
        self.endpoint = f"tcp://127.0.0.1:{take_port()}" if listens else None
        arguments = ["node", "init", self.folder, "--code", code, "--name", name or f"Đơn vị {code}"]
        if self.endpoint:
            arguments += ["--listen", self.endpoint]
        if parent:
            arguments += ["--parent", parent.endpoint, "--parent-key", parent_key or parent.public_key]
        expect(cchc(*arguments))

    @property
    def public_key(self):
        """The file to hand over to a parent or child."""
        return os.path.join(self.folder, "node.pub")

    # Life ------------------------------------------------------------------------------------

    def begin(self):
        """Start the process; ready() waits for it. Must be called from the main thread, whose end
        is the node's end too."""
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [CCHC, "node", "up", self.folder], stdout=subprocess.PIPE, stderr=log,
                stdin=subprocess.DEVNULL, env=environment(), preexec_fn=_die_with_the_test)
        atexit.register(self.stop)
        return self

    def ready(self, seconds=READY_SECONDS):
        """Wait for the line `ready`."""
        deadline = time.monotonic() + seconds
        seen = b""
        while b"ready\n" not in seen:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                raise AssertionError(f"{self.code} not ready within {seconds} s:\n{self.log()}")
            block = os.read(self.process.stdout.fileno(), 4096)
            if not block:
                raise AssertionError(f"{self.code} ended with {self.process.wait()}:\n{self.log()}")
            seen += block
        return self

    def up(self):
        """Start and wait."""
        return self.begin().ready()

    def stop(self):
        """SIGTERM; returns the exit code, or None when it was not running."""
        if not self.process:
            return None
        process, self.process = self.process, None
        atexit.unregister(self.stop)
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            code = process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill_everything(process)
            raise AssertionError(f"{self.code} did not stop within {STOP_SECONDS} s:\n{self.log()}") from None
        finally:
            process.stdout.close()
        return code

    def kill_everything(self, process):
        """Last resort of a failing test: only processes of this folder."""
        process.kill()
        process.wait()
        for pid in processes_of(self.folder):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def kill(self):
        """SIGKILL of `node up` itself; its services have to go by themselves."""
        process, self.process = self.process, None
        atexit.unregister(self.stop)
        with Watch(pids=processes_of(self.folder)) as watch:
            process.kill()
            process.wait()
            process.stdout.close()
            wait_until(lambda: not processes_of(self.folder), STOP_SECONDS,
                       f"services of {self.code} end after their supervisor was killed", watch)

    def kill_service(self, name):
        """SIGKILL of one service; True when there was one."""
        killed = False
        for pid in processes_of(self.folder, name):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                killed = True
        return killed

    def pid_of(self, name, seconds=READY_SECONDS):
        """The one process of a service, waiting for it to be started again."""
        return self.started_again(name, None, seconds)

    def started_again(self, name, before, seconds=READY_SECONDS):
        """The pid of a service that is not the one before: known by its new socket."""
        def fresh():
            return [pid for pid in processes_of(self.folder, name) if pid != before]

        with Watch(os.path.join(self.folder, "run")) as watch:
            return wait_until(fresh, seconds, f"{name} of {self.code} runs", watch)[0]

    def store(self, service):
        """The file that a service keeps everything in."""
        return os.path.join(self.folder, "data", service, "store.mdb")

    def log(self):
        """What the node wrote on stderr."""
        with open(self.log_path, encoding="utf-8", errors="replace") as stream:
            return stream.read()

    # Commands --------------------------------------------------------------------------------

    def run(self, *arguments, **options):
        """A command on this node."""
        return cchc("--node", self.folder, *arguments, **options)

    def popen(self, *arguments, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL):
        """The same, not waited for; stderr goes to a pipe."""
        return subprocess.Popen([CCHC, "--node", self.folder, *map(str, arguments)], env=environment(),
                                stdin=stdin, stdout=stdout, stderr=subprocess.PIPE)

    def load(self, *paths, codes=(OK,)):
        """Import, and the sums it said: added, changed, unchanged, refused, faults."""
        return expect(self.run("--json", "import", *paths), *codes).json()

    def sync(self, *codes):
        """sync --wait."""
        return expect(self.run("sync", "--wait"), *codes)

    def accept(self, child):
        """Let a child exchange with this node."""
        expect(self.run("peer", "add", child.code, child.public_key))

    def report(self, period, *options):
        """The report as the parsed JSON."""
        return expect(self.run("report", "make", period, "--format", "json", *options)).json()

    def opened(self, figure, period, *options):
        """Codes of the records behind a figure, in the order given."""
        records = expect(self.run("report", "open", figure, period, "--json", *options)).json()
        return [record["code"] for record in records]

    def verify(self, *codes):
        """verify --json: what each service proved of its store."""
        return expect(self.run("--json", "verify"), *codes).json()

    def status(self):
        """status --json by service; the numbers are texts there."""
        return {health["service"]: health for health in expect(self.run("status", "--json")).json()}

    def registers(self):
        """(service, register) -> number of records."""
        return {(service, register["name"]): int(register["records"])
                for service, health in self.status().items() for register in health["registers"]}

    def marks(self):
        """(service, origin, stream) -> last sequence, of all logs the node holds."""
        return {(service, mark["origin"], mark["stream"]): int(mark["sequence"])
                for service, health in self.status().items() for mark in health["watermarks"]}

    def held(self):
        """Events kept without effect, over all services."""
        return sum(int(health["held_events"]) for health in self.status().values())


class OfficeTest(unittest.TestCase):
    """Base of tests: a temporary folder, offices that are stopped at the end, log on failure."""

    maxDiff = 4000

    def setUp(self):
        self.base = tempfile.mkdtemp(prefix="cchc-e2e-")
        self.addCleanup(shutil.rmtree, self.base, ignore_errors=True)

    def office(self, code, **options):
        """A new node that the test's end stops."""
        office = Office(self.base, code, **options)
        self.addCleanup(self.stop, office)
        return office

    def stop(self, office):
        """Stopping works whatever the test did; a node never fails by being stopped."""
        self.assertIn(office.stop(), (None, OK), office.log() if office.process else "")

    def path(self, *names):
        """A path below the test's folder."""
        return os.path.join(self.base, *names)


def without_checkpoints(sequence):
    """How many of a log's events are not checkpoints: one follows every thousandth event."""
    return sequence - (sequence - 1) // 1000 if sequence else 0


def set_setting(office, name, value):
    """Write a setting into node.conf; takes effect at the next start."""
    path = os.path.join(office.folder, "node.conf")
    with open(path, encoding="utf-8") as stream:
        lines = [line for line in stream.read().splitlines()
                 if line.lstrip(";").split("=")[0].strip() != name or line.startswith("; ")]
    with open(path, "w", encoding="utf-8") as stream:
        stream.write("\n".join([*lines, f"{name} = {value}", ""]))


# ---------------------------------------------------------------------------------------------
# A district and its communes


class District:
    """A district's node and its communes' nodes over the folders of one quarter."""

    def __init__(self, base, quarter_folder):
        self.quarter_folder = quarter_folder
        self.base = base
        self.codes = oracle.folder_codes(quarter_folder)
        district = self.codes[oracle.DISTRICT_FOLDER]
        self.head = Office(base, district, name="Ủy ban nhân dân huyện Thử Nghiệm")
        self.folders = {district: oracle.DISTRICT_FOLDER}
        self.communes = []
        for folder, code in self.codes.items():
            if folder != oracle.DISTRICT_FOLDER:
                self.communes.append(Office(base, code, parent=self.head, listens=False))
                self.folders[code] = folder

    def offices(self):
        """All nodes, the district first."""
        return [self.head, *self.communes]

    def source(self, office):
        """The folder with an office's sheets."""
        return os.path.join(self.quarter_folder, self.folders[office.code])

    def up(self):
        """All nodes running and known to the district."""
        for office in self.offices():
            office.begin()
        for office in self.offices():
            office.ready()
        for commune in self.communes:
            self.head.accept(commune)
        return self

    def load(self, offices=None):
        """Import each office's folder into its own node; the sums by code."""
        offices = self.offices() if offices is None else offices
        sums = in_parallel([lambda office=office: office.load(self.source(office)) for office in offices])
        return {office.code: sum_ for office, sum_ in zip(offices, sums, strict=True)}

    def sync(self):
        """Every commune until the district has everything, then the district with itself."""
        in_parallel([commune.sync for commune in self.communes])
        self.head.sync()

    def stop(self):
        """Stop all nodes; the exit codes."""
        for office in self.offices():
            if office.process:
                office.process.send_signal(signal.SIGTERM)
        return [office.stop() for office in self.offices()]


# ---------------------------------------------------------------------------------------------
# Comparing


LISTS = ("late", "open_late", "carried", "open")




def compare_figures(expected, report):
    """Readable differences of figures, both ways round but for figures only the report has."""
    found = []
    figures = report["figures"]
    for name, value in sorted(expected["figures"].items()):
        if name not in figures:
            found.append(f"{name}: expected {value!r}, not in the report")
        elif figures[name]["value"] != value:
            found.append(f"{name}: expected {value!r}, reported {figures[name]['value']!r} "
                         f"({figures[name].get('numerator')}/{figures[name].get('denominator')})")
    return found


def compare_form(expected, report):
    """Readable differences of II.06; rows and nodes without any dossier may be left out."""
    found = []
    reported = report["forms"]["II.06"]
    for node in sorted(set(expected["ii06"]) | set(reported)):
        rows, others = expected["ii06"].get(node, {}), reported.get(node, {})
        for field in sorted(set(rows) | set(others)):
            row, other = rows.get(field, {}), others.get(field, {})
            for column in oracle.COLUMNS:
                if row.get(column, 0) != other.get(column, 0):
                    found.append(f"II.06 {node} «{field}» {column}: expected {row.get(column, 0)}, "
                                 f"reported {other.get(column, 0)}")
            for column in sorted(set(other) - set(oracle.COLUMNS)):
                found.append(f"II.06 {node} «{field}»: unknown column {column}")
    return found


def compare_lists(expected, head, period, *options):
    """Readable differences of the records behind the counts of dossiers."""
    found = []
    for level, lists in sorted(expected["lists"].items()):
        for name in LISTS:
            if name not in lists:
                continue
            codes = head.opened(f"dossiers.{level}.{name}", period, *options)
            wanted = sorted(lists[name])
            if sorted(codes) != wanted:
                found.append(f"open dossiers.{level}.{name}: missing {sorted(set(wanted) - set(codes))[:9]}, "
                             f"too many {sorted(set(codes) - set(wanted))[:9]}, "
                             f"{len(codes)} codes of {len(wanted)}")
    return found


def compare(expected, head, *options):
    """All differences between an answer computed elsewhere and what the district reports."""
    report = head.report(expected["period"], *options)
    found = [f"{name}: expected {expected[name]}, reported {report[name]}"
             for name in ("period", "from", "to") if report[name] != expected[name]]
    found += compare_figures(expected, report)
    found += compare_form(expected, report)
    found += compare_lists(expected, head, expected["period"], *options)
    return found


def assert_same(test, expected, head, *options):
    """Fail with all differences, one a line."""
    found = compare(expected, head, *options)
    test.assertFalse(found, f"{len(found)} differences:\n" + "\n".join(found[:60]))
