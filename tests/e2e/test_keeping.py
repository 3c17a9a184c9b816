#!/usr/bin/env python3
"""What a node does with its stores over the years: erases, signs, scrubs, migrates."""

import csv
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

PERIOD, DOSSIERS = "2024-Q2", 1500
PERSON = "Kim Thị Sa Rây Độc Nhất Vô Nhị"
GROUND = "Nghị định 13/2023/NĐ-CP, Điều 16"


def faketime():
    """libfaketime, or None where it is not installed."""
    return next(iter(glob.glob("/usr/lib/*/faketime/libfaketime.so.1")), None)


class Keeping(unittest.TestCase):
    """A commune and its district."""

    @classmethod
    def setUpClass(cls):
        cls.records = tempfile.TemporaryDirectory(prefix="cchc-e2e-", ignore_cleanup_errors=True)
        cls.addClassCleanup(cls.records.cleanup)
        folder = os.path.join(cls.records.name, "quarter")
        quarter.make(folder, 7, PERIOD, 1, DOSSIERS)
        codes = harness.oracle.folder_codes(folder)
        cls.head_code = codes[harness.oracle.DISTRICT_FOLDER]
        cls.head_source = os.path.join(folder, harness.oracle.DISTRICT_FOLDER)
        name, cls.code = [(name, code) for name, code in codes.items()
                          if name != harness.oracle.DISTRICT_FOLDER][0]
        cls.source = os.path.join(folder, name)

    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="cchc-e2e-", ignore_cleanup_errors=True)
        self.addCleanup(temporary.cleanup)
        self.base = temporary.name

    def office(self, code, **more):
        """A node that is stopped with the test."""
        office = harness.Office(self.base, code, **more)
        self.addCleanup(office.stop)
        return office

    def dossier(self, office, code):
        """The dossier as the office shows it."""
        answer = harness.expect(office.run("call", "Dossiers/GetDossier", json.dumps({"code": code})))
        return answer.json()["dossier"]

    def sheets(self):
        """The commune's sheets with one person whose name stands nowhere else, and her dossier."""
        folder = shutil.copytree(self.source, os.path.join(self.base, "sheets"))
        path = os.path.join(folder, "ho-so.csv")
        with open(path, encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream))
        rows[0]["ChuHoSo"] = PERSON
        with open(path, "w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, rows[0].keys())
            writer.writeheader()
            writer.writerows(rows)
        return folder, rows[0]["MaHoSo"]

    @staticmethod
    def holds(folder, name):
        """Whether a name stands anywhere in the files of a node's stores."""
        for path in glob.glob(os.path.join(folder, "data", "*", "store.mdb")):
            with open(path, "rb") as stream:
                if name.encode() in stream.read():
                    return True
        return False

    def test_a_person_is_erased_and_the_proof_stays(self):
        office = self.office(self.code, listens=False).up()
        folder, code = self.sheets()
        office.load(folder)
        self.assertEqual(self.dossier(office, code)["applicant"], PERSON)
        report = office.report(PERIOD)
        answer = harness.expect(office.run("erase", "dossiers", code, "--reason", GROUND))
        self.assertIn(code, answer.out)
        self.assertNotIn("applicant", self.dossier(office, code))
        self.assertTrue(office.verify()["whole"])
        self.assertEqual(office.report(PERIOD)["figures"], report["figures"])
        sums = office.load(folder)
        self.assertEqual((sums["added"], sums["changed"], sums["refused"]), (0, 0, 0), "it stays erased")
        self.assertNotIn("applicant", self.dossier(office, code))
        harness.expect(office.run("backup", os.path.join(self.base, "backup")))
        office.stop()
        harness.expect(office.run("restore", os.path.join(self.base, "backup")))
        office.up()
        self.assertNotIn("applicant", self.dossier(office, code))
        self.assertTrue(office.verify()["whole"])
        self.assertFalse(self.holds(os.path.join(office.folder), PERSON), "a restored store never had it")

    def test_what_cannot_be_erased_is_told(self):
        office = self.office(self.code, listens=False).up()
        office.load(self.source)
        answer = harness.expect(office.run("erase", "dossiers", "nobody", "--reason", GROUND), harness.NOT_FOUND)
        self.assertIn("nobody", answer.err)
        answer = harness.expect(office.run("erase", "dossier", "x", "--reason", GROUND), harness.NOT_FOUND)
        self.assertIn("dossiers", answer.err, "the nearest register is offered")
        answer = harness.expect(office.run("erase", "documents", "x", "--reason", GROUND), harness.USAGE)
        self.assertIn("documents", answer.err)
        harness.expect(office.run("erase", "dossiers", "x"), harness.USAGE)

    def test_names_stay_in_the_commune(self):
        head = self.office(self.head_code).up()
        head.load(self.head_source)
        office = self.office(self.code, listens=False, parent=head)
        harness.expect(head.run("peer", "add", self.code, office.public_key))
        office.up()
        folder, code = self.sheets()
        office.load(folder)
        harness.expect(office.run("sync", "--wait"))
        self.assertEqual(self.dossier(head, code)["code"], code)
        self.assertNotIn("applicant", self.dossier(head, code))
        self.assertTrue(self.holds(office.folder, PERSON))
        self.assertFalse(self.holds(head.folder, PERSON))

    def test_logs_are_signed_and_verify_tells_how_far(self):
        office = self.office(self.code, listens=False)
        harness.set_setting(office, "checkpoint-events", 50)
        office.up()
        office.load(self.source)
        logs = [log for service in office.verify()["services"] for log in service["logs"]
                if log["mark"]["origin"] == self.code]
        self.assertTrue(logs)
        for log in logs:
            if int(log["mark"]["sequence"]) > 60:
                self.assertGreater(int(log["signed_sequence"]), int(log["mark"]["sequence"]) - 60)
        self.assertEqual(os.stat(os.path.join(office.folder, "sign.key")).st_mode & 0o777, 0o600)

    @unittest.skipUnless(faketime(), "libfaketime is not here")
    def test_an_old_store_is_scrubbed_while_work_goes_on(self):
        office = self.office(self.code, listens=False)
        office.begin(LD_PRELOAD=faketime(), FAKETIME="-2d", DONT_FAKE_MONOTONIC="1").ready()
        office.load(self.source)
        office.stop()
        office.begin()
        with harness.Watch(office.log_path) as watch:
            office.ready()
            harness.wait_until(lambda: '"service":"dossiers"' in "".join(
                line for line in office.log().splitlines() if "scrub-ended" in line),
                harness.RUN_SECONDS, "the scrub ends", watch)
        self.assertNotIn("scrub-finding", office.log())
        state = [state for state in harness.expect(office.run("--json", "status")).json()
                 if state["service"] == "dossiers"][0]
        self.assertGreater(int(state["scrubbed_ms"]), 0)
        self.assertEqual(int(state["scrub_findings"]), 0)

    def test_an_upgrade_is_seen_first_and_wants_the_node_to_rest(self):
        office = self.office(self.code, listens=False).up()
        office.load(self.source)
        answer = harness.expect(harness.cchc("node", "upgrade", office.folder), harness.CONFLICT)
        self.assertIn(office.folder, answer.err)
        office.stop()
        for options in ([], ["--dry-run"]):
            answer = harness.expect(harness.cchc("node", "upgrade", office.folder, *options))
            self.assertIn("dossiers", answer.out)


if __name__ == "__main__":
    unittest.main()
