"""The tools of an administrator, on real nodes: call, describe, trace, metrics, health."""

import base64
import contextlib
import json
import os
import re
import select
import signal
import subprocess
import tempfile
import time
import unittest

import exposition
import harness
from harness import FAILED, NOT_FOUND, OK, PARTIAL, UNAVAILABLE, USAGE, expect

WORK = "0af7651916cd43dd8448eb211c80319c"
SECONDS = 30
INTERRUPTED = 130


def traceparent(number):
    """A work of a test's own, to be found again."""
    return f"00-{number:032x}-00f067aa0ba902b7-01"


def lines(text):
    """JSON objects, one a line."""
    return [json.loads(line) for line in text.splitlines()]


def chunk(body):
    """A LineChunk as JSON."""
    return json.dumps({"body": base64.b64encode(body).decode()}) + "\n"


def read_line(process, seconds=SECONDS):
    """The next line of a process's stdout, which it must not keep to itself."""
    line = b""
    deadline = time.monotonic() + seconds
    while not line.endswith(b"\n"):
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([process.stdout], [], [], left)[0]:
            raise AssertionError(f"no line within {seconds} s after {line}: {process.args}")
        byte = os.read(process.stdout.fileno(), 1)
        if not byte:
            raise AssertionError(f"ended after {line}: {process.args}: {process.stderr.read().decode()}")
        line += byte
    return line.decode()


def varint(number):
    """A number as protobuf writes it."""
    written = b""
    while number > 0x7f:
        written += bytes([number & 0x7f | 0x80])
        number >>= 7
    return written + bytes([number])


def field(number, value):
    """A field of a message: text, bytes or a number."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


class Tools(unittest.TestCase):
    """One node for all, since none of these harms it."""

    maxDiff = 4000

    @classmethod
    def setUpClass(cls):
        temporary = tempfile.TemporaryDirectory(prefix="cchc-e2e-", ignore_cleanup_errors=True)
        cls.addClassCleanup(temporary.cleanup)
        cls.base = temporary.name
        cls.node = harness.Office(cls.base, "H51.15")
        cls.addClassCleanup(cls.node.stop)
        cls.node.up()

    def call(self, *arguments, codes=(OK,), **options):
        """cchc call."""
        return expect(self.node.run("call", *arguments, **options), *codes)

    def start(self, *arguments):
        """A command that goes on, with pipes at both ends; it does not outlive the test."""
        process = self.node.popen(*arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(self.forget, process)
        return process

    @staticmethod
    def forget(process):
        """Whatever became of it."""
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            with contextlib.suppress(OSError):
                stream.close()

    @contextlib.contextmanager
    def stopped(self, service):
        """A service that is there and does nothing."""
        pid = self.node.pid_of(service)
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def until(self, look, what):
        """What `look` gives when it is true, asking again until a deadline."""
        deadline = time.monotonic() + SECONDS
        while True:
            found = look()
            if found:
                return found
            self.assertLess(time.monotonic(), deadline, what)

    def metrics(self, *codes):
        """Families of `cchc metrics`, each line checked."""
        return exposition.read(expect(self.node.run("metrics"), *codes).out)

    def calls_ended(self, service, method, status):
        """How many calls ended so."""
        return exposition.value_of(self.metrics(), "cchc_calls_total", service=service, method=method,
                                   status=status) or 0

    def logged(self, trace, event):
        """Log lines of a work."""
        found = [json.loads(line) for line in self.node.log().splitlines() if line.startswith("{")]
        return [line for line in found if line.get("trace") == f"{trace:032x}" and line["event"] == event]

    # Calls -----------------------------------------------------------------------------------

    def test_a_request_comes_as_argument_from_stdin_or_from_a_file(self):
        path = os.path.join(self.base, "request.json")
        with open(path, "w", encoding="utf-8") as stream:
            stream.write('\n{ "body":\n "aGk=" }\n')
        for arguments in (('{"body":"aGk="}',), ("-",), ("@" + path,)):
            answer = self.call("Line/Echo", *arguments, "--service", "dossiers", given=b'{"body":"aGk="}')
            self.assertEqual(answer.json(), {"body": "aGk="})
        self.assertEqual(self.call("Node/State", "--service", "exchange").json()["service"], "exchange")

    def test_a_stream_goes_up_however_its_objects_are_set(self):
        given = b'{"body":"aGk="}\n\n {"body":\n"aGk="}{"body":"aGk="}'
        path = os.path.join(self.base, "requests.json")
        with open(path, "wb") as stream:
            stream.write(given)
        for arguments in ((), ("-",), ("@" + path,), (given.decode(),)):
            receipt = self.call("Line/Upload", *arguments, "--service", "exchange", given=given).json()
            self.assertEqual((receipt["chunks"], receipt["bytes"]), ("3", "6"))
        self.assertEqual(self.call("Line/Upload", "", "--service", "exchange").json(), {})

    def test_a_stream_comes_down_one_reply_a_line(self):
        answer = self.call("Line/Download", '{"chunks":1000,"chunk_bytes":3}', "--service", "staffing")
        self.assertEqual(lines(answer.out), [{"body": "AAAA"}] * 1000)

    def test_a_conversation_goes_both_ways_as_it_is_typed(self):
        process = self.start("call", "Line/Converse", "--service", "documents")
        for body in (b"a", b"b" * 1000, b""):
            process.stdin.write(chunk(body).encode())
            process.stdin.flush()
            self.assertEqual(json.loads(read_line(process)), json.loads(chunk(body)) if body else {})
        process.stdin.close()
        self.assertEqual(process.wait(SECONDS), OK, process.stderr.read())

    def test_more_than_both_windows_hold_goes_both_ways(self):
        given = "".join(chunk(b"%06d" % number * 500) for number in range(1500))
        answer = self.call("Line/Converse", "--service", "reporting", given=given.encode())
        self.assertEqual(answer.out.count("\n"), 1500)
        self.assertEqual(lines(answer.out), lines(given))

    def test_an_interrupt_calls_it_off_on_the_wire(self):
        for service, arguments, given in (
                ("documents", ("Line/Download", '{"chunks":4000000000,"chunk_bytes":10}'), b""),
                ("staffing", ("Line/Converse",), b'{"body":"aGk="}\n')):
            before = self.calls_ended(service, arguments[0], "CANCELLED")
            process = self.start("call", *arguments, "--service", service)
            process.stdin.write(given)
            process.stdin.flush()
            read_line(process)
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=SECONDS)
            self.assertEqual(process.returncode, INTERRUPTED, errors)
            self.assertIn("Đã hủy lời gọi", errors.decode())
            self.until(lambda service=service, method=arguments[0], before=before:
                       self.calls_ended(service, method, "CANCELLED") == before + 1, "it hears of it")

    def test_an_interrupt_before_the_request_is_complete_ends_it_too(self):
        process = self.start("call", "Node/State", "-", "--service", "dossiers")
        process.stdin.write(b"{")
        process.stdin.flush()
        self.until(lambda: signal.SIGINT in self.blocked(process.pid), "it keeps the signal for itself")
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(SECONDS), INTERRUPTED)

    @staticmethod
    def blocked(pid):
        """Signals a process keeps for itself."""
        with open(f"/proc/{pid}/status", encoding="ascii") as stream:
            mask = int(re.search(r"SigBlk:\s+([0-9a-f]+)", stream.read())[1], 16)
        return [number for number in range(1, 32) if mask & 1 << number - 1]

    def test_a_deadline_ends_a_call(self):
        process = self.start("call", "Line/Converse", "--service", "documents", "--deadline-ms", "300")
        self.assertEqual(process.wait(SECONDS), UNAVAILABLE)
        self.assertIn("quá thời hạn", process.stderr.read().decode())

    def test_what_is_wrong_is_named(self):
        path = os.path.join(self.base, "none.json")
        for arguments, given, code, words in (
                ((), b"", USAGE, ["cchc --node"]),
                (("Line/Echo", "{}", "{}"), b"", USAGE, ["cchc --node"]),
                (("Line/Echo", "--deadline-ms", "0"), b"", USAGE, ["--deadline-ms"]),
                (("Line/Echo", "--deadline-ms", "-1"), b"", USAGE, ["--deadline-ms"]),
                (("Line/Echo", "--deadline-ms", "4294967296"), b"", USAGE, ["--deadline-ms"]),
                (("Line/Eco", "{}"), b"", NOT_FOUND, ["Line/Eco", "Line/Echo"]),
                (("GetDossier", "{}"), b"", NOT_FOUND, ["Dossiers/GetDossier"]),
                (("qqqqqqqqqqqqqqqqqqqq", "{}"), b"", NOT_FOUND, ["cchc call --list"]),
                (("Line/Echo", "{}"), b"", USAGE, ["--service"]),
                (("Line/Echo", "{}", "--service", "dosiers"), b"", NOT_FOUND, ["dossiers"]),
                (("Dossiers/GetDossier", "{}", "--service", "staffing"), b"", USAGE, ["Dossiers/GetDossier"]),
                (("Dossiers/GetDossier", '{"cod":"x"}'), b"", USAGE, ["GetDossierRequest", "«cod»", "«code»"]),
                (("Dossiers/GetDossier", '{"code":7}'), b"", USAGE, ["«code»", "7"]),
                (("Dossiers/GetDossier", '{"code":"x"}'), b"", NOT_FOUND, ["«code»", "«x»"]),
                (("Dossiers/GetDossier", '{"code":'), b"", USAGE, ["1:8"]),
                (("Dossiers/GetDossier", "{}{}"), b"", USAGE, ["Dossiers/GetDossier"]),
                (("Dossiers/GetDossier", "-"), b"", USAGE, ["Dossiers/GetDossier"]),
                (("Dossiers/GetDossier", "@" + path), b"", NOT_FOUND, [path]),
                (("Dossiers/RecordDossiers", '{"records":[{},{"channel":"ONLINEE"}]}'), b"", USAGE,
                 ["records[1].channel", "ONLINE?"]),
                (("Line/Converse", "--service", "exchange"), b'{}\n{"body":"aGk="}\n{"body":1}\n', USAGE,
                 ["thứ 3", "«body»"]),
                (("Line/Converse", "--service", "exchange"), b'{}\n{"body"', USAGE, ["thứ 2", "2:"]),
                (("Line/Download", '{"chunks":1,"chunk_bytes":70000}', "--service", "exchange"), b"", USAGE,
                 ["«chunk_bytes»"])):
            answer = self.call(*arguments, codes=(code,), given=given)
            for word in words:
                self.assertIn(word, answer.err, answer)

    def test_both_languages_say_it(self):
        for language, words in (("vi", "có phải «Line/Echo»"), ("en", "did you mean “Line/Echo”")):
            self.assertIn(words, self.call("Line/Eco", "--lang", language, codes=(NOT_FOUND,)).err)

    # Keys ------------------------------------------------------------------------------------

    def test_a_key_makes_a_write_happen_once(self):
        key = "00112233445566778899aabbccddee01"
        request = json.dumps({"records": [{"code": "H51.15.91"}]})
        first = self.call("Staffing/RecordUnits", request, "--idempotency-key", key).out
        self.assertEqual(self.call("Staffing/RecordUnits", request, "--idempotency-key", key.upper()).out, first)
        answer = self.call("Staffing/RecordTrainings", '{"records":[]}', "--idempotency-key", key, codes=(USAGE,))
        self.assertIn(key, answer.err)

    def test_a_wrong_or_needless_key_is_refused(self):
        for arguments in (("Staffing/RecordUnits", "{}", "--idempotency-key", "12"),
                          ("Staffing/RecordUnits", "{}", "--idempotency-key", "zz" * 16),
                          ("Line/Echo", "{}", "--service", "dossiers", "--idempotency-key", "00" * 16)):
            self.call(*arguments, codes=(USAGE,))

    def test_who_does_not_know_the_outcome_gets_the_key_to_ask_again(self):
        request = '{"records":[]}'
        with self.stopped("documents"):
            answer = self.call("Documents/RecordNews", request, "--deadline-ms", "500", codes=(UNAVAILABLE,))
        key = re.search(r"--idempotency-key ([0-9a-f]{32})", answer.err)[1]
        self.call("Documents/RecordNews", request, "--idempotency-key", key)

    # What there is -----------------------------------------------------------------------------

    def test_methods_are_listed_with_their_rules(self):
        text = expect(harness.cchc("call", "--list")).out
        self.assertIn("Line/Converse(stream LineChunk) stream LineChunk\n    CALLS · EVERYONE · 60000 ms · Both ways",
                      text)
        listed = expect(harness.cchc("call", "--list", "--json")).json()
        methods = {method["name"]: method for method in listed}
        self.assertEqual(len(methods), text.count("(") - text.count(" ("))
        converse = methods["Line/Converse"]
        self.assertTrue(converse["streams_requests"] and converse["streams_replies"])
        self.assertEqual(converse["options"], {"access": "CALLS", "permission": "EVERYONE", "deadline_ms": 60000,
                                               "idempotency_level": "NO_SIDE_EFFECTS"})
        served = self.call("--list", "--service", "exchange", "--json").json()
        names = {method["name"] for method in served}
        self.assertIn("Exchange/Sync", names)
        self.assertNotIn("Dossiers/GetDossier", names)
        self.call("--list", "more", codes=(USAGE,))

    def test_everything_that_is_listed_is_described(self):
        listed = expect(harness.cchc("describe", "--json")).json()
        kinds = {entry["kind"] for entry in listed}
        self.assertEqual(kinds, {"service", "method", "message", "enum"})
        self.assertTrue(all(entry["comment"] for entry in listed))
        text = expect(harness.cchc("describe")).out
        for entry in listed:
            self.assertIn(entry["name"], text)
        for entry in listed[::40]:
            described = expect(harness.cchc("describe", entry["name"], "--json")).json()
            self.assertEqual({name: described[name] for name in ("kind", "name", "file", "comment")}, entry)
            self.assertIn(entry["file"], expect(harness.cchc("describe", entry["name"])).out)

    def test_a_definition_needs_no_node_and_is_the_same_from_one(self):
        for name in ("Dossier", "Dossier.Channel", "Health", "Health/Watch"):
            own = expect(harness.cchc("describe", name)).out
            self.assertEqual(expect(self.node.run("describe", name, "--service", "documents")).out, own)
        self.assertIn("message HealthCheckRequest {", own)
        self.assertIn("rpc Watch(HealthCheckRequest) returns (stream HealthCheckResponse) {", own)

    def test_what_is_not_defined_has_a_nearest(self):
        answer = expect(harness.cchc("describe", "Dosier"), NOT_FOUND)
        self.assertIn("«Dossier»", answer.err)
        self.assertEqual(answer.out, "")
        expect(harness.cchc("describe", "qqqqqqqqqqqqqqqqqqqqq"), NOT_FOUND)
        expect(harness.cchc("describe", "a", "b"), USAGE)
        expect(harness.cchc("describe", "--service", "dossiers"), USAGE)
        expect(self.node.run("describe", "--service", "nothing"), NOT_FOUND)

    # Traces --------------------------------------------------------------------------------------

    def test_a_work_is_followed_through_the_services(self):
        expect(self.node.run("report", "make", "2024-Q1", "--format", "json", TRACEPARENT=traceparent(1)))
        tree = expect(self.node.run("trace", f"{1:032x}", "--json")).json()
        self.assertEqual(tree["trace"], f"{1:032x}")
        root = tree["spans"][0]
        # The command is a step of its own, below the one it was given.
        self.assertRegex(root["parent"], "^[0-9a-f]{16}$")
        self.assertEqual((root["service"], root["method"], root["status"]),
                         ("reporting", "Reporting/MakeReport", "OK"))
        below = {(call["service"], call["method"]) for call in root["calls"]}
        for service in ("dossiers", "staffing", "documents"):
            self.assertIn((service, "Figures/Evaluate"), below)
        for call in root["calls"]:
            self.assertEqual(call["parent"], root["span"])
            self.assertGreaterEqual(call["start_ms"], root["start_ms"])
            self.assertLessEqual(call["duration_us"], root["duration_us"])
        for language, words in (("vi", "nút này"), ("en", "this node")):
            text = expect(self.node.run("trace", traceparent(1), "--lang", language)).out
            self.assertIn("  reporting  Reporting/MakeReport", text)
            self.assertIn("  dossiers     Figures/Evaluate", text)
            self.assertIn(words, text)

    def test_the_latest_works_are_listed(self):
        self.call("Line/Echo", "{}", "--service", "dossiers", TRACEPARENT=traceparent(2))
        self.call("Dossiers/GetDossier", '{"code":"none"}', codes=(NOT_FOUND,), TRACEPARENT=traceparent(3))
        listed = expect(self.node.run("trace", "--json")).json()
        by_id = {work["trace"]: work for work in listed}
        self.assertEqual(by_id[f"{2:032x}"]["method"], "Line/Echo")
        self.assertEqual(by_id[f"{3:032x}"]["status"], "NOT_FOUND")
        started = [work["started_ms"] for work in listed]
        self.assertEqual(started, sorted(started, reverse=True))
        self.assertFalse([work for work in listed if work["method"].endswith("/Marks")])
        text = expect(self.node.run("trace")).out
        self.assertRegex(text, rf"(?m)^\d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{{3}}  {2:032x}  Line/Echo: OK")

    def test_a_round_that_found_nothing_is_told_when_asked_for(self):
        def rounds():
            listed = expect(self.node.run("trace", "--all", "--json")).json()
            return [work for work in listed if work["method"] == "Replica/Marks"]

        work = self.until(rounds, "the pump makes a round by itself")[0]
        tree = expect(self.node.run("trace", work["trace"], "--json")).json()
        # All routes inside the node, each asked at both ends, are one work.
        self.assertEqual({span["service"] for span in tree["spans"]},
                         {"staffing", "dossiers", "documents", "reporting"})

    def test_a_work_that_is_not_known_is_not_found(self):
        expect(self.node.run("trace", f"{9:032x}"), NOT_FOUND)
        expect(self.node.run("trace", "0" * 32), USAGE)
        expect(self.node.run("trace", "work"), USAGE)
        expect(self.node.run("trace", "a", "b"), USAGE)

    def test_log_lines_of_a_call_name_its_work(self):
        # The loop, for a handler that refused on a worker's thread.
        self.call("Exchange/Marks", '{"service":"nothing"}', codes=(FAILED,), TRACEPARENT=traceparent(10))
        self.assertTrue(self.logged(10, "call-refused"))
        # The loop, before there is a handler.
        self.call("Staffing/RecordUnits", "{}", "--token", self.clerk("leader"), codes=(FAILED,),
                  TRACEPARENT=traceparent(11))
        self.assertTrue(self.logged(11, "call-refused"))
        # The committer: an event of a type that nobody knows is kept without effect.
        event = (field(1, "H51.15.77") + field(2, 1) + field(3, 1) + field(4, 1) + field(5, 1 << 16) +
                 field(6, "x") + field(7, 9999) + field(8, b"x"))
        request = {"service": "dossiers", "stream": "STREAM_RECORDS", "events": [base64.b64encode(event).decode()]}
        reply = self.call("Replica/ApplyEvents", json.dumps(request), "--service", "dossiers",
                          TRACEPARENT=traceparent(12)).json()
        self.assertEqual(reply["held"], 1)
        self.assertTrue(self.logged(12, "event-held"))

    def clerk(self, role):
        """The file of a person's token."""
        path = os.path.join(self.base, f"{role}.token")
        with open(path, "w", encoding="ascii") as stream:
            stream.write(expect(self.node.run("token", "make", "--person", "lan", "--role", role)).out)
        return path

    # Metrics -----------------------------------------------------------------------------------

    def test_what_was_counted_is_told_as_prometheus_wants_it(self):
        before = self.calls_ended("documents", "Line/Echo", "OK")
        self.call("Line/Echo", '{"body":"aGk="}', "--service", "documents")
        families = self.metrics()
        labels = {"service": "documents", "method": "Line/Echo"}
        for service in harness.SERVICES:
            self.assertEqual(exposition.value_of(families, "cchc_up", service=service), 1)
            self.assertGreater(exposition.value_of(families, "cchc_resident_bytes", service=service), 1 << 20)
        self.assertEqual(exposition.value_of(families, "cchc_calls_total", status="OK", **labels), before + 1)
        self.assertEqual(exposition.value_of(families, "cchc_call_duration_seconds_count", **labels), before + 1)
        self.assertEqual(exposition.value_of(families, "cchc_request_bytes_total", **labels), 4 * (before + 1))
        heard = exposition.value_of(families, "cchc_peer_last_heard_seconds", service="documents", peer="office")
        self.assertLess(abs(time.time() - heard), SECONDS)
        self.assertEqual(exposition.value_of(families, "cchc_info", service="exchange", node="H51.15",
                                             version=expect(harness.cchc("--version")).out.split()[1]), 1)

    def test_a_reader_may_see_them(self):
        exposition.read(expect(self.node.run("metrics", "--token", self.clerk("leader"))).out)

    def test_machines_get_the_same_as_json(self):
        found = {one["service"]: one for one in expect(self.node.run("metrics", "--json")).json()}
        self.assertEqual(set(found), set(harness.SERVICES))
        self.assertTrue(all(one["up"] for one in found.values()))
        self.assertEqual(found["dossiers"]["state"]["node"], "H51.15")
        self.assertTrue(found["dossiers"]["statistics"]["methods"])

    # Health ----------------------------------------------------------------------------------------

    def test_healthy_services_are_told(self):
        answer = expect(self.node.run("health"))
        self.assertEqual({line.split()[0] for line in answer.out.splitlines()}, set(harness.SERVICES))
        self.assertEqual(answer.out.count("sẵn sàng"), len(harness.SERVICES))
        self.assertEqual(expect(self.node.run("health", "--lang", "en")).out.count("  ready\n"), len(harness.SERVICES))
        found = expect(self.node.run("health", "--json", "--service", "staffing")).json()
        self.assertEqual(found, [{"service": "staffing", "alive": True, "ready": True, "status": "SERVING",
                                  "reason": ""}])
        expect(self.node.run("health", "--service", "stafing"), NOT_FOUND)
        expect(self.node.run("health", "more"), USAGE)
        expect(self.node.run("health", "--wach"), USAGE)

    def test_watching_tells_every_change(self):
        process = self.start("health", "--watch", "--json", "--service", "staffing")
        self.assertTrue(json.loads(read_line(process))["ready"])
        before = self.node.pid_of("staffing")
        self.node.kill_service("staffing")
        change = json.loads(read_line(process))
        self.assertEqual((change["alive"], change["ready"], change["service"]), (False, False, "staffing"))
        self.assertTrue(json.loads(read_line(process))["ready"])
        self.assertNotEqual(self.node.started_again("staffing", before), before)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(SECONDS), OK, process.stderr.read())

    def test_watching_all_tells_each_and_a_stop(self):
        process = self.start("health", "--watch")
        found = {read_line(process).split()[1] for _ in harness.SERVICES}
        self.assertEqual(found, set(harness.SERVICES))
        os.kill(self.node.pid_of("reporting"), signal.SIGTERM)
        self.assertRegex(read_line(process), r"^\d\d:\d\d:\d\d  reporting  đang chạy nhưng chưa làm việc được: đang dừng")
        self.assertIn("không trả lời", read_line(process))
        self.assertIn("sẵn sàng", read_line(process))
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(SECONDS), OK, process.stderr.read())

    # A service that does not answer ----------------------------------------------------------------

    def test_a_stopped_service_is_told_and_the_rest_answers(self):
        with self.stopped("documents"):
            found = {one["service"]: one for one in
                     expect(self.node.run("health", "--json"), UNAVAILABLE).json()}
            self.assertFalse(found["documents"]["alive"] or found["documents"]["ready"])
            self.assertTrue(all(one["ready"] for name, one in found.items() if name != "documents"))
            families = self.metrics(PARTIAL)
            self.assertEqual(exposition.value_of(families, "cchc_up", service="documents"), 0)
            self.assertEqual(exposition.value_of(families, "cchc_up", service="exchange"), 1)
            self.assertIsNone(exposition.value_of(families, "cchc_store_bytes", service="documents"))
            answer = expect(self.node.run("trace"), PARTIAL)
            self.assertIn("documents", answer.err)
            self.assertNotIn("staffing", answer.err)
            process = self.start("health", "--watch", "--json")
            told = {}
            while len(told) < len(harness.SERVICES):
                one = json.loads(read_line(process))
                told[one["service"]] = one["ready"]
            self.assertEqual([name for name, ready in told.items() if not ready], ["documents"])
            process.send_signal(signal.SIGINT)
            self.assertEqual(process.wait(SECONDS), UNAVAILABLE, process.stderr.read())
        expect(self.node.run("health"))


class Nodes(harness.OfficeTest):
    """Nodes that do not run, and two that do."""

    def test_a_node_that_does_not_run_is_told(self):
        node = self.office("H51.15")
        for arguments in (("health",), ("health", "--watch"), ("trace",), ("trace", WORK),
                          ("call", "Line/Echo", "--service", "dossiers"), ("describe", "--service", "dossiers")):
            answer = expect(node.run(*arguments), UNAVAILABLE)
            self.assertIn("chưa chạy", answer.err)
        families = exposition.read(expect(node.run("metrics"), UNAVAILABLE).out)
        self.assertEqual([value for _, _, value in families["cchc_up"]["samples"]], [0] * len(harness.SERVICES))
        for arguments in (("health",), ("trace",), ("metrics",), ("call", "Dossiers/GetDossier")):
            self.assertIn("--node", expect(harness.cchc(*arguments), USAGE).err)

    def test_a_work_goes_on_at_the_parent(self):
        parent = self.office("H51.15")
        child = self.office("H51.15.61", parent=parent, listens=False)
        for office in (parent, child):
            office.up()
        parent.accept(child)
        expect(child.run("sync", "--wait", TRACEPARENT=traceparent(20)))
        here = expect(child.run("trace", f"{20:032x}", "--json")).json()
        syncs = [span for span in here["spans"] if span["method"] == "Exchange/Sync"]
        self.assertTrue(syncs and all(span["calls"] for span in syncs))
        there = expect(parent.run("trace", f"{20:032x}", "--json")).json()
        gate = [span for span in there["spans"] if span["service"] == "exchange"]
        self.assertTrue(gate)
        for span in gate:
            self.assertEqual((span["caller"], span["node"]), ("H51.15.61", "H51.15"))
            self.assertIn(span["parent"], [sync["span"] for sync in syncs])
            self.assertTrue(span["calls"][0]["method"].startswith("Replica/"))
        self.assertIn("H51.15.61", expect(parent.run("trace", f"{20:032x}")).out)


if __name__ == "__main__":
    unittest.main()
