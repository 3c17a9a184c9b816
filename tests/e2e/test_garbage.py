#!/usr/bin/env python3
"""Strangers at the door: whatever bytes come, the node answers, stays up and stays small."""

import contextlib
import itertools
import os
import random
import socket
import struct
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import foreign  # noqa: E402  (found beside this file, wherever the tests are started)
import harness  # noqa: E402

MEBIBYTE = 1 << 20
GROWTH = 48 * MEBIBYTE  # of one service, more than caches and allocators ever need
ANSWER_SECONDS = 10

PERIOD = "2024-Q1"


def greeting(mechanism):
    """ZMTP 3.1's first 64 bytes."""
    return b"\xff" + bytes(7) + b"\x01\x7f\x03\x01" + mechanism.ljust(20, b"\0") + bytes(32)


def command(name, body):
    """A ZMTP command frame."""
    content = bytes([len(name)]) + name + body
    if len(content) < 256:
        return b"\x04" + bytes([len(content)]) + content
    return b"\x06" + struct.pack(">Q", len(content)) + content


def ready(socket_type):
    """READY with the socket's type."""
    def one(name, value):
        return bytes([len(name)]) + name + struct.pack(">I", len(value)) + value

    return command(b"READY", one(b"Socket-Type", socket_type) + one(b"Identity", b""))


def frame(content, more=False):
    """A ZMTP message frame."""
    if len(content) < 256:
        return bytes([int(more), len(content)]) + content
    return bytes([2 + int(more)]) + struct.pack(">Q", len(content)) + content


class Doors(unittest.TestCase):
    """One node with records; its tcp port and its ipc sockets."""

    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory(prefix="cchc-e2e-", ignore_cleanup_errors=True)
        cls.addClassCleanup(cls.temporary.cleanup)
        cls.node = harness.Office(cls.temporary.name, "H51.15")
        cls.addClassCleanup(cls.node.stop)
        cls.node.up()
        cls.node.load(os.path.join(harness.published_quarter(), "huyen"))
        cls.port = int(cls.node.endpoint.rsplit(":", 1)[1])
        cls.contract = foreign.Contract.of_calls()
        cls.figures = cls.node.report(PERIOD)["figures"]

    def setUp(self):
        self.random = random.Random(self.id())
        self.connections = contextlib.ExitStack()
        self.addCleanup(self.connections.close)
        self.pids = {service: self.node.pid_of(service) for service in harness.SERVICES}
        self.before = {service: harness.resident_bytes(pid) for service, pid in self.pids.items()}

    def check(self):
        """It answers soon and right, from the same processes, in about the same memory."""
        begun = time.monotonic()
        self.assertEqual(self.node.report(PERIOD)["figures"], self.figures)
        self.assertLess(time.monotonic() - begun, ANSWER_SECONDS)
        harness.expect(self.node.run("status"))
        harness.expect(self.node.run("sync"))
        harness.expect(self.node.run("peer", "list"))
        for service, pid in self.pids.items():
            self.assertEqual(harness.processes_of(self.node.folder, service), [pid], f"{service} was not restarted")
        if not harness.is_sanitized():
            for service, pid in self.pids.items():
                self.assertLess(harness.resident_bytes(pid), self.before[service] + GROWTH, service)

    def tcp(self):
        """A connection to the node's port."""
        opened = self.connections.enter_context(socket.create_connection(("127.0.0.1", self.port), 5))
        opened.settimeout(2)
        return opened

    def ipc(self, service):
        """A connection to a service's own socket."""
        opened = self.connections.enter_context(socket.socket(socket.AF_UNIX))
        opened.settimeout(2)
        opened.connect(os.path.join(self.node.folder, "run", service))
        return opened

    @staticmethod
    def send(connection, content):
        """Send what the other side takes; False once it hangs up or stops reading."""
        try:
            connection.sendall(content)
        except OSError:
            return False
        return True

    @staticmethod
    def receive(connection):
        """What comes, if anything."""
        try:
            return connection.recv(4096)
        except OSError:
            return b""

    def flood(self, connection, blocks, seconds, most):
        """Send blocks until there are no more, or time, amount or the other side's patience is over."""
        deadline, sent = time.monotonic() + seconds, 0
        for block in blocks:
            if time.monotonic() > deadline or sent > most or not self.send(connection, block):
                break
            sent += len(block)

    def say(self, connection, *parts):
        """One message of ours, well-formed or not."""
        self.send(connection, self.written(*parts))

    def written(self, *parts):
        """A message of ours as ZMTP has it."""
        headers, payloads = self.contract.message(*parts)
        return frame(headers, True) + frame(payloads)

    def request(self, call, method, payload=b""):
        """The part that opens a call."""
        return self.contract.part("REQUEST", payload, call=call, method=method, deadline_ms=2000)

    def doors(self):
        """Every way in, as functions that open a connection."""
        return [self.tcp, *[lambda service=service: self.ipc(service) for service in harness.SERVICES]]

    # Bytes that are no ZMTP ------------------------------------------------------------------

    def test_random_bytes(self):
        for door in self.doors():
            for _ in range(12):
                self.send(door(), self.random.randbytes(self.random.choice((1, 7, 64, 4096, 200_000))))
        self.check()

    def test_http(self):
        for door in self.doors():
            self.send(door(), b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 10)
        self.check()

    def test_partial_greetings(self):
        whole = greeting(b"CURVE")
        for door in self.doors():
            for length in (0, 1, 9, 10, 11, 12, 31, 32, 63, 64):
                self.send(door(), whole[:length])
        self.check()

    def test_connections_that_come_and_go(self):
        for number in range(600):
            connection = self.tcp()
            if number % 2:
                self.send(connection, greeting(b"CURVE")[:number % 64])
            connection.close()
        self.check()

    def test_many_silent_connections(self):
        for _ in range(300):
            self.tcp()
        self.check()

    def test_endless_data_after_a_greeting(self):
        for door in self.doors():
            connection = door()
            self.send(connection, greeting(b"CURVE"))
            self.flood(connection, itertools.repeat(self.random.randbytes(65536)), 1, 200 * MEBIBYTE)
        self.check()

    def test_endless_data_without_a_greeting(self):
        for door in self.doors():
            self.flood(door(), itertools.repeat(bytes(65536)), 1, 200 * MEBIBYTE)
        self.check()

    # ZMTP that is not ours -------------------------------------------------------------------

    def test_no_security_at_the_port(self):
        for mechanism in (b"NULL", b"PLAIN", b"", b"XYZ"):
            connection = self.tcp()
            self.send(connection, greeting(mechanism) + ready(b"DEALER"))
            self.say(connection, self.contract.hello(node="H51.15", lane="LANE_CONTROL"))
            for number in range(20):
                self.say(connection, self.request(2 * number + 1, "Exchange/Sync"))
            connection.settimeout(1)
            received = self.receive(connection)
            while received and b"READY" not in received:
                received = self.receive(connection)
            self.assertNotIn(b"READY", received, "nobody is let in without a key")
        self.check()

    def test_broken_curve(self):
        hello = command(b"HELLO", b"\x01\x00" + bytes(72) + self.random.randbytes(32 + 8 + 80))
        for content in (hello, command(b"HELLO", b""), command(b"HELLO", bytes(100_000)), command(b"INITIATE", bytes(300)),
                        b"\x06" + struct.pack(">Q", 1 << 62), b"\x04\xff", b"\xff" * 100, command(b"ERROR", b"\xff")):
            connection = self.tcp()
            self.send(connection, greeting(b"CURVE"))
            self.send(connection, content)
            self.receive(connection)
        self.check()

    # Inside the machine, where no key is asked for -------------------------------------------

    def inside(self, service):
        """A connection that speaks as far as being let in and welcome."""
        connection = self.ipc(service)
        self.send(connection, greeting(b"NULL") + ready(b"DEALER"))
        self.await_word(connection, b"READY")
        self.say(connection, self.contract.hello())
        self.await_word(connection, b"H51.15")
        return connection

    def await_word(self, connection, word):
        """Until the other side says it."""
        seen = b""
        while word not in seen:
            block = self.receive(connection)
            self.assertTrue(block, "the office is let in and welcome")
            seen += block

    def test_random_messages(self):
        for service in harness.SERVICES:
            connection = self.inside(service)
            for _ in range(300):
                count = self.random.randint(1, 5)
                for number in range(count):
                    content = self.random.randbytes(self.random.choice((0, 1, 30, 255, 256, 5000)))
                    self.send(connection, frame(content, number + 1 < count))
        self.check()

    def test_headers_that_are_nearly_right(self):
        methods = ("", "Node/State", "Node/", "Nowhere/Check", "Reporting/MakeReport", "Dossiers/RecordDossiers",
                   "Exchange/Sync", "Replica/ApplyEvents", "Figures/Open", "x" * 3000)
        payloads = (b"", b"\xff" * 20, self.random.randbytes(2000), b"\x0a" + b"\x80" * 8 + b"\x10", b"\x0a\x00" * 3000)
        kinds = self.contract.Header.Kind.keys()
        hello = self.contract.hello()
        for service in harness.SERVICES:
            connection = self.inside(service)
            for method, payload in itertools.product(methods, payloads):
                right = self.request(1, method, payload)
                # What breaks the rules costs the connection: a HELLO begins it anew.
                self.say(connection, hello, right)
                self.say(connection, right)
                self.say(connection, hello, right, self.contract.part(self.random.choice(kinds), payload, call=1))
                self.say(connection, hello, self.request(1 << 63, method, payload))
                headers, frames = self.contract.message(hello, right)
                place, byte = self.random.randrange(len(headers)), self.random.randbytes(1)
                self.send(connection, frame(headers[:place] + byte + headers[place + 1:], True) + frame(frames))
        # Written calls need a key: none of these may have changed anything.
        self.check()

    def test_frames_beyond_the_limit(self):
        for service in harness.SERVICES:
            for size in (2 * MEBIBYTE, 1 << 40, 1 << 62):
                connection = self.inside(service)
                self.send(connection, b"\x02" + struct.pack(">Q", size))
                self.flood(connection, itertools.repeat(bytes(65536)), 0.3, 20 * MEBIBYTE)
        self.check()

    def test_messages_that_never_end(self):
        """libzmq keeps an unfinished message whatever its size, and the allocator keeps the pages; but
        the connection's end frees it, so that the same again costs nothing more. Every attempt sends
        the same amount, however long that takes."""
        unfinished = itertools.repeat(frame(bytes(60_000), True))
        for service in ("dossiers", "exchange"):
            for attempt in range(4):
                connection = self.inside(service)
                self.flood(connection, unfinished, harness.RUN_SECONDS, 150 * MEBIBYTE)
                harness.expect(self.node.run("status"))
                connection.close()
                if attempt == 0:
                    self.before[service] = harness.resident_bytes(self.pids[service])
        self.check()

    def test_caller_that_never_listens(self):
        services = ("staffing", "documents", "reporting")
        with harness.Watch(self.node.log_path) as watch:
            for service in services:
                calls = itertools.count(1, 2)
                asked = (self.written(*[self.request(next(calls), "Node/Statistics") for _ in range(200)])
                         for _ in itertools.count())
                self.flood(self.inside(service), asked, ANSWER_SECONDS, MEBIBYTE)
            harness.wait_until(lambda: self.node.log().count("outbox-full") == len(services), ANSWER_SECONDS,
                               "everyone gives up who does not listen", watch)
        self.check()


class LittleMemory(unittest.TestCase):
    """A node whose services may take so much memory and no more."""

    def test_who_fills_a_service_up_is_cut_off_and_the_node_goes_on(self):
        with tempfile.TemporaryDirectory(prefix="cchc-e2e-", ignore_cleanup_errors=True) as base:
            node = harness.Office(base, "H51.15")
            self.addCleanup(node.stop)
            harness.set_setting(node, "memory-mib", 512)
            node.up()
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(harness.RUN_SECONDS)
                connection.connect(os.path.join(node.folder, "run", "documents"))
                connection.sendall(greeting(b"NULL") + ready(b"DEALER"))
                block, sent = frame(bytes(MEBIBYTE), more=True), 0
                with self.assertRaises(ConnectionError):
                    while sent < 1024 * MEBIBYTE:
                        connection.sendall(block)
                        sent += len(block)
            harness.expect(node.run("status"))


if __name__ == "__main__":
    unittest.main()
