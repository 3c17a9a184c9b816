#!/usr/bin/env python3
"""SIGKILL in the middle of imports and exchanges: same figures, nothing twice, nothing lost."""

import csv
import datetime
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import harness  # noqa: E402  (found beside this file, wherever the tests are started)
import oracle  # noqa: E402
import quarter  # noqa: E402

PERIOD, COMMUNES, DOSSIERS, DOCUMENTS = "2024-Q2", 3, 5000, 5000

AGAIN_SECONDS = 60

# Kept by which service, in which register, from which sheet.
REGISTERS = (
    ("dossiers", "dossiers", "ho-so.csv"), ("dossiers", "supplement_rounds", "bo-sung.csv"),
    ("dossiers", "corrections", "dinh-chinh.csv"), ("dossiers", "feedback", "phan-anh.csv"),
    ("documents", "documents", "van-ban.csv"),
)


def add_documents(folder, unit, count):
    """Enough documents that their import takes longer than noticing it."""
    first = oracle.window(PERIOD)[0]
    with open(os.path.join(folder, "van-ban.csv"), "a", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        for number in range(1, count + 1):
            day = first + datetime.timedelta(days=number % 80)
            writer.writerow([number, "KT-UBND", quarter.day_text(day), "TB", f"Thông báo thêm số {number}", unit,
                             ("DI", "DEN")[number % 3 == 0], number % 2, number % 4 == 1 and 1 or 0, 0])


class Killed(unittest.TestCase):
    """A house of four nodes a test; the records are made once."""

    maxDiff = 4000

    @classmethod
    def setUpClass(cls):
        cls.records = tempfile.TemporaryDirectory(prefix="cchc-e2e-", ignore_cleanup_errors=True)
        cls.addClassCleanup(cls.records.cleanup)
        cls.folder = os.path.join(cls.records.name, "quarter")
        quarter.make(cls.folder, 21, PERIOD, COMMUNES, DOSSIERS)
        for name, code in oracle.folder_codes(cls.folder).items():
            add_documents(os.path.join(cls.folder, name), code, DOCUMENTS)
        cls.expected = oracle.compute(cls.folder, PERIOD)

    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="cchc-e2e-", ignore_cleanup_errors=True)
        self.addCleanup(temporary.cleanup)
        self.district = harness.District(temporary.name, self.folder)
        self.addCleanup(self.district.stop)
        self.head = self.district.head
        for office in self.district.offices():
            # Only what a test asks for is exchanged, so that there is something left to kill in.
            harness.set_setting(office, "exchange-interval-ms", 3_600_000)
        self.in_the_middle = 0

    # Watching --------------------------------------------------------------------------------

    @staticmethod
    def store_bytes(office, service):
        """Size of a service's store."""
        return os.path.getsize(office.store(service))

    def when_grown(self, process, office, service, grown):
        """Wait until a store has grown by so much since the call, or the command has ended; whether
        it was still at work then."""
        start = self.store_bytes(office, service)
        with harness.Watch(office.store(service), pids=[process.pid]) as watch:
            harness.wait_until(
                lambda: process.poll() is not None or self.store_bytes(office, service) >= start + grown,
                harness.RUN_SECONDS, "the command neither works nor ends", watch)
        running = process.poll() is None
        self.in_the_middle += running
        return running

    @staticmethod
    def end(process):
        """The exit code of a command that may have lost its service."""
        try:
            errors = process.communicate(timeout=harness.RUN_SECONDS)[1].decode("utf-8", "replace")
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise AssertionError(f"hangs: {process.args}") from None
        if process.returncode not in (harness.OK, harness.UNAVAILABLE, -signal.SIGKILL):
            raise AssertionError(f"exit {process.returncode} of {process.args}:\n{errors[-3000:]}")
        return process.returncode

    def until_ok(self, office, *arguments):
        """The same command again until it exits 0; in between it may only say "not available"."""
        deadline = time.monotonic() + AGAIN_SECONDS
        while True:
            answer = harness.expect(office.run(*arguments), harness.OK, harness.UNAVAILABLE)
            if answer.code == harness.OK:
                return answer
            self.assertLess(time.monotonic(), deadline, answer)

    # Checking --------------------------------------------------------------------------------

    def rows(self, office, sheet):
        """Number of rows of an office's sheet."""
        return len(oracle.read_register(self.district.source(office), sheet))

    def check_node(self, office):
        """Everything of the office's own sheets once."""
        registers, marks = office.registers(), office.marks()
        logged = {"dossiers": 0, "documents": 0}
        for service, register, sheet in REGISTERS:
            count = self.rows(office, sheet)
            logged[service] += count
            if office is not self.head:
                self.assertEqual(registers[service, register], count, f"{office.code} {register}")
        if office is self.head:
            logged["documents"] += self.rows(office, "vbqppl.csv") + self.rows(office, "tin-bai.csv")
        for service, count in logged.items():
            sequence = marks[service, office.code, "STREAM_RECORDS"]
            self.assertEqual(harness.without_checkpoints(sequence), count,
                             f"events of {office.code} in {service}: each row is one event")

    def check_district(self):
        """What the communes have is at the district, once, and the figures are right."""
        registers, marks = self.head.registers(), self.head.marks()
        for service, register, sheet in REGISTERS:
            self.assertEqual(registers[service, register],
                             sum(self.rows(office, sheet) for office in self.district.offices()), register)
        for commune in self.district.communes:
            for key, sequence in commune.marks().items():
                if key[1] == commune.code:
                    self.assertEqual(marks.get(key), sequence, key)
        self.assertEqual(self.head.held(), 0)
        harness.assert_same(self, self.expected, self.head)

    def finish(self):
        """Exchange everything that is left and check it all."""
        for commune in self.district.communes:
            self.until_ok(commune, "sync", "--wait")
        self.until_ok(self.head, "sync", "--wait")
        for office in self.district.offices():
            self.check_node(office)
        self.check_district()
        for office in self.district.offices():
            self.assertTrue(office.verify()["whole"], office.code)
        self.assertGreater(self.in_the_middle, 0, "no kill came in the middle; the records are too few")

    # Imports ---------------------------------------------------------------------------------

    def import_and_kill(self, office, points):
        """One import of the office's folder with kills: (store grown, by how much, who is killed)."""
        process = office.popen("import", self.district.source(office))
        for service, grown, victim in points:
            if self.when_grown(process, office, service, grown):
                if victim:
                    office.kill_service(victim)
                else:
                    process.kill()
        self.end(process)
        self.until_ok(office, "import", self.district.source(office))

    def test_services_killed_while_importing(self):
        self.district.up()
        first, second, third = self.district.communes
        self.import_and_kill(self.head, [("dossiers", 800_000, "exchange"), ("dossiers", 1_500_000, "dossiers")])
        self.import_and_kill(first, [("dossiers", 400_000, "dossiers")])
        self.import_and_kill(second, [("dossiers", 3_000_000, "dossiers"), ("documents", 300_000, "documents")])
        self.import_and_kill(third, [("documents", 1_500_000, "documents")])
        self.finish()

    def test_importers_killed(self):
        self.district.up()
        first, second, third = self.district.communes
        self.import_and_kill(first, [("dossiers", 400_000, None)])
        self.import_and_kill(second, [("dossiers", 3_500_000, None)])
        self.import_and_kill(third, [("documents", 700_000, None)])
        self.until_ok(self.head, "import", self.district.source(self.head))
        self.finish()

    def test_node_killed_while_importing(self):
        """The supervisor dies without a word; its services follow; the next start takes up the rest."""
        self.district.up()
        for office, service, grown in ((self.head, "dossiers", 2_000_000),
                                       (self.district.communes[0], "documents", 500_000),
                                       (self.district.communes[1], "dossiers", 500_000)):
            process = office.popen("import", self.district.source(office))
            self.when_grown(process, office, service, grown)
            office.kill()
            process.kill()
            self.end(process)
            office.up()
            self.until_ok(office, "import", self.district.source(office))
        self.until_ok(self.district.communes[2], "import", self.district.source(self.district.communes[2]))
        self.finish()

    # Exchanges -------------------------------------------------------------------------------

    def sync_and_kill(self, commune, points):
        """One exchange of a commune; (district's dossiers grown by, whose service, which)."""
        process = commune.popen("sync", "--wait")
        for grown, office, victim in points:
            if self.when_grown(process, self.head, "dossiers", grown):
                if victim:
                    office.kill_service(victim)
                else:
                    office.kill()
                    office.up()
        self.end(process)
        self.until_ok(commune, "sync", "--wait")

    def test_services_killed_while_exchanging(self):
        self.district.up().load()
        first, second, third = self.district.communes
        self.sync_and_kill(first, [(300_000, self.head, "exchange"), (1_500_000, self.head, "exchange")])
        self.sync_and_kill(second, [(300_000, second, "exchange"), (1_500_000, self.head, "dossiers")])
        self.sync_and_kill(third, [(600_000, third, "dossiers"), (1_000_000, third, "exchange")])
        self.finish()

    def test_nodes_killed_while_exchanging(self):
        self.district.up().load()
        first, second, third = self.district.communes
        self.sync_and_kill(first, [(400_000, first, None)])
        self.sync_and_kill(second, [(800_000, self.head, None)])
        self.sync_and_kill(third, [(400_000, self.head, None), (1_000_000, third, None)])
        self.finish()

    # Afterwards ------------------------------------------------------------------------------

    def test_killed_at_rest(self):
        """Killed without anything to do: everything is still there, and it still works."""
        self.district.up().load()
        self.district.sync()
        self.check_district()
        for service in harness.SERVICES:
            pid = self.head.pid_of(service)
            self.assertTrue(self.head.kill_service(service))
            self.head.started_again(service, pid)
        self.until_ok(self.head, "status")
        self.check_district()
        self.head.kill()
        self.head.up()
        self.check_district()
        for commune in self.district.communes:
            self.until_ok(commune, "sync", "--wait")
        self.check_district()


if __name__ == "__main__":
    unittest.main()
