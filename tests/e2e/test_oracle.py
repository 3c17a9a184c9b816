#!/usr/bin/env python3
"""Tests of the test oracle itself and of the data generator it is fed with.

An oracle that is wrong, or that only ever saw easy data, proves nothing about the system: so its
arithmetic must close on its own, on the published answer and on every kind of period.
"""

import csv
import datetime
import filecmp
import os
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import oracle  # noqa: E402  (found beside this file, wherever the tests are started)
import quarter  # noqa: E402

PUBLISHED = os.path.join(HERE, "..", "..", "deploy", "sample", "2024-q1")
SEEDS = range(1, 21)
PERIODS = (
    ["2024", "2024-H1", "2024-H2", "2024-9M"]
    + [f"2024-Q{number}" for number in range(1, 5)]
    + [f"2024-{number:02d}" for number in range(1, 13)]
)
CHAINS = (
    [f"2024-{number:02d}" for number in range(1, 13)],
    ["2024-Q1", "2024-Q2", "2024-Q3", "2024-Q4", "2025-Q1"],
    ["2024-H1", "2024-H2", "2025-H1"],
    ["2023", "2024", "2025"],
)
COMMUNES = 2
DOSSIERS = 150


class Generated(unittest.TestCase):
    """Base of tests over generated quarters, written once for all of them."""

    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.folders = {}
        for seed in SEEDS:
            cls.folders[seed] = os.path.join(cls.temporary.name, str(seed))
            quarter.make(cls.folders[seed], seed, PERIODS[seed % len(PERIODS)], COMMUNES, DOSSIERS)

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()


class PublishedAnswer(unittest.TestCase):
    """The one data set whose answer someone else computed."""

    @unittest.skipUnless(os.path.exists(os.path.join(PUBLISHED, "expected.json")), "no demonstration data here")
    def test_equals_expected(self):
        self.assertEqual(oracle.check(PUBLISHED), [])


class Windows(unittest.TestCase):
    """Periods tile the reporting year."""

    def test_known_windows(self):
        for period, calendar, first, last in (
                ("2024-Q1", False, "2023-12-15", "2024-03-14"), ("2024-Q4", False, "2024-09-15", "2024-12-14"),
                ("2024-H2", False, "2024-06-15", "2024-12-14"), ("2024-9M", False, "2023-12-15", "2024-09-14"),
                ("2024-03", False, "2024-02-15", "2024-03-14"), ("2024", False, "2023-12-15", "2024-12-14"),
                ("2024-Q1", True, "2024-01-01", "2024-03-31"), ("2024-02", True, "2024-02-01", "2024-02-29")):
            with self.subTest(period=period, calendar=calendar):
                self.assertEqual([day.isoformat() for day in oracle.window(period, calendar)], [first, last])

    def test_neighbours_touch(self):
        for chain in CHAINS:
            for calendar in (False, True):
                for earlier, later in zip(chain, chain[1:], strict=False):
                    self.assertEqual(oracle.window(earlier, calendar)[1] + datetime.timedelta(days=1),
                                     oracle.window(later, calendar)[0])

    def test_refuses_other_names(self):
        for name in ("2024-Q5", "2024-13", "2024-00", "24-Q1", "2024-H3", "2024-6M", ""):
            with self.assertRaises(ValueError):
                oracle.window(name)


class Identities(Generated):
    """The sums of form II.06 close in every row and on both levels, whatever the data."""

    def assert_closed(self, row):
        self.assertEqual(row["received"], row["online"] + row["direct"] + row["carried"])
        self.assertEqual(row["solved"], row["early"] + row["on_time"] + row["late"])
        self.assertEqual(row["open"], row["open_in_time"] + row["open_late"])
        self.assertEqual(row["received"], row["solved"] + row["open"])

    def test_sums_close(self):
        for seed, folder in self.folders.items():
            for period in PERIODS:
                with self.subTest(seed=seed, period=period):
                    result = oracle.compute(folder, period)
                    totals = {level: dict.fromkeys(oracle.COLUMNS, 0) for level in oracle.LEVELS}
                    for code, rows in result["ii06"].items():
                        level = "district" if code == quarter.DISTRICT_CODE else "commune"
                        for row in rows.values():
                            self.assert_closed(row)
                            self.assertTrue(any(row.values()))
                            for name in oracle.COLUMNS:
                                totals[level][name] += row[name]
                    for level, row in totals.items():
                        self.assert_closed(row)
                        for name in oracle.COLUMNS:
                            self.assertEqual(row[name], result["figures"][f"dossiers.{level}.{name}"])
                        for name, codes in result["lists"][level].items():
                            self.assertEqual(len(codes), row[name])

    def test_chain(self):
        """What one period leaves open is what the next one carries over, dossier by dossier."""
        for seed, folder in self.folders.items():
            for chain in CHAINS:
                results = [oracle.compute(folder, period) for period in chain]
                for earlier, later in zip(results, results[1:], strict=False):
                    for level in oracle.LEVELS:
                        with self.subTest(seed=seed, period=later["period"], level=level):
                            self.assertEqual(earlier["lists"][level]["open"], later["lists"][level]["carried"])

    def test_flows_add_up(self):
        """Flows of the quarters sum up to the year's; stocks are those of its ends."""
        for seed, folder in self.folders.items():
            year = oracle.compute(folder, "2024")["figures"]
            quarters = [oracle.compute(folder, f"2024-Q{number}")["figures"] for number in range(1, 5)]
            for level in oracle.LEVELS:
                with self.subTest(seed=seed, level=level):
                    for name in ("online", "direct", "solved", "early", "on_time", "late", "recorded_provincial"):
                        figure = f"dossiers.{level}.{name}"
                        self.assertEqual(year[figure], sum(part[figure] for part in quarters))
                    self.assertEqual(year[f"dossiers.{level}.carried"], quarters[0][f"dossiers.{level}.carried"])
                    for name in ("open", "open_late"):
                        self.assertEqual(year[f"dossiers.{level}.{name}"], quarters[3][f"dossiers.{level}.{name}"])


class GeneratedData(Generated):
    """Generated registers are valid, repeatable and not harmless."""

    def rows(self, folder, name):
        for node in sorted(os.listdir(folder)):
            path = os.path.join(folder, node, name)
            if os.path.exists(path):
                with open(path, encoding="utf-8", newline="") as stream:
                    yield from csv.DictReader(stream)

    def test_same_seed_same_bytes(self):
        again = os.path.join(self.temporary.name, "again")
        quarter.make(again, 3, PERIODS[3], COMMUNES, DOSSIERS)
        for node in os.listdir(again):
            names = os.listdir(os.path.join(again, node))
            self.assertEqual(sorted(names), sorted(os.listdir(os.path.join(self.folders[3], node))))
            _, mismatch, errors = filecmp.cmpfiles(
                os.path.join(again, node), os.path.join(self.folders[3], node), names, shallow=False)
            self.assertEqual((mismatch, errors), ([], []))

    def test_dossiers_are_valid(self):
        for seed, folder in self.folders.items():
            rounds = {}
            for row in self.rows(folder, "bo-sung.csv"):
                rounds.setdefault(row["MaHoSo"], []).append(row)
            codes = set()
            for row in self.rows(folder, "ho-so.csv"):
                with self.subTest(seed=seed, dossier=row["MaHoSo"]):
                    self.assertNotIn(row["MaHoSo"], codes)
                    codes.add(row["MaHoSo"])
                    intake, end, due = row["NgayTiepNhan"], row["NgayKetThucXuLy"], row["NgayHenTra"]
                    self.assertEqual(row["MaHoSo"].split("-")[1], (intake or row["NgayNopHoSo"])[2:8])
                    self.assertLessEqual(row["NgayNopHoSo"], intake or "9")
                    self.assertTrue(not end or end >= intake)
                    self.assertTrue(not due or due[:8] >= intake[:8])
                    self.assertEqual(row["TrangThaiHoSo"] in ("1", "3"), not intake)
                    self.assertEqual(row["TrangThaiHoSo"] == "3", bool(row["NgayTuChoi"]))
                    self.assertTrue(row["TrangThaiHoSo"] not in ("7", "9", "10") or end)
                    self.assertTrue(row["TrangThaiHoSo"] in ("7", "8", "9", "10") or not end)
                    self.assertTrue(not row["NgayTra"] or row["NgayTra"] >= end)
                    self.assert_rounds_valid(row, sorted(rounds.get(row["MaHoSo"], []),
                                                         key=lambda item: item["NgayYeuCauBoSung"]))
            self.assertLessEqual(set(rounds), codes)

    def assert_rounds_valid(self, row, rounds):
        moment = row["NgayTiepNhan"]
        for number, supplement in enumerate(rounds):
            self.assertGreaterEqual(supplement["NgayYeuCauBoSung"], moment)
            moment = supplement["NgayTiepNhanBoSung"] or supplement["NgayYeuCauBoSung"]
            self.assertGreaterEqual(moment, supplement["NgayYeuCauBoSung"])
            self.assertTrue(not row["NgayKetThucXuLy"] or moment <= row["NgayKetThucXuLy"])
            self.assertTrue(supplement["NgayTiepNhanBoSung"] or number == len(rounds) - 1)
            self.assertTrue(supplement["NgayTiepNhanBoSung"] or not supplement["NgayHenTraMoi"])
        if rounds:
            valid = rounds[-1]["NgayHenTraMoi"] or rounds[-1]["NgayHenTraTruoc"]
            self.assertEqual(row["NgayHenTra"], valid)

    def test_documents_are_valid(self):
        for seed, folder in self.folders.items():
            numbers = set()
            for row in self.rows(folder, "van-ban.csv"):
                key = (row["MaDonVi"], row["KyHieu"], row["NgayBanHanh"][-4:], row["SoVanBan"])
                self.assertNotIn(key, numbers, seed)
                numbers.add(key)
                self.assertLessEqual(row["KySo"], row["DienTu"])

    def test_exercises_every_count(self):
        """A generated quarter leaves no count at zero, so that forgetting one shows."""
        for seed, folder in self.folders.items():
            with self.subTest(seed=seed):
                result = oracle.compute(folder, PERIODS[seed % len(PERIODS)])
                self.assertEqual([name for name, value in result["figures"].items() if not value], [])

    def test_empty_period(self):
        """Nothing arose long before the first record: counts are 0 and their rates unknown."""
        result = oracle.compute(self.folders[1], "2019-Q1")
        self.assertEqual(result["ii06"], {})
        self.assertEqual(result["figures"]["dossiers.district.received"], 0)
        for name in ("dossiers.district.on_time_rate", "dossiers.commune.online_rate", "plan.targets.rate",
                     "dossiers.online_payment_rate", "documents.commune.signed_rate", "targets.online_payment"):
            self.assertIsNone(result["figures"][name])


class Rounding(unittest.TestCase):
    """Two decimals, half up, nothing for a denominator of 0."""

    def test_half_up(self):
        for numerator, denominator, text in ((1, 9, "11.11"), (7, 19, "36.84"), (1, 800, "0.13"), (3, 800, "0.38"),
                                             (1, 1600, "0.06"), (1, 20000, "0.01"), (1, 20001, "0.00"),
                                             (5, 5, "100.00"), (0, 3, "0.00"), (0, 0, None)):
            self.assertEqual(oracle.rate(numerator, denominator), text)


class SupplementRules(unittest.TestCase):
    """Which due day holds when supplement rounds surround the period's last day, 14 March."""

    FIRST, LAST = datetime.date(2023, 12, 15), datetime.date(2024, 3, 14)

    def columns(self, due, rounds=(), end="", status=4):
        """Days are given as mmdd of 2024, intake is 1 February."""

        def stamp(text):
            return f"2024{text}120000" if text else ""

        row = {"MaHoSo": "X", "MaTTHC": "P", "TrangThaiHoSo": str(status), "KenhThucHien": "1",
               "NgayTiepNhan": stamp("0201"), "NgayHenTra": stamp(due), "NgayKetThucXuLy": stamp(end)}
        names = ("NgayYeuCauBoSung", "NgayTiepNhanBoSung", "NgayHenTraTruoc", "NgayHenTraMoi")
        parsed = [oracle.SupplementRound(dict(zip(names, map(stamp, days), strict=True))) for days in rounds]
        return oracle.Dossier(row, parsed).columns(self.FIRST, self.LAST) - {"received", "direct", "solved", "open"}

    def test_open(self):
        for due, rounds, column in (
                ("0313", [], "open_late"), ("0314", [], "open_in_time"), ("", [], "open_in_time"),
                ("0301", [("0220", "", "0301", "")], "open_in_time"),
                ("0301", [("0314", "", "0301", "")], "open_in_time"),
                ("0301", [("0315", "", "0301", "")], "open_late"),
                ("0301", [("0220", "0314", "0301", "")], "open_late"),
                ("0325", [("0220", "0315", "0301", "0325")], "open_in_time"),
                ("0325", [("0320", "0321", "0310", "0325")], "open_late"),
                ("0325", [("0320", "0321", "0318", "0325")], "open_in_time"),
                ("0310", [("0220", "0225", "0301", "0310")], "open_late"),
                ("0320", [("0220", "0225", "0301", "0320")], "open_in_time"),
                ("0401", [("0220", "0225", "0301", "0310"), ("0320", "0322", "0310", "0401")], "open_late"),
                ("0310", [("0220", "0225", "0301", "0310"), ("0309", "", "0310", "")], "open_in_time"),
                ("0401", [("0320", "0322", "0325", "0401"), ("0316", "0318", "0312", "0325")], "open_late")):
            with self.subTest(due=due, rounds=rounds):
                self.assertEqual(self.columns(due, rounds), {column})

    def test_ended(self):
        for due, rounds, end, status, column in (
                ("0301", [], "0229", 10, "early"), ("0301", [], "0301", 9, "on_time"), ("0301", [], "0302", 10, "late"),
                ("", [], "0302", 10, "on_time"), ("0301", [], "0310", 7, "on_time"), ("0301", [], "0220", 8, "on_time"),
                ("0310", [("0220", "0225", "0301", "0310")], "0305", 10, "early"),
                ("0310", [("0220", "0225", "0301", "0310")], "0311", 10, "late"),
                ("0301", [("0220", "0225", "0301", "")], "0302", 10, "late")):
            with self.subTest(due=due, rounds=rounds, end=end, status=status):
                self.assertEqual(self.columns(due, rounds, end, status), {column})

    def test_never_counted(self):
        self.assertEqual(self.columns("0301", status=1), set())
        self.assertEqual(self.columns("0301", status=3), set())


if __name__ == "__main__":
    unittest.main()
