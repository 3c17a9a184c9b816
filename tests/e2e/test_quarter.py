#!/usr/bin/env python3
"""The published quarter, end to end: nine nodes, import, exchange, report, opened figures."""

import os
import re
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import harness  # noqa: E402  (found beside this file, wherever the tests are started)
import oracle  # noqa: E402

PERIOD = "2024-Q1"


class Quarter(unittest.TestCase):
    """One house of nine nodes for all tests of this class; none of them changes a record."""

    @classmethod
    def setUpClass(cls):
        cls.folder = harness.published_quarter()
        cls.expected = oracle.read_expected(cls.folder)
        cls.temporary = tempfile.TemporaryDirectory(prefix="cchc-e2e-", ignore_cleanup_errors=True)
        cls.addClassCleanup(cls.temporary.cleanup)
        cls.district = harness.District(cls.temporary.name, cls.folder)
        cls.addClassCleanup(cls.district.stop)
        cls.district.up()
        cls.sums = cls.district.load()
        cls.district.sync()
        cls.head = cls.district.head

    def test_nine_nodes(self):
        self.assertEqual([office.code for office in self.district.offices()],
                         ["H51.15"] + [f"H51.15.{number}" for number in range(61, 69)])

    def test_every_row_was_taken(self):
        for office in self.district.offices():
            rows = 0
            for name in os.listdir(self.district.source(office)):
                rows += len(oracle.read_register(self.district.source(office), name))
            with self.subTest(node=office.code):
                sums = self.sums[office.code]
                self.assertEqual((sums["added"], sums["changed"], sums["unchanged"], sums["refused"]),
                                 (rows, 0, 0, 0))

    def test_report_is_the_expected_one(self):
        harness.assert_same(self, self.expected, self.head)

    def test_report_is_the_oracle_s(self):
        harness.assert_same(self, oracle.compute(self.folder, PERIOD), self.head)

    def test_opened_counts_equal_figures(self):
        """count(open(figure)) == figure for everything that counts dossiers or documents."""
        figures = self.head.report(PERIOD)["figures"]
        for name, figure in figures.items():
            if not name.startswith(("dossiers.", "documents.")) or not isinstance(figure["value"], int):
                continue
            with self.subTest(figure=name):
                codes = self.head.opened(name, PERIOD)
                self.assertEqual(len(codes), figure["value"])
                if name.startswith("dossiers."):
                    self.assertEqual(len(set(codes)), len(codes))

    def test_every_store_is_whole(self):
        for office in self.district.offices():
            with self.subTest(node=office.code):
                proof = office.verify()
                self.assertTrue(proof["whole"])
                self.assertEqual([service["service"] for service in proof["services"]],
                                 ["dossiers", "documents", "reporting", "exchange", "staffing"])
                held = {(origin, stream, service): sequence
                        for (service, origin, stream), sequence in office.marks().items()}
                for service in proof["services"]:
                    self.assertEqual((service["findings"], service["held_events"]), ("0", "0"))
                    for log in service.get("logs", []):
                        mark = log["mark"]
                        self.assertEqual(int(mark["sequence"]),
                                         held[mark["origin"], log["stream"], service["service"]])

    def test_one_service_is_verified_alone(self):
        one = harness.expect(self.head.run("verify", "--service", "documents", "--lang", "en"))
        self.assertRegex(one.out, r"^documents: whole — [\d.]+ events")
        self.assertEqual(len(one.out.splitlines()), 1)
        harness.expect(self.head.run("verify", "--service", "nobody"), harness.NOT_FOUND)
        harness.expect(self.head.run("verify", "something"), harness.USAGE)

    def test_coverage_names_everyone_and_nobody_is_late(self):
        coverage = self.head.report(PERIOD)["coverage"]
        self.assertEqual({row["origin"] for row in coverage},
                         {office.code for office in self.district.offices()})
        self.assertEqual([row for row in coverage if row["late"]], [])
        for row in coverage:
            self.assertEqual(set(row), {"node", "service", "origin", "as_of", "sequence", "late"})

    def test_text_and_html_hold_the_numbers(self):
        figures = self.head.report(PERIOD)["figures"]
        text = harness.expect(self.head.run("report", "make", PERIOD, "--format", "text")).out
        html = harness.expect(self.head.run("report", "make", PERIOD, "--format", "html")).out
        plain = " ".join(re.sub(r"<[^>]*>", " ", html).split())
        self.assertIn("<html", html)
        self.assertNotIn("http://", html.replace("http://www.w3.org", ""))
        self.assertNotIn("<script src", html)
        keys = ("dossiers.district.received", "dossiers.district.solved", "dossiers.commune.received",
                "dossiers.commune.solved", "dossiers.district.online", "documents.district.outgoing",
                "documents.commune.outgoing", "documents.district.electronic_rate", "procedures.total",
                "staffing.quota.public_employees", "legal.reviewed.expired")
        for name in keys:
            with self.subTest(figure=name, value=figures[name]["text"]):
                self.assertIn(figures[name]["text"], text)
                self.assertIn(figures[name]["text"], plain)

    def test_text_names_the_late_dossiers(self):
        text = harness.expect(self.head.run("report", "make", PERIOD)).out
        for level in ("district", "commune"):
            for name in ("late", "open_late"):
                for code in self.expected["lists"][level][name][:5]:
                    self.assertIn(code, text)

    def test_file_output(self):
        path = os.path.join(self.temporary.name, "bao-cao.html")
        harness.expect(self.head.run("report", "make", PERIOD, "--format", "html", "-o", path))
        with open(path, encoding="utf-8") as stream:
            self.assertIn("<html", stream.read())

    def test_importing_again_changes_nothing(self):
        before = self.head.report(PERIOD)["figures"]
        marks = {office.code: office.marks() for office in self.district.offices()}
        for code, sums in self.district.load().items():
            with self.subTest(node=code):
                self.assertEqual((sums["added"], sums["changed"], sums["refused"]), (0, 0, 0))
                self.assertEqual(sums["unchanged"], self.sums[code]["added"])
        self.district.sync()
        self.assertEqual({office.code: office.marks() for office in self.district.offices()}, marks)
        self.assertEqual(self.head.report(PERIOD)["figures"], before)
        harness.assert_same(self, self.expected, self.head)

    def test_a_commune_reports_itself(self):
        """A commune's own report counts its own dossiers as the district counts them."""
        commune = self.district.communes[0]
        own = commune.report(PERIOD)["figures"]
        rows = self.expected["ii06"][commune.code].values()
        for column in oracle.COLUMNS:
            self.assertEqual(own[f"dossiers.commune.{column}"]["value"],
                             sum(row[column] for row in rows), column)

    def test_nothing_is_held(self):
        for office in self.district.offices():
            self.assertEqual(office.held(), 0, office.code)

    @unittest.skipIf(harness.is_sanitized(), "a sanitizer's memory is not ours")
    def test_idle_node_is_small(self):
        for office in (self.head, self.district.communes[0]):
            resident = sum(harness.resident_bytes(pid) for pid in harness.processes_of(office.folder))
            self.assertLess(resident, 64 << 20, office.code)


if __name__ == "__main__":
    unittest.main()
