#!/usr/bin/env python3
"""Other quarters, with other numbers: generated registers, reported figures, the oracle's answer."""

import csv
import os
import re
import shutil
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import harness  # noqa: E402  (found beside this file, wherever the tests are started)
import oracle  # noqa: E402
import quarter  # noqa: E402


class House(unittest.TestCase):
    """A district and its communes over one generated data set; subclasses say which."""

    seed, period, communes, dossiers = 1, "2024-Q2", 2, 240

    maxDiff = 4000

    @classmethod
    def setUpClass(cls):
        if cls is House:
            raise unittest.SkipTest("a base")
        cls.temporary = tempfile.TemporaryDirectory(prefix="cchc-e2e-", ignore_cleanup_errors=True)
        cls.addClassCleanup(cls.temporary.cleanup)
        cls.folder = os.path.join(cls.temporary.name, "quarter")
        quarter.make(cls.folder, cls.seed, cls.period, cls.communes, cls.dossiers)
        cls.district = harness.District(cls.temporary.name, cls.folder)
        cls.addClassCleanup(cls.district.stop)
        cls.district.up()
        cls.fill()

    @classmethod
    def fill(cls):
        """Bring the records in; the district first, as an office would."""
        cls.district.load([cls.district.head])
        cls.district.load(cls.district.communes)
        cls.district.sync()

    def check(self, period, *options):
        """The district's report against the oracle's over the same folders."""
        expected = oracle.compute(self.folder, period, "--calendar" in options)
        harness.assert_same(self, expected, self.district.head, *options)

    def check_all(self, periods):
        """Several periods, statutory and by calendar."""
        for period in periods:
            for options in ((), ("--calendar",)):
                with self.subTest(period=period, options=options):
                    self.check(period, *options)


class SecondQuarter(House):
    """Five communes; the same records seen through many windows."""

    seed, period, communes, dossiers = 11, "2024-Q2", 5, 260

    def test_its_own_period(self):
        self.check("2024-Q2")

    def test_by_calendar(self):
        self.check("2024-Q2", "--calendar")

    def test_other_windows(self):
        self.check_all(("2024-Q1", "2024-Q3", "2024-H1", "2024-9M", "2024", "2024-05", "2023", "2025-Q1"))

    def test_nothing_was_refused_or_held(self):
        for office in self.district.offices():
            self.assertEqual(office.held(), 0, office.code)

    def test_text_tells_the_days_of_late_dossiers(self):
        """A dossier is listed as overdue with the due day it had on the last day, not with a later one."""
        last = oracle.window("2024-Q2")[1]
        expected = oracle.compute(self.folder, "2024-Q2")["lists"]
        dossiers = {dossier.code: dossier
                    for node in oracle.read_nodes(self.folder) for dossier in oracle.read_dossiers(node)}
        text = harness.expect(self.district.head.run("report", "make", "2024-Q2")).out
        told = dict(re.findall(r"(?m)^- (H51\.15[0-9.-]*): (hẹn trả ngày .*)\.$", text))
        wrong = []
        for level in oracle.LEVELS:
            words = {code: f"hẹn trả ngày {dossiers[code].due_on(last):%d/%m/%Y}" for code in expected[level]["open_late"]}
            if level == "commune":
                words |= {code: f"hẹn trả ngày {dossiers[code].final_due():%d/%m/%Y}, "
                                f"kết thúc ngày {dossiers[code].end:%d/%m/%Y}" for code in expected[level]["late"]}
            wrong += [f"{code}: expected «{wanted}», told «{told[code]}»"
                      for code, wanted in sorted(words.items()) if code in told and told[code] != wanted]
        self.assertTrue(told)
        self.assertFalse(wrong, "\n".join(wrong))

    def test_opened_counts_equal_figures(self):
        figures = self.district.head.report("2024-Q2")["figures"]
        for name, figure in figures.items():
            if not isinstance(figure["value"], int) or not name.startswith(("dossiers.", "documents.", "legal.")):
                continue
            with self.subTest(figure=name):
                self.assertEqual(len(self.district.head.opened(name, "2024-Q2")), figure["value"])


class NewYear(House):
    """A window that begins in the year before, with two communes."""

    seed, period, communes = 12, "2025-Q1", 2

    def test_its_own_period(self):
        self.check("2025-Q1")

    def test_other_windows(self):
        self.check_all(("2025-01", "2024", "2025"))


class HalfYear(House):
    """Six months."""

    seed, period, communes, dossiers = 13, "2024-H1", 3, 300

    def test_its_own_period(self):
        self.check("2024-H1")

    def test_by_calendar(self):
        self.check("2024-H1", "--calendar")


class OneMonth(House):
    """A month of the year before, reported by its month's name."""

    seed, period, communes = 14, "2023-12", 2

    def test_its_own_period(self):
        self.check("2023-12")

    def test_other_windows(self):
        self.check_all(("2023-11", "2024-01", "2024-02", "2024-Q1"))


class EightCommunesFewRecords(House):
    """As many communes as the published quarter, and only the chosen awkward stories."""

    seed, period, communes, dossiers = 15, "2024-Q3", 8, 60

    def test_its_own_period(self):
        self.check("2024-Q3")


class CommunesFirst(House):
    """Communes import and exchange while the district has neither units nor procedures."""

    seed, period, communes = 16, "2024-Q4", 3

    @classmethod
    def fill(cls):
        cls.district.load(cls.district.communes)
        cls.district.sync()
        cls.before = cls.district.head.run("report", "make", cls.period, "--format", "json")
        cls.district.load([cls.district.head])
        cls.district.sync()

    def test_asking_too_early_is_no_crash(self):
        self.assertIn(self.before.code, (harness.OK, harness.NOT_FOUND, harness.CONFLICT), self.before)

    def test_its_own_period(self):
        self.check("2024-Q4")

    def test_nothing_is_held(self):
        self.assertEqual(self.district.head.held(), 0)


class SilentCommune(House):
    """One commune exchanges, the other's node is off: its silence is told, its records are not there."""

    seed, period, communes, dossiers = 19, "2024-Q2", 2, 60

    @classmethod
    def fill(cls):
        cls.district.communes[1].stop()
        cls.district.load([cls.district.head, cls.district.communes[0]])
        cls.district.communes[0].sync()

    def test_coverage(self):
        spoke, silent = (commune.code for commune in self.district.communes)
        report = self.district.head.report(self.period)
        late = {row["origin"]: row["late"] for row in report["coverage"] if row["service"] == "dossiers"}
        self.assertEqual((late.get(spoke), late.get(silent)), (False, True), report["coverage"])
        self.assertFalse(any(row["received"] for row in report["forms"]["II.06"].get(silent, {}).values()))

    def test_the_text_names_it(self):
        text = harness.expect(self.district.head.run("report", "make", self.period)).out
        self.assertIn("UBND Xã Thử Nghiệm 2", text)


class FileByFile(House):
    """Each sheet by its own command, and exchanges in between."""

    seed, period, communes = 17, "2024-Q2", 2

    @classmethod
    def fill(cls):
        order = list(quarter.HEADERS)
        for office in cls.district.offices():
            source = cls.district.source(office)
            for name in sorted(os.listdir(source), key=order.index):
                office.load(os.path.join(source, name))
                if name in ("ho-so.csv", "van-ban.csv"):
                    office.sync()
        cls.district.sync()

    def test_its_own_period(self):
        self.check("2024-Q2")


# ---------------------------------------------------------------------------------------------
# The same dossiers twice, in an earlier and in their final state


ENDS = ("NgayKetThucXuLy", "NgayTra")


def rewrite(path, change):
    """Rewrite a sheet row by row; `change` gets number and row, and None drops the row."""
    with open(path, encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        names, rows = reader.fieldnames, list(reader)
    with open(path, "w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, names, lineterminator="\n")
        writer.writeheader()
        for number, row in enumerate(rows):
            row = change(number, row)
            if row is not None:
                writer.writerow(row)


def earlier_dossier(number, row):
    """What a clerk had written before: fewer rows, not ended, another channel, unit fee or due day."""
    kind = number % 6
    if kind == 0:
        return None
    if kind == 1 and row["NgayKetThucXuLy"]:
        row.update({"NgayKetThucXuLy": "", "NgayTra": "", "TrangThaiHoSo": "4", "DuocSoHoa": "0"})
    elif kind == 2 and row["NgayTiepNhan"] and row["NgayHenTra"]:
        row["NgayHenTra"] = row["NgayTiepNhan"][:8] + "235959"
    elif kind == 3:
        row["KenhThucHien"] = "1" if row["KenhThucHien"] == "2" else "2"
    elif kind == 4:
        row.update({"LePhi": "10000", "DuocThanhToanTrucTuyen": "3", "NgayCapNhatHeThongTinh": ""})
    return row


def earlier_procedure(folder):
    """Dossiers filed under a neighbour's procedure before it was put right: their field changes."""
    with open(os.path.join(folder, "ho-so.csv"), encoding="utf-8", newline="") as stream:
        procedures = sorted({row["MaTTHC"] for row in csv.DictReader(stream)})

    def change(number, row):
        if number % 6 == 5:
            row["MaTTHC"] = procedures[(procedures.index(row["MaTTHC"]) + 1) % len(procedures)]
        return row

    return change


def make_earlier(source, target):
    """A copy of the quarter as it was some weeks ago: every row of it is a row of the later one too."""
    shutil.copytree(source, target)
    for name in os.listdir(target):
        folder = os.path.join(target, name)
        sheets = os.path.join(folder, "ho-so.csv")
        rewrite(sheets, earlier_procedure(folder))
        rewrite(sheets, earlier_dossier)
        with open(sheets, encoding="utf-8", newline="") as stream:
            known = {row["MaHoSo"] for row in csv.DictReader(stream)}

        def known_round(number, row, known=known):
            if row["MaHoSo"] not in known or number % 3 == 0:
                return None
            if number % 3 == 1:
                row.update({"NgayTiepNhanBoSung": "", "NgayHenTraMoi": ""})
            return row

        def known_document(number, row):
            if number % 3 == 0:
                return None
            if number % 3 == 1:
                row.update({"DienTu": "0", "KySo": "0"})
            return row

        rewrite(os.path.join(folder, "bo-sung.csv"), known_round)
        rewrite(os.path.join(folder, "van-ban.csv"), known_document)
        if os.path.exists(os.path.join(folder, "dinh-chinh.csv")):
            rewrite(os.path.join(folder, "dinh-chinh.csv"),
                    lambda number, row, known=known: row if row["MaHoSo"] in known else None)


class TwoImports(House):
    """Figures follow what becomes of the same dossiers."""

    seed, period, communes, dossiers = 18, "2024-Q2", 3, 300

    @classmethod
    def fill(cls):
        cls.early = os.path.join(cls.temporary.name, "earlier")
        make_earlier(cls.folder, cls.early)
        later, cls.district.quarter_folder = cls.district.quarter_folder, cls.early
        super().fill()
        cls.early_differences = [
            (options, harness.compare(oracle.compute(cls.early, cls.period, bool(options)), cls.district.head, *options))
            for options in ((), ("--calendar",))]
        cls.early_count = len(cls.district.head.opened("dossiers.commune.received", cls.period))
        cls.district.quarter_folder = later
        super().fill()

    def test_earlier_state(self):
        for options, found in self.early_differences:
            with self.subTest(options=options):
                self.assertFalse(found, "\n".join(found[:60]))
        self.assertGreater(self.early_count, 50)

    def test_later_state(self):
        self.check_all(("2024-Q2", "2024-Q3", "2024-06"))

    def test_importing_a_third_time_changes_nothing(self):
        for code, sums in self.district.load().items():
            with self.subTest(node=code):
                self.assertEqual((sums["added"], sums["changed"], sums["refused"]), (0, 0, 0))
        self.check("2024-Q2")


if __name__ == "__main__":
    unittest.main()
