#!/usr/bin/env python3
"""Strangers: a client that knows only proto/README.md and the contract is served like one of ours,
and one that breaks the rules harms nobody but itself."""

import base64
import contextlib
import os
import re
import secrets
import signal
import sys
import tempfile
import time
import unittest

import zmq
from zmq.utils.monitor import recv_monitor_message

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import foreign  # noqa: E402  (found beside this file, wherever the tests are started)
import harness  # noqa: E402

CODE = "H51.15"
COMMUNE = "H51.15.61"

PAGE = os.path.join(foreign.PROTO, "README.md")

AT_ONCE, UP, DOWN, SLOW = "Line/Echo", "Line/Upload", "Line/Download", "Reporting/MakeReport"


def status_of(call):
    """How a call ended."""
    try:
        call.end()
    except foreign.Failed as failed:
        return failed.status
    return "OK"


def event_of(monitor):
    """The next thing that happens to a connection."""
    if not monitor.poll(foreign.PATIENCE_SECONDS * 1000):
        raise foreign.Silence("nothing happens to the connection")
    return recv_monitor_message(monitor)["event"]


class StrangerTest(unittest.TestCase):
    """One node for a class of tests; every test has a bystander who must be served whatever happens."""

    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory(prefix="cchc-e2e-", ignore_cleanup_errors=True)
        cls.addClassCleanup(cls.temporary.cleanup)
        cls.node = harness.Office(cls.temporary.name, CODE)
        cls.prepare()
        cls.addClassCleanup(cls.node.stop)
        cls.node.up()
        with foreign.Connection(cls.ipc("reporting"), foreign.Contract.of_calls()) as line:
            line.hello()
            cls.contract = line.describe()

    @classmethod
    def prepare(cls):
        """Before the node starts."""

    @classmethod
    def ipc(cls, service):
        """Where a service of the node is called from inside the machine."""
        return f"ipc://{cls.node.folder}/run/{service}"

    def setUp(self):
        self.lines = contextlib.ExitStack()
        self.addCleanup(self.lines.close)
        self.bystander = self.connect()
        self.addCleanup(self.expect_service)

    def expect_service(self):
        """Whoever keeps to the rules is served."""
        self.assertEqual(self.echo(self.bystander, b"still here"), b"still here")

    def dial(self, service="reporting"):
        """A connection on which nothing was said."""
        return self.lines.enter_context(foreign.Connection(self.ipc(service), self.contract))

    def connect(self, service="reporting", **hello):
        """A connection that was welcome."""
        line = self.dial(service)
        line.hello(**hello)
        return line

    def monitor(self, socket, events):
        """Tells what happens to a socket's connection."""
        return self.lines.enter_context(socket.get_monitor_socket(events))

    def echo(self, line, body=b"xin chao"):
        """There and back."""
        return line.call("Line/Echo", self.contract.LineChunk(body=body)).body

    def statistics(self):
        """What the service counted."""
        return self.bystander.call("Node/Statistics")

    def ended(self, method, status):
        """How many calls of a method ended so."""
        for row in self.statistics().methods:
            if row.method == method:
                counts = dict(enumerate(row.by_status))
                return counts.get(foreign.STATUSES.index(status), 0)
        return 0

    def expect_goodbye(self, line, reason):
        """The server ends the connection; returns its words."""
        with self.assertRaises(foreign.Goodbye) as caught:
            line.wait(lambda: False)
        self.assertEqual(caught.exception.reason, reason)
        return caught.exception

    def expect_failure(self, status, reason, call, *arguments, **options):
        """A call ends with this status and fault; returns its words."""
        with self.assertRaises(foreign.Failed) as caught:
            call(*arguments, **options)
        self.assertEqual((caught.exception.status, caught.exception.reason), (status, reason))
        return caught.exception

    def request(self, number, method=AT_ONCE, payload=b"", **fields):
        """The part that opens a call."""
        return self.contract.part("REQUEST", payload, call=number, method=method, **fields)


class Greeting(StrangerTest):
    """HELLO and what may follow it."""

    def test_who_says_hello_is_welcome(self):
        welcome = self.dial().hello()
        self.assertEqual((welcome.protocol, welcome.node), (1, CODE))
        self.assertEqual((welcome.message_max, welcome.calls_max, welcome.credit), (1 << 20, 256, foreign.WINDOW_OF_CONNECTION))
        self.assertEqual((welcome.keepalive_ms, welcome.silence_ms), (20000, 60000))
        self.assertEqual(welcome.contract, self.contract.hash())
        self.assertEqual(self.dial().hello().boot, welcome.boot)

    def test_what_nobody_speaks_is_refused(self):
        line = self.dial()
        line.say(self.contract.hello(protocol_min=2, protocol_max=9))
        self.expect_goodbye(line, "PROTOCOL_VERSION")

    def test_a_range_that_holds_ours_is_welcome(self):
        self.assertEqual(self.dial().hello(protocol_min=0, protocol_max=9).protocol, 1)

    def test_nothing_is_heard_before_a_hello(self):
        line = self.dial()
        for part in (self.request(1), self.contract.part("PING"), self.contract.part("CREDIT", credit=1)):
            line.say(part)
            self.expect_goodbye(line, "NOT_INTRODUCED")
        line.hello()
        self.assertEqual(self.echo(line), b"xin chao")

    def test_calls_may_follow_a_hello_in_the_same_message(self):
        line = self.dial()
        line.say(self.contract.hello(), self.request(1), self.request(3))
        self.assertEqual([line.hear()[0].call for _ in range(3)], [0, 1, 3])

    def test_a_ping_is_answered(self):
        line = self.connect()
        line.say(self.contract.part("PING"))
        line.expect("PONG")

    def test_who_leaves_is_forgotten_at_once(self):
        line = self.connect()
        line.say(self.contract.part("GOAWAY"))
        line.say(self.contract.part("PING"))
        self.expect_goodbye(line, "NOT_INTRODUCED")


class Example(StrangerTest):
    """The bytes that the page shows."""

    @staticmethod
    def blocks():
        """Its blocks of bytes, without the words beside them."""
        with open(PAGE, encoding="utf-8") as page:
            found = re.findall(r"```hex\n(.*?)```", page.read(), re.DOTALL)
        return [bytes.fromhex(re.sub(r"#.*", "", block)) for block in found]

    def test_the_page_says_what_we_say(self):
        hello = self.contract.hello(boot=0x0123456789ABCDEF, time_ms=1704067200000, program="stranger 1")
        request = self.request(1, "Line/Echo", self.contract.LineChunk(body="chào".encode()).SerializeToString(),
                               deadline_ms=2000)
        self.assertEqual(self.blocks()[:2], self.contract.message(hello, request))

    def test_the_page_says_what_the_server_says(self):
        said, heard = self.blocks()[:2], self.blocks()[2:]
        line = self.dial()
        line.socket.send_multipart(said)
        (header, payload), status = line.expect("HELLO_OK"), line.expect("STATUS")
        welcome = self.contract.Welcome.FromString(payload)
        shown = self.contract.Welcome.FromString(next(self.contract.parts(heard))[1])
        # These differ from run to run.
        for name in ("boot", "contract", "time_ms", "program"):
            setattr(welcome, name, getattr(shown, name))
        welcomed = self.contract.part("HELLO_OK", welcome.SerializeToString())
        self.assertEqual(header.size, len(payload))
        self.assertEqual(heard, self.contract.message(welcomed, status))


class Patience(StrangerTest):
    """A server of little patience and with little room."""

    @classmethod
    def prepare(cls):
        harness.set_setting(cls.node, "keepalive-ms", 500)
        harness.set_setting(cls.node, "queue-max", 1)

    def test_who_is_silent_is_forgotten_and_who_speaks_is_not(self):
        silent = self.dial()
        welcome = silent.hello()
        self.assertEqual((welcome.keepalive_ms, welcome.silence_ms), (500, 1500))
        # It may take so long until it looks; calls that end by their deadline are the clock.
        forgotten = time.monotonic() + 1.5 + 1.2
        while time.monotonic() < forgotten:
            self.assertEqual(status_of(self.bystander.begin("Line/Converse", seconds=0.4)), "DEADLINE_EXCEEDED")
        silent.say(self.request(1))
        self.expect_goodbye(silent, "NOT_INTRODUCED")

    def test_who_has_no_room_says_when_to_come_back(self):
        line = self.connect("documents")
        calls = [line.begin("Documents/RecordNews") for _ in range(100)]
        line.wait(lambda: all(call.status for call in calls))
        refused = [call.status for call in calls if call.status.status]
        self.assertTrue(refused)
        for status in refused:
            self.assertEqual(foreign.STATUSES[status.status], "RESOURCE_EXHAUSTED")
            self.assertEqual(status.fault.reason, self.contract.Fault.Reason.Value("OVERLOADED"))
            self.assertEqual(status.retry_after_ms, 1000)


class Calls(StrangerTest):
    """Calls that stream nothing."""

    def test_a_question_is_answered(self):
        state = self.connect().call("Node/State")
        self.assertEqual((state.service, state.node), ("reporting", CODE))

    def test_a_question_about_nothing_is_answered_too(self):
        dossiers = self.connect("dossiers")
        failed = self.expect_failure("NOT_FOUND", "UNKNOWN_DOSSIER", dossiers.call, "Dossiers/GetDossier",
                                     self.contract.GetDossierRequest(code="none"))
        self.assertEqual(failed.header.fault.value, "none")

    def test_calls_of_one_message_are_all_answered(self):
        line = self.connect()
        bodies = [bytes([number]) * number for number in range(100)]
        payloads = [self.contract.LineChunk(body=body).SerializeToString() for body in bodies]
        line.say(*[self.request(2 * number + 1, payload=payload) for number, payload in enumerate(payloads)])
        answers = {}
        while len(answers) < len(payloads):
            header, payload = line.expect("STATUS")
            answers[header.call] = payload
        self.assertEqual([answers[2 * number + 1] for number in range(100)], payloads)

    def test_a_method_that_is_nowhere_is_named(self):
        line = self.connect()
        for method in ("", "Line/", "Nowhere/Check", "Dossiers/GetDossier"):
            number, line.next_call = line.next_call, line.next_call + 2
            line.say(self.request(number, method))
            header, _ = line.expect("STATUS")
            self.assertEqual(foreign.STATUSES[header.status], "UNIMPLEMENTED")
            self.assertEqual(header.fault.reason, self.contract.Fault.Reason.Value("UNKNOWN_METHOD"))
            self.assertEqual(header.fault.value, method)

    def test_a_payload_that_is_none_is_refused(self):
        line = self.connect()
        line.say(self.request(1, payload=b"\x0a\x7f"))
        header, _ = line.expect("STATUS")
        self.assertEqual(foreign.STATUSES[header.status], "INVALID_ARGUMENT")
        self.assertEqual(header.fault.reason, self.contract.Fault.Reason.Value("MALFORMED"))

    def test_a_reply_that_is_too_large_for_us_is_not_sent(self):
        line = self.connect(message_max=1000)
        self.assertEqual(self.echo(line, bytes(990)), bytes(990))
        self.expect_failure("RESOURCE_EXHAUSTED", "TOO_LARGE", line.call, "Reflection/Describe")
        self.assertEqual(self.echo(line), b"xin chao")

    def test_a_call_is_found_by_its_trace(self):
        line = self.connect()
        work, step = secrets.token_hex(16), secrets.token_hex(8)
        line.call("Node/State", trace=f"00-{work}-{step}-01")
        spans = line.call("Node/Trace", self.contract.TraceRequest(trace=work)).spans
        self.assertEqual([(span.method, span.parent, span.trace[:36]) for span in spans],
                         [("Node/State", step, f"00-{work}-")])

    # Calls that change something -------------------------------------------------------------

    def news(self, title):
        """Something to be recorded."""
        return self.contract.RecordNewsRequest(records=[self.contract.NewsItem(
            published_day=20240115, title=title, category="CCHC", link=f"https://example.vn/{title}")])

    def test_a_write_made_again_under_its_key_is_done_once(self):
        line, key = self.connect("documents"), secrets.token_bytes(16)
        first = line.call("Documents/RecordNews", self.news("again"), idempotency_key=key)
        self.assertEqual(first.added, 1)
        # As after a lost connection: over another one, and told to be the second attempt.
        again = self.connect("documents").call("Documents/RecordNews", self.news("again"), idempotency_key=key,
                                               attempt=1)
        self.assertEqual(again, first)
        other = line.call("Documents/RecordNews", self.news("again"))
        self.assertEqual((other.added, other.unchanged), (0, 1))

    def test_a_key_is_demanded_and_belongs_to_one_request(self):
        line, key = self.connect("documents"), secrets.token_bytes(16)
        for wrong in (b"", key[:15], key + b"x"):
            self.expect_failure("INVALID_ARGUMENT", "KEY_NEEDED", line.call, "Documents/RecordNews",
                                self.news("keyless"), idempotency_key=wrong)
        line.call("Documents/RecordNews", self.news("keyed"), idempotency_key=key)
        self.expect_failure("INVALID_ARGUMENT", "KEY_REUSED", line.call, "Documents/RecordDocuments",
                            idempotency_key=key)
        self.expect_failure("INVALID_ARGUMENT", "KEY_REUSED", line.call, "Documents/RecordNews",
                            self.news("other"), idempotency_key=key)

    # Time ------------------------------------------------------------------------------------

    def test_a_deadline_is_time_left_and_no_time_of_day(self):
        line, begun = self.connect(), time.monotonic()
        self.assertEqual(status_of(line.begin("Line/Converse", seconds=0.4)), "DEADLINE_EXCEEDED")
        self.assertGreaterEqual(time.monotonic(), begun + 0.4)
        # What is left of one second is what a second attempt gives.
        left = begun + 1 - time.monotonic()
        self.assertEqual(status_of(line.begin("Line/Converse", seconds=left)), "DEADLINE_EXCEEDED")
        self.assertGreaterEqual(time.monotonic(), begun + 1)
        self.assertLess(time.monotonic(), begun + 3)


class Streams(StrangerTest):
    """The three shapes that stream, credit, and ends before the end."""

    CHUNKS, BYTES = 300, 1000

    def chunk(self, number=0, size=BYTES):
        """A message that begins with its number."""
        return self.contract.LineChunk(body=number.to_bytes(4, "big").ljust(size, b"."))

    def order(self, chunks=CHUNKS, size=BYTES):
        """Asks for messages."""
        return self.contract.LineOrder(chunks=chunks, chunk_bytes=size)

    def arrived_in_the_end(self, line):
        """How many messages of each call came, when the server had time to send more than it may."""
        for _ in range(20):
            self.echo(line)
        return [len(call.arrived) for call in line.calls.values()]

    def test_up(self):
        call = self.connect().begin("Line/Upload")
        for number in range(self.CHUNKS):
            call.send(self.chunk(number))
        call.half_close()
        receipt = call.end()
        self.assertEqual((receipt.chunks, receipt.bytes), (self.CHUNKS, self.CHUNKS * self.BYTES))

    def test_down(self):
        call = self.connect().begin("Line/Download", self.order())
        self.assertEqual([len(chunk.body) for chunk in call], [self.BYTES] * self.CHUNKS)
        self.assertIsNone(call.end())

    def test_both_ways_at_once(self):
        line = self.connect()
        call = line.begin("Line/Converse")
        for number in range(self.CHUNKS):
            call.send(self.chunk(number))
            self.assertEqual(call.receive(), self.chunk(number))
            if number % 50 == 0:
                self.assertEqual(self.echo(line), b"xin chao")
        call.half_close()
        self.assertIsNone(call.receive())
        call.end()

    def test_streams_of_nothing(self):
        line = self.connect()
        for method, request in (("Line/Upload", None), ("Line/Download", self.order(0)), ("Line/Converse", None)):
            call = line.begin(method, request)
            if call.method.streams_requests:
                call.half_close()
            call.end()
            self.assertFalse(call.arrived)

    def test_a_message_of_a_stream_that_is_none_ends_it(self):
        call = self.connect().begin("Line/Upload")
        call.say("DATA", b"\x0a\x7f")
        self.expect_failure("INVALID_ARGUMENT", "MALFORMED", call.end)

    # Credit ----------------------------------------------------------------------------------

    def test_who_grants_nothing_gets_the_window_and_one_message_over_it(self):
        line = self.connect()
        line.grants = False
        call = line.begin("Line/Download", self.order())
        cost = len(self.chunk().SerializeToString()) + foreign.COST_OF_MESSAGE
        window = -(-foreign.WINDOW_OF_CALL // cost)
        line.wait(lambda: len(call.arrived) == window)
        self.assertEqual(self.arrived_in_the_end(line), [window])
        line.grants = True
        self.assertEqual(sum(1 for _ in call), self.CHUNKS)

    def test_the_window_of_a_connection_is_for_all_its_calls(self):
        line = self.connect(credit=2000)
        line.grants = False
        calls = [line.begin("Line/Download", self.order(10)) for _ in range(3)]
        line.wait(lambda: sum(len(call.arrived) for call in calls) == 2)
        self.assertEqual(sum(self.arrived_in_the_end(line)), 2)
        line.grants = True
        line.grant(0, 1 << 20)
        self.assertEqual([sum(1 for _ in call) for call in calls], [10, 10, 10])

    def test_who_takes_more_than_was_granted_is_shown_the_door(self):
        line = self.connect()
        line.grants = False
        call = line.begin("Line/Converse")
        # The server takes no more once it cannot send back what it took.
        for number in range(20):
            call.say("DATA", self.chunk(number, 60000).SerializeToString())
        self.expect_goodbye(line, "VIOLATION")

    # Ends ------------------------------------------------------------------------------------

    def test_a_call_that_is_called_off_ends_its_handler(self):
        line = self.connect()
        for method, request in (("Line/Download", self.order(1 << 30)), ("Line/Converse", None), ("Line/Upload", None)):
            before = self.ended(method, "CANCELLED")
            call = line.begin(method, request)
            if request:
                call.receive()
            call.cancel()
            while line.expect("STATUS")[0].call != call.number:
                pass
            self.assertEqual(self.ended(method, "CANCELLED"), before + 1)
        self.assertEqual(self.statistics().calls_in_hand, 1, "the one that asks")

    def test_who_leaves_ends_the_handlers_of_its_calls(self):
        before = self.ended("Line/Download", "CANCELLED")
        line = self.connect()
        line.begin("Line/Download", self.order(1 << 30)).receive()
        line.say(self.contract.part("GOAWAY"))
        deadline = time.monotonic() + foreign.PATIENCE_SECONDS
        while self.ended("Line/Download", "CANCELLED") == before:
            self.assertLess(time.monotonic(), deadline)


class BadFrames(StrangerTest):
    """Messages that no client of ours would send."""

    def test_what_has_not_two_frames_is_dropped_and_counted(self):
        whole = self.contract.message(self.request(1, payload=b"payload"))
        line = self.connect()
        dropped = {
            "one frame": whole[:1],
            "one empty frame": [b""],
            "three frames": [*whole, b""],
            "the delimiter of a REQ": [b"", *whole],
            "five thousand frames": [b"."] * 5000,
            "headers beyond their size": self.contract.message(self.request(1, "x" * 65536)),
        }
        before = self.statistics().frames_dropped
        for number, (name, frames) in enumerate(dropped.items(), 1):
            with self.subTest(name):
                line.socket.send_multipart(frames)
                self.assertEqual(self.echo(line), b"xin chao")
                self.expect_service()
                self.assertEqual(self.statistics().frames_dropped, before + number)

    def test_headers_that_are_none_cost_the_connection(self):
        headers, payload = self.contract.message(self.request(1, payload=b"payload"))
        ping = self.contract.part("PING")
        broken = {
            "two empty frames": [b"", b""],
            "no headers": [b"", payload],
            "headers that are none": [b"\xff\xff\xff\xff", payload],
            "headers that are cut": [headers[:-1], payload],
            "a kind that nobody knows": [b"\x0a\x02\x08\x63", b""],
            "a number that is text": [b"\x0a\x05\x08\x09\x12\x01x", b""],
            "a name that is no text": [b"\x0a\x08\x08\x03\x18\x07\x22\x02\xff\xfe", payload],
            "a payload too short": [headers, payload[:-1]],
            "a payload too long": [headers, payload + b"."],
            "two that claim the same bytes": [headers + headers, payload],
            "a part beyond the limit": self.contract.message(self.request(1, payload=bytes((1 << 20) + 1))),
            "a header beyond the limit": self.contract.message(self.request(1, "x" * 4096)),
            "headers beyond their number": self.contract.message(*[ping] * 257),
        }
        before = self.statistics().frames_dropped
        for number, (name, frames) in enumerate(broken.items(), 1):
            with self.subTest(name):
                line = self.connect()
                line.socket.send_multipart(frames)
                self.expect_goodbye(line, "VIOLATION")
                self.expect_service()
                self.assertEqual(self.statistics().frames_dropped, before + number)
                line.hello()
                self.assertEqual(self.echo(line), b"xin chao")

    def test_a_hello_that_is_none_is_refused(self):
        line = self.dial()
        line.say(self.contract.part("HELLO", b"\xff"))
        self.expect_goodbye(line, "VIOLATION")
        line.say(self.contract.hello(credit=(2 << 20) + 1))
        self.expect_goodbye(line, "VIOLATION")
        line.hello()

    def test_headers_up_to_their_number_are_read(self):
        line = self.connect()
        line.say(*[self.contract.part("PING")] * 256)
        for _ in range(256):
            line.expect("PONG")

    def test_a_frame_beyond_the_limit_costs_the_connection(self):
        line = self.connect()
        monitor = self.monitor(line.socket, zmq.EVENT_DISCONNECTED | zmq.EVENT_HANDSHAKE_SUCCEEDED)
        line.socket.send_multipart(self.contract.message(self.request(1, payload=bytes(2 << 20))))
        self.assertEqual([event_of(monitor) for _ in range(2)],
                         [zmq.EVENT_DISCONNECTED, zmq.EVENT_HANDSHAKE_SUCCEEDED])
        line.say(self.contract.part("PING"))
        self.expect_goodbye(line, "NOT_INTRODUCED")

    def test_what_does_not_fit_the_protocol_costs_the_connection(self):
        part, request = self.contract.part, self.request
        down = request(1, DOWN, self.contract.LineOrder(chunks=1000, chunk_bytes=1000).SerializeToString())
        breaches = {
            "an even number": [request(2)],
            "the number of the connection": [request(0)],
            "a number used again": [request(1), request(1)],
            "a number that does not rise": [request(3), request(1)],
            "DATA of a call that streams nothing": [request(1, SLOW), part("DATA", call=1)],
            "HALF_CLOSE of a call that streams nothing": [request(1, SLOW), part("HALF_CLOSE", call=1)],
            "CREDIT of a call that streams nothing": [request(1, SLOW), part("CREDIT", call=1, credit=1)],
            "DATA of a stream that comes down": [down, part("DATA", call=1)],
            "CREDIT of a stream that goes up": [request(1, UP), part("CREDIT", call=1, credit=1)],
            "DATA after HALF_CLOSE": [request(1, UP), part("HALF_CLOSE", call=1), part("DATA", call=1)],
            "HALF_CLOSE twice": [request(1, UP), part("HALF_CLOSE", call=1), part("HALF_CLOSE", call=1)],
            "DATA of a call that was never made": [part("DATA", call=1)],
            "HALF_CLOSE of a call that was never made": [part("HALF_CLOSE", call=1)],
            "CANCEL of a call that was never made": [part("CANCEL", call=1)],
            "CREDIT of a call that was never made": [part("CREDIT", call=1, credit=1)],
            "a STATUS of nothing": [part("STATUS", call=1)],
            "a HELLO_OK to nobody": [part("HELLO_OK")],
            "nothing at all": [part("UNSPECIFIED")],
            "a second HELLO": [self.contract.hello()],
            "more credit than may be given": [part("CREDIT", credit=(2 << 20) + 1)],
        }
        before = self.statistics().violations
        for number, (name, parts) in enumerate(breaches.items(), 1):
            with self.subTest(name):
                line = self.connect()
                line.say(*parts, self.request(99))
                self.expect_goodbye(line, "VIOLATION")
                self.expect_service()
                self.assertEqual(self.statistics().violations, before + number)
                line.say(self.request(101))
                self.expect_goodbye(line, "NOT_INTRODUCED")
                line.hello()
                self.assertEqual(self.echo(line), b"xin chao")

    def test_what_crossed_a_status_is_passed_over(self):
        line, part = self.connect(), self.contract.part
        self.echo(line)
        line.say(part("CANCEL", call=1), part("DATA", b"late", call=1), part("HALF_CLOSE", call=1),
                 part("CREDIT", call=1, credit=1))
        self.assertEqual(self.echo(line), b"xin chao")


class Tokens(StrangerTest):
    """The person for whom a process of the office calls."""

    def setUp(self):
        super().setUp()
        self.line = self.connect("exchange")
        with open(os.path.join(self.node.folder, "node.key"), encoding="ascii") as file:
            self.secret = file.read().strip()

    def token(self, role, seconds=60, secret=None, **fields):
        """A token made by hand."""
        now_ms = time.time_ns() // 1_000_000
        token = {"person": "Nguyễn Thị Lan", "role": role, "node": CODE, "issued_ms": now_ms,
                 "expires_ms": now_ms + seconds * 1000} | fields
        return foreign.sign(self.contract, self.contract.Token(**token), secret or self.secret)

    def reload(self, token=b""):
        """What the office's processes and administrators may, and nobody else."""
        return self.line.call("Exchange/ReloadPeers", token=token)

    def test_the_office_itself_needs_none(self):
        self.reload()

    def test_each_role_may_what_its_method_permits(self):
        self.reload(self.token("ROLE_ADMINISTRATOR"))
        for role in ("ROLE_CLERK", "ROLE_LEADER"):
            self.expect_failure("PERMISSION_DENIED", "NOT_ALLOWED", self.reload, self.token(role))
            self.line.call("Exchange/ListPeers", token=self.token(role))
        self.expect_failure("PERMISSION_DENIED", "NOT_ALLOWED", self.line.call, "Exchange/Sync",
                            token=self.token("ROLE_LEADER"))

    def test_the_command_makes_the_same_tokens(self):
        made = harness.expect(self.node.run("token", "make", "--person", "Lan", "--role", "clerk")).out.strip()
        packed = base64.urlsafe_b64decode(made + "=" * (-len(made) % 4))
        self.line.call("Exchange/ListPeers", token=packed)
        self.expect_failure("PERMISSION_DENIED", "NOT_ALLOWED", self.reload, packed)
        signed = self.contract.SignedToken.FromString(packed)
        token = self.contract.Token.FromString(signed.token)
        self.assertEqual((token.person, token.node), ("Lan", CODE))
        self.assertEqual(foreign.sign(self.contract, token, self.secret), packed)

    def test_one_that_is_too_old_is_not_believed(self):
        self.expect_failure("UNAUTHENTICATED", "TOKEN_EXPIRED", self.reload, self.token("ROLE_ADMINISTRATOR", -1))

    def test_one_that_the_node_did_not_sign_is_not_believed(self):
        _, stranger = zmq.curve_keypair()
        good = self.token("ROLE_ADMINISTRATOR")
        forged = {
            "another key": self.token("ROLE_ADMINISTRATOR", secret=stranger.decode()),
            "another node": self.token("ROLE_ADMINISTRATOR", node="H51.16"),
            "a service": self.token("ROLE_SERVICE"),
            "a peer": self.token("ROLE_PEER"),
            "a name too long": self.token("ROLE_ADMINISTRATOR", person="x" * 65),
            "one bit": good[:10] + bytes([good[10] ^ 1]) + good[11:],
            "cut": good[:-1],
            "no token": b"token",
        }
        for name, token in forged.items():
            with self.subTest(name):
                self.expect_failure("UNAUTHENTICATED", "TOKEN_INVALID", self.reload, token)


class Stopping(StrangerTest):
    """A service that is told to stop."""

    def test_calls_in_hand_are_answered_and_others_are_not_begun(self):
        line = self.dial("documents")
        boot = line.hello().boot
        watch = line.begin("Health/Watch")
        self.assertEqual(watch.receive().status, self.contract.HealthCheckResponse.SERVING)
        upload = line.begin("Line/Upload")
        self.echo(line)  # so that the service has looked at it
        last, crossing = line.next_call - 2, line.next_call
        pid = self.node.pid_of("documents")
        os.kill(pid, signal.SIGTERM)
        line.wait(lambda: line.goodbye)
        self.assertEqual((line.goodbye.reason, line.goodbye.last_call), ("STOPPING", last))
        # What crosses the goodbye is passed over, whatever it is.
        line.say(self.request(crossing, UP), self.contract.part("DATA", call=crossing),
                 self.contract.part("HALF_CLOSE", call=crossing))
        late = self.dial("documents")
        late.say(self.contract.hello(), self.request(1))
        self.assertEqual(self.stopping(late).last_call, 0)
        self.assertEqual(watch.receive(), self.contract.HealthCheckResponse(
            status="NOT_SERVING", reason="stopping"))
        watch.end()
        self.assertIn(status_of(upload), ("CANCELLED", "UNAVAILABLE"))
        # The next one is another process.
        self.node.started_again("documents", pid)
        self.assertNotEqual(self.dial("documents").hello().boot, boot)

    def stopping(self, line):
        """The goodbye of a server that stops."""
        line.wait(lambda: line.goodbye)
        self.assertEqual(line.goodbye.reason, "STOPPING")
        return line.goodbye


class Peers(StrangerTest):
    """Another node at the gate, over tcp with CURVE."""

    def setUp(self):
        super().setUp()
        self.keys = zmq.curve_keypair()
        self.admit(COMMUNE, self.keys)
        with open(self.node.public_key, encoding="ascii") as file:
            self.server_key = file.read().strip().encode()

    def admit(self, code, keys, how="--replace"):
        """As an administrator does with the key that a commune handed over."""
        path = os.path.join(self.temporary.name, f"{code}.pub")
        with open(path, "wb") as file:
            file.write(keys[0] + b"\n")
        harness.expect(self.node.run("peer", "add", code, path, how))

    def gate(self, keys=None):
        """A connection to the gate on which nothing was said."""
        return self.lines.enter_context(
            foreign.Connection(self.node.endpoint, self.contract, keys or self.keys, self.server_key))

    def peer(self, lane="LANE_CONTROL", keys=None):
        """A connection that was welcome."""
        line = self.gate(keys)
        line.hello(node=COMMUNE, lane=lane)
        return line

    def test_a_known_key_is_served_as_its_node(self):
        line = self.gate()
        welcome = line.hello(node=COMMUNE, lane="LANE_CONTROL")
        self.assertEqual((welcome.node, welcome.calls_max), (CODE, 64))
        self.assertEqual(self.echo(line), b"xin chao")
        marks = line.call("Exchange/Marks", self.contract.MarksRequest(service="dossiers", stream="STREAM_RECORDS"))
        self.assertFalse(marks.marks)
        peers = self.connect("exchange").call("Node/Statistics").peers
        self.assertEqual([(peer.node, peer.program, peer.other_contract) for peer in peers if peer.node],
                         [(COMMUNE, "foreign", True)])
        self.gate().hello(node=COMMUNE, lane="LANE_CONTROL", contract=self.contract.hash())
        self.assertFalse(self.connect("exchange").call("Node/Statistics").peers[-1].other_contract)

    def test_it_is_let_in_as_nobody_else(self):
        for hello in ({"node": "H51.15.62", "lane": "LANE_CONTROL"}, {"node": "", "lane": "LANE_CONTROL"},
                      {"node": COMMUNE, "lane": "LANE_UNSPECIFIED"}):
            line = self.gate()
            line.say(self.contract.hello(**hello))
            self.expect_goodbye(line, "NOT_ALLOWED")

    def test_what_is_the_office_s_is_refused(self):
        line = self.peer()
        for method in ("Replica/Marks", "Exchange/ReloadPeers", "Node/Statistics", "Reflection/Describe"):
            self.expect_failure("PERMISSION_DENIED", "NOT_ALLOWED", line.call, method)
        self.expect_failure("UNAUTHENTICATED", "TOKEN_INVALID", line.call, "Line/Echo", token=b"whatever")

    def test_the_newest_connection_of_a_lane_wins(self):
        first, bulk = self.peer(), self.peer("LANE_BULK")
        stream = first.begin("Line/Converse")
        self.assertEqual(self.echo(first), b"xin chao")
        second = self.peer()
        self.expect_goodbye(first, "REPLACED")
        self.assertIsNone(stream.status)
        for line in (second, bulk):
            self.assertEqual(self.echo(line), b"xin chao")

    def test_a_key_that_nobody_knows_is_refused_by_the_door_itself(self):
        self.assertEqual(self.knock(self.keys), zmq.EVENT_HANDSHAKE_SUCCEEDED)
        self.assertEqual(self.knock(zmq.curve_keypair()), zmq.EVENT_HANDSHAKE_FAILED_AUTH)

    def knock(self, keys):
        """How a handshake ends."""
        socket = self.lines.enter_context(zmq.Context.instance().socket(zmq.DEALER))
        socket.linger = 0
        socket.curve_publickey, socket.curve_secretkey = keys
        socket.curve_serverkey = self.server_key
        monitor = self.monitor(socket, zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_HANDSHAKE_FAILED_AUTH)
        socket.connect(self.node.endpoint)
        return event_of(monitor)

    def test_streams_pass_the_gate(self):
        line = self.peer("LANE_BULK")
        call = line.begin("Line/Download", self.contract.LineOrder(chunks=200, chunk_bytes=5000))
        self.assertEqual(sum(len(chunk.body) for chunk in call), 1_000_000)
        call.end()

    def test_a_node_that_changes_its_key_is_served_with_both_until_the_old_one_is_struck_off(self):
        new = zmq.curve_keypair()
        self.admit(COMMUNE, new, "--next")
        old_line, new_line = self.peer(), self.peer("LANE_BULK", new)
        for line in (old_line, new_line):
            self.assertEqual(self.echo(line), b"xin chao")
        self.assertEqual(len(harness.expect(self.node.run("peer", "list", "--json")).json()), 1)
        self.admit(COMMUNE, new)
        self.assertEqual(self.echo(new_line), b"xin chao")
        old_line.say(self.contract.part("PING"))
        self.expect_goodbye(old_line, "NOT_ALLOWED")
        self.assertEqual(self.knock(self.keys), zmq.EVENT_HANDSHAKE_FAILED_AUTH)
        self.admit(COMMUNE, self.keys, "--next")
        harness.expect(self.node.run("peer", "remove", COMMUNE))
        for keys in (self.keys, new):
            self.assertEqual(self.knock(keys), zmq.EVENT_HANDSHAKE_FAILED_AUTH)

    def test_a_key_that_is_struck_off_is_served_no_more(self):
        line = self.peer()
        self.assertEqual(self.echo(line), b"xin chao")
        harness.expect(self.node.run("peer", "remove", COMMUNE))
        line.say(self.contract.part("PING"))
        self.expect_goodbye(line, "NOT_ALLOWED")


class SelfDescription(StrangerTest):
    """Reflection and health, for clients that were built without the contract."""

    def test_every_service_tells_its_methods(self):
        common = {"Health/Check", "Health/Watch", "Line/Echo", "Node/State", "Reflection/Describe"}
        for service in harness.SERVICES:
            reply = self.connect(service).call("Reflection/Describe")
            methods = set(reply.methods)
            self.assertLessEqual(common, methods)
            self.assertTrue(any(name.startswith(service.capitalize() + "/") for name in methods))
            for name in methods:
                self.contract.method(name)

    def test_a_symbol_comes_with_what_it_needs_and_no_more(self):
        for symbol in ("Dossier", "Dossiers", "Dossiers/GetDossier", "Level"):
            files = self.describe(symbol)
            self.assertIn("cchc/dossiers.proto", files)
            self.assertNotIn("cchc/staffing.proto", files)
        self.expect_failure("NOT_FOUND", "UNKNOWN_METHOD", self.describe, "Nothing")

    def describe(self, symbol):
        """Names of the files that declare a symbol; they make a contract of their own."""
        reply = self.bystander.call("Reflection/Describe", self.contract.DescribeRequest(symbol=symbol))
        files = foreign.descriptor_pb2.FileDescriptorSet(
            file=[foreign.descriptor_pb2.FileDescriptorProto.FromString(file) for file in reply.files])
        foreign.Contract(files)
        return [file.name for file in files.file]

    def test_health_is_told_and_watched(self):
        answer, line = self.contract.HealthCheckResponse, self.connect()
        for asked in ("", "readiness", "liveness", "Reporting"):
            request = self.contract.HealthCheckRequest(service=asked)
            self.assertEqual(line.call("Health/Check", request).status, answer.SERVING)
            watch = line.begin("Health/Watch", request)
            self.assertEqual(watch.receive().status, answer.SERVING)
            watch.cancel()
        unknown = self.contract.HealthCheckRequest(service="Dossiers")
        self.expect_failure("NOT_FOUND", "UNKNOWN_METHOD", line.call, "Health/Check", unknown)
        self.assertEqual(line.begin("Health/Watch", unknown).receive().status, answer.SERVICE_UNKNOWN)


if __name__ == "__main__":
    unittest.main()
