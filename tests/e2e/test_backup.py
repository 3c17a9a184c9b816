#!/usr/bin/env python3
"""Backups of real nodes: made while others write, killed in the middle, damaged, and restored."""

import glob
import json
import os
import shutil
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import harness  # noqa: E402  (found beside this file, wherever the tests are started)
import quarter  # noqa: E402

PERIOD, DOSSIERS = "2024-Q2", 6000


class Backup(unittest.TestCase):
    """One commune a test; the records are made once."""

    @classmethod
    def setUpClass(cls):
        cls.records = tempfile.TemporaryDirectory(prefix="cchc-e2e-", ignore_cleanup_errors=True)
        cls.addClassCleanup(cls.records.cleanup)
        folder = os.path.join(cls.records.name, "quarter")
        quarter.make(folder, 33, PERIOD, 1, DOSSIERS)
        cls.codes = harness.oracle.folder_codes(folder)
        cls.name, cls.code = [(name, code) for name, code in cls.codes.items()
                              if name != harness.oracle.DISTRICT_FOLDER][0]
        cls.source = os.path.join(folder, cls.name)

    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="cchc-e2e-", ignore_cleanup_errors=True)
        self.addCleanup(temporary.cleanup)
        self.base = temporary.name
        self.office = harness.Office(self.base, self.code, listens=False)
        self.addCleanup(self.office.stop)
        self.office.up()
        self.backup = os.path.join(self.base, "backup")

    def back_up(self, folder=None, *codes):
        """cchc backup."""
        return harness.expect(self.office.run("backup", folder or self.backup), *codes)

    def restore(self, *codes):
        """cchc --node DIR restore."""
        return harness.expect(self.office.run("restore", self.backup), *codes)

    def manifest(self):
        """The backup's manifest."""
        with open(os.path.join(self.backup, "manifest.json"), encoding="utf-8") as stream:
            return json.load(stream)

    def open_elsewhere(self):
        """The whole node of the backup in a new folder, running."""
        folder = os.path.join(self.base, "elsewhere")
        harness.expect(harness.cchc("restore", self.backup, folder))
        office = object.__new__(harness.Office)
        office.code, office.folder, office.endpoint = self.code, folder, None
        office.log_path, office.process = os.path.join(self.base, "elsewhere.log"), None
        self.addCleanup(office.stop)
        return office.up()

    @staticmethod
    def wait_in_steps(condition, process, *paths):
        """Until the condition holds or the process ends: each path appears in the one before it."""
        for path, following in zip(paths, (*paths[1:], None), strict=True):
            with harness.Watch(path, pids=[process.pid]) as watch:
                harness.wait_until(
                    lambda following=following: process.poll() is not None or
                    (os.path.exists(following) if following else condition()),
                    harness.RUN_SECONDS, f"something happens in {path}", watch)
            if process.poll() is not None:
                return

    def one_more_document(self):
        """A sheet with a document that the others do not have."""
        with open(os.path.join(self.source, "van-ban.csv"), encoding="utf-8") as stream:
            header, row = stream.readline(), stream.readline()
        path = os.path.join(self.base, "van-ban.csv")
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(header + "9" + row)
        return path

    def test_a_backup_is_the_node(self):
        self.office.load(self.source)
        self.back_up()
        manifest = self.manifest()
        self.assertEqual(manifest["node"], self.code)
        self.assertEqual({part["file"] for part in manifest["parts"]},
                         {"dossiers.pack", "staffing.pack", "documents.pack", "reporting.pack", "node.pack"})
        registers, marks = self.office.registers(), self.office.marks()
        report = self.office.report(PERIOD)
        self.office.stop()
        again = self.open_elsewhere()
        self.assertEqual((again.registers(), again.marks()), (registers, marks))
        self.assertEqual(again.report(PERIOD)["figures"], report["figures"])
        self.assertTrue(again.verify()["whole"])
        with open(self.office.public_key, "rb") as mine, open(again.public_key, "rb") as theirs:
            self.assertEqual(mine.read(), theirs.read())
        self.assertEqual(os.stat(os.path.join(again.folder, "node.key")).st_mode & 0o777, 0o600)

    def test_writes_go_on_meanwhile(self):
        """Whatever a backup took, it is one moment of each service's log, and the import is whole."""
        process = self.office.popen("import", self.source)
        taken = 0
        while process.poll() is None:
            folder = os.path.join(self.base, f"backup-{taken}")
            self.back_up(folder)
            taken += 1
        errors = process.communicate()[1]
        self.assertEqual(process.returncode, harness.OK, errors)
        self.assertGreater(taken, 0)
        self.assertTrue(self.office.verify()["whole"])
        self.backup = os.path.join(self.base, "backup-0")
        events = {part["service"]: int(part["events"]) for part in self.manifest()["parts"]}
        # No copy of the units reaches further than the log it follows.
        reached = {part["service"]: int(log["mark"]["sequence"]) for part in self.manifest()["parts"]
                   for log in part.get("logs", []) if log["stream"] == "STREAM_UNITS"}
        for service, sequence in reached.items():
            self.assertLessEqual(sequence, reached["staffing"], service)
        self.office.stop()
        again = self.open_elsewhere()
        self.assertTrue(again.verify()["whole"])
        held = {}
        for (service, _, _), sequence in again.marks().items():
            held[service] = held.get(service, 0) + sequence
        for service, count in held.items():
            self.assertEqual(events[service], count, service)
        # The fixed sheet goes in once more, and all is there once.
        again.load(self.source)
        self.assertEqual(again.registers()["dossiers", "dossiers"], DOSSIERS)

    def test_restored_in_place(self):
        self.office.load(os.path.join(self.source, "van-ban.csv"))
        before = self.office.registers()
        self.back_up()
        self.office.load(self.source)
        after = self.office.registers()
        self.assertNotEqual(before, after)
        self.restore(harness.CONFLICT)  # it runs
        self.office.stop()
        self.restore()
        self.office.up()
        self.assertEqual(self.office.registers(), before)
        self.assertTrue(self.office.verify()["whole"])
        self.office.stop()
        # What stood there is kept, and can stand there again.
        kept, = glob.glob(os.path.join(self.office.folder, "data.before-*"))
        data = os.path.join(self.office.folder, "data")
        shutil.rmtree(data)
        os.rename(kept, data)
        self.office.up()
        self.assertEqual(self.office.registers(), after)

    def test_what_is_no_backup_of_this_node_is_refused(self):
        self.office.load(os.path.join(self.source, "van-ban.csv"))
        self.back_up()
        self.back_up(self.backup, harness.CONFLICT)
        self.office.stop()
        other = harness.Office(self.base, "H51.99", listens=False)
        harness.expect(other.run("restore", self.backup), harness.CONFLICT)
        harness.expect(harness.cchc("restore", self.backup, other.folder), harness.CONFLICT)
        manifest = self.manifest()

        def write(changed):
            with open(os.path.join(self.backup, "manifest.json"), "w", encoding="utf-8") as stream:
                json.dump(changed, stream)

        write(manifest | {"format": 99})
        self.restore(harness.CONFLICT)
        write(manifest | {"parts": [part | {"format": 99} for part in manifest["parts"]]})
        self.restore(harness.CONFLICT)
        os.remove(os.path.join(self.backup, "manifest.json"))
        self.restore(harness.NOT_FOUND)
        write(manifest)
        self.restore()

    def test_a_flipped_byte_is_found(self):
        self.office.load(os.path.join(self.source, "van-ban.csv"))
        self.back_up()
        self.office.stop()
        for name in os.listdir(self.backup):
            path = os.path.join(self.backup, name)
            with open(path, "rb") as stream:
                whole = stream.read()
            if name == "manifest.json":
                continue
            for place in (0, 5, len(whole) // 2, len(whole) - 1):
                damaged = bytearray(whole)
                damaged[place] ^= 0x10
                with open(path, "wb") as stream:
                    stream.write(damaged)
                with self.subTest(file=name, place=place):
                    self.assertIn(name, self.restore(harness.FAILED).err)
            with open(path, "wb") as stream:
                stream.write(whole[:-1])
            self.restore(harness.FAILED)
            os.remove(path)
            self.restore(harness.FAILED)
            with open(path, "wb") as stream:
                stream.write(whole)
        self.restore()

    def test_killed_while_backing_up(self):
        self.office.load(self.source)
        making = self.backup + ".making"
        killed = 0
        for name in ("dossiers.pack", "documents.pack", "node.pack"):
            with harness.Watch(self.base) as watch:
                process = self.office.popen("backup", self.backup)
                harness.wait_until(lambda: os.path.exists(making) or process.poll() is not None,
                                   harness.RUN_SECONDS, "the backup begins", watch)
            if process.poll() is None:
                with harness.Watch(making, pids=[process.pid]) as watch:
                    harness.wait_until(
                        lambda name=name: os.path.exists(os.path.join(making, name)) or process.poll() is not None,
                        harness.RUN_SECONDS, name, watch)
            killed += process.poll() is None
            process.kill()
            process.communicate()
            if os.path.exists(self.backup):  # it was quicker
                shutil.rmtree(self.backup)
                continue
            harness.expect(harness.cchc("restore", making, os.path.join(self.base, "no")), harness.NOT_FOUND)
        self.assertGreater(killed, 0)
        self.back_up()
        self.assertTrue(self.office.verify()["whole"])

    def test_killed_while_restoring(self):
        self.office.load(self.source)
        self.back_up()
        self.office.load(self.one_more_document())
        after = self.office.registers()
        self.office.stop()
        restoring = os.path.join(self.office.folder, "data.restoring")
        store = os.path.join(restoring, "dossiers", "store.mdb")

        def grown(least):
            return os.path.exists(store) and os.path.getsize(store) >= least

        for least in (0, 200_000, 1_000_000):
            shutil.rmtree(restoring, ignore_errors=True)
            process = self.office.popen("restore", self.backup)
            self.wait_in_steps(lambda least=least: grown(least), process, self.office.folder, restoring,
                               os.path.dirname(store), store)
            self.assertIsNone(process.poll(), "the restore was quicker; the records are too few")
            process.kill()
            process.communicate()
            self.assertEqual(glob.glob(os.path.join(self.office.folder, "data.before-*")), [])
        self.office.up()
        self.assertEqual(self.office.registers(), after)
        self.assertTrue(self.office.verify()["whole"])
        self.office.stop()
        self.restore()
        self.office.up()
        self.assertNotEqual(self.office.registers(), after)


if __name__ == "__main__":
    unittest.main()
