#!/usr/bin/env python3
"""Bad input and bad surroundings: every one named, the good taken, the node unharmed."""

import codecs
import csv
import io
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unicodedata
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import harness  # noqa: E402  (found beside this file, wherever the tests are started)
import quarter  # noqa: E402

DISTRICT, AGENCY, COMMUNE = "H51.15", "H51.15.01", "H51.15.61"
PROCEDURE = "1.004600"

UNITS = (
    [DISTRICT, "Ủy ban nhân dân huyện Thử Nghiệm", "UBND_HUYEN", "", "945", "", "", "", "", ""],
    [AGENCY, "Phòng Nội vụ", "CO_QUAN_CHUYEN_MON", DISTRICT, "", "130/2005/NĐ-CP", "1", "", "", ""],
    [COMMUNE, "UBND Xã Thử Nghiệm", "UBND_XA", DISTRICT, "31615", "", "1", "", "", ""],
)
PROCEDURES = ([PROCEDURE, "Đăng ký biến động", "Đất đai", "HUYEN", "TOAN_TRINH", "10", "NGAY_LAM_VIEC", "0",
               "01/01/2024"],)

DOSSIER = {
    "MaTTHC": PROCEDURE, "MaDonVi": DISTRICT, "ChuHoSo": "Nguyễn Văn An", "KenhThucHien": "2",
    "NgayNopHoSo": "20240410080000", "NgayTiepNhan": "20240410081500", "NgayHenTra": "20240424170000",
    "NgayKetThucXuLy": "20240419093000", "NgayTra": "20240419100000", "TrangThaiHoSo": "10",
    "DuocSoHoa": "1", "LePhi": "20000", "DuocThanhToanTrucTuyen": "1",
}
DOCUMENT = {
    "KyHieu": "QĐ-UBND", "NgayBanHanh": "10/04/2024", "LoaiVanBan": "QĐ", "TrichYeu": "Quyết định thử",
    "MaDonVi": DISTRICT, "Chieu": "DI", "DienTu": "1", "KySo": "1", "Mat": "0",
}


def names_of(sheet):
    """Columns of a sheet."""
    return quarter.HEADERS[sheet].split(",")


def sheet_text(sheet, rows, delimiter=",", names=None):
    """Rows (lists, or dictionaries) as the text of a CSV sheet."""
    names = names or names_of(sheet)
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=delimiter, lineterminator="\n")
    writer.writerow(names)
    for row in rows:
        writer.writerow([row.get(name, "") for name in names] if isinstance(row, dict) else row)
    return stream.getvalue()


class Imports(unittest.TestCase):
    """Bad sheets at one node that stays up all the time; every test has its own codes."""

    maxDiff = 4000

    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory(prefix="cchc-e2e-", ignore_cleanup_errors=True)
        cls.addClassCleanup(cls.temporary.cleanup)
        cls.node = harness.Office(cls.temporary.name, DISTRICT)
        cls.addClassCleanup(cls.node.stop)
        cls.node.up()
        folder = os.path.join(cls.temporary.name, "catalogue")
        os.mkdir(folder)
        for sheet, rows in (("don-vi.csv", UNITS), ("thu-tuc.csv", PROCEDURES)):
            with open(os.path.join(folder, sheet), "w", encoding="utf-8") as stream:
                stream.write(sheet_text(sheet, rows))
        cls.node.load(folder)

    series = 0

    def setUp(self):
        self.folder = tempfile.mkdtemp(dir=self.temporary.name)
        self.next_series()

    @classmethod
    def next_series(cls):
        """New codes from here on."""
        Imports.series += 1

    def tearDown(self):
        self.assertEqual(sorted(self.node.status()), sorted(harness.SERVICES), "the node still answers")

    def code(self, number):
        """A dossier code of this test alone."""
        return f"{DISTRICT}-{self.series:06d}-{number:04d}"

    def write(self, sheet, content, encoding="utf-8"):
        """A file in the test's folder; its path."""
        path = os.path.join(self.folder, sheet)
        with open(path, "wb") as stream:
            stream.write(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    def dossiers(self, *changes):
        """Good dossiers with changes: one row for each dictionary."""
        return [{"MaHoSo": self.code(number), **DOSSIER, **change} for number, change in enumerate(changes, 1)]

    def documents(self, *changes):
        """Good documents with changes."""
        return [{"SoVanBan": f"{self.series}-{number}", **DOCUMENT, **change}
                for number, change in enumerate(changes, 1)]

    def count(self, service="dossiers", register="dossiers"):
        """Records the node keeps now."""
        return self.node.registers()[service, register]

    def check_bad_row(self, sheet, rows, bad, column, value, vietnamese, english, fixed, register=None):
        """One bad row among good ones: named in two languages, the others taken once; mended, it comes
        too and nothing else changes. `bad` is the row's line in the file."""
        register = register or ("dossiers", "dossiers")
        before, good = self.count(*register), len(rows) - 1
        path = self.write(sheet, sheet_text(sheet, rows))
        answer = harness.expect(self.node.run("import", path), harness.PARTIAL)
        self.assertIn(f"{sheet}, dòng {bad}, cột {column}, giá trị «{value}»: ", answer.err)
        self.assertIn(vietnamese, answer.err)
        self.assertEqual(self.count(*register), before + good, "the good rows are taken, the bad one is not")
        answer = harness.expect(self.node.run("--lang", "en", "import", path), harness.PARTIAL)
        self.assertIn(f"{sheet}, row {bad}, column {column}, value “{value}”: ", answer.err)
        self.assertIn(english, answer.err)
        sums = self.node.load(path, codes=(harness.PARTIAL,))
        self.assertEqual((sums["added"], sums["changed"], sums["unchanged"], sums["refused"]), (0, 0, good, 1))
        self.assertEqual([(fault["file"], fault["row"], fault["column"], fault["value"])
                          for fault in sums["faults"]], [(sheet, bad, column, value)])
        rows[bad - 2] = {**rows[bad - 2], **fixed}
        sums = self.node.load(self.write(sheet, sheet_text(sheet, rows)))
        self.assertEqual((sums["added"], sums["changed"], sums["unchanged"], sums["refused"]), (1, 0, good, 0))
        self.assertEqual(self.count(*register), before + len(rows))

    # One bad row -----------------------------------------------------------------------------

    def test_wrong_date(self):
        for value in ("20240230081500", "hôm qua", "32/04/2024", "2024"):
            with self.subTest(value=value):
                self.next_series()
                self.check_bad_row("ho-so.csv", self.dossiers({}, {"NgayTiepNhan": value}, {}), 3, "NgayTiepNhan",
                                   value, "không đúng dạng", "not of the right form",
                                   {"NgayTiepNhan": DOSSIER["NgayTiepNhan"]})

    def test_wrong_day_of_a_document(self):
        self.check_bad_row("van-ban.csv", self.documents({"NgayBanHanh": "31/04/2024"}, {}), 2, "NgayBanHanh",
                           "31/04/2024", "không đúng dạng", "not of the right form", {"NgayBanHanh": "30/04/2024"},
                           ("documents", "documents"))

    def test_unknown_procedure(self):
        self.check_bad_row("ho-so.csv", self.dossiers({}, {}, {"MaTTHC": "9.999999"}), 4, "MaTTHC", "9.999999",
                           "không có thủ tục này", "no such procedure", {"MaTTHC": PROCEDURE})

    def test_unknown_unit(self):
        self.check_bad_row("ho-so.csv", self.dossiers({"MaDonVi": "H51.15.99"}, {}), 2, "MaDonVi", "H51.15.99",
                           "không có đơn vị này", "no such unit", {"MaDonVi": DISTRICT})

    def test_unknown_unit_of_a_document(self):
        self.check_bad_row("van-ban.csv", self.documents({}, {"MaDonVi": "H51.15.99"}), 3, "MaDonVi", "H51.15.99",
                           "không có đơn vị này", "no such unit", {"MaDonVi": DISTRICT}, ("documents", "documents"))

    def test_duplicate_code(self):
        rows = self.dossiers({}, {}, {"MaHoSo": self.code(1), "KenhThucHien": "1"})
        self.check_bad_row("ho-so.csv", rows, 4, "MaHoSo", self.code(1), "trùng mã với dòng 2", "same code as row 2",
                           {"MaHoSo": self.code(3)})

    def test_status_outside(self):
        for value in ("0", "11", "abc", "-1", "1.5"):
            with self.subTest(value=value):
                self.next_series()
                self.check_bad_row("ho-so.csv", self.dossiers({}, {"TrangThaiHoSo": value}), 3, "TrangThaiHoSo",
                                   value, "ngoài phạm vi", "outside the allowed range", {"TrangThaiHoSo": "10"})

    def test_empty_status(self):
        self.check_bad_row("ho-so.csv", self.dossiers({}, {"TrangThaiHoSo": ""}), 3, "TrangThaiHoSo", "",
                           "thiếu giá trị", "a required value is missing", {"TrangThaiHoSo": "10"})

    def test_end_before_intake(self):
        self.check_bad_row("ho-so.csv", self.dossiers({}, {"NgayKetThucXuLy": "20240409080000"}), 3,
                           "NgayKetThucXuLy", "20240409080000", "kết thúc xử lý trước khi tiếp nhận",
                           "processing ended before the intake", {"NgayKetThucXuLy": DOSSIER["NgayKetThucXuLy"]})

    def test_signed_but_not_electronic(self):
        self.check_bad_row("van-ban.csv", self.documents({}, {"DienTu": "0"}), 3, "KySo", "1",
                           "văn bản ký số phải là văn bản điện tử", "a digitally signed document must be electronic",
                           {"DienTu": "1"}, ("documents", "documents"))

    # Many faults, whole files ----------------------------------------------------------------

    def test_every_bad_row_is_named(self):
        bad = [{"TrangThaiHoSo": "11"}, {"MaTTHC": "9.9"}, {"NgayTiepNhan": "mai"}, {"MaDonVi": "H51.77"}]
        rows = self.dossiers(*[bad[number % 4] if number % 2 else {} for number in range(40)])
        sums = self.node.load(self.write("ho-so.csv", sheet_text("ho-so.csv", rows)), codes=(harness.PARTIAL,))
        self.assertEqual((sums["added"], sums["refused"]), (20, 20))
        self.assertEqual({fault["row"] for fault in sums["faults"]}, set(range(3, 43, 2)))

    def test_bad_rows_across_batches(self):
        rows = self.dossiers(*[{"MaTTHC": "9.9"} if number % 700 == 650 else {} for number in range(2600)])
        sums = self.node.load(self.write("ho-so.csv", sheet_text("ho-so.csv", rows)), codes=(harness.PARTIAL,))
        self.assertEqual([fault["row"] for fault in sums["faults"]], [652, 1352, 2052])
        self.assertEqual((sums["added"], sums["refused"]), (2597, 3))

    def test_missing_column(self):
        before = self.count()
        names = [name for name in names_of("ho-so.csv") if name != "MaTTHC"]
        rows = self.dossiers({}, {})
        self.write("ho-so.csv", sheet_text("ho-so.csv", rows, names=names))
        self.write("van-ban.csv", sheet_text("van-ban.csv", self.documents({}, {})))
        documents = self.count("documents", "documents")
        answer = harness.expect(self.node.run("import", self.folder), harness.PARTIAL)
        self.assertIn("ho-so.csv, dòng 1: thiếu cột MaTTHC", answer.err)
        self.assertEqual(self.count(), before)
        self.assertEqual(self.count("documents", "documents"), documents + 2, "the other sheet is taken")
        answer = harness.expect(self.node.run("--lang", "en", "import", self.folder), harness.PARTIAL)
        self.assertIn("ho-so.csv, row 1: column MaTTHC is missing", answer.err)
        self.write("ho-so.csv", sheet_text("ho-so.csv", rows))
        self.assertEqual(self.node.load(self.folder)["added"], 2)

    def test_optional_column_may_be_missing(self):
        names = [name for name in names_of("ho-so.csv") if name not in ("LePhi", "DuocThanhToanTrucTuyen")]
        sums = self.node.load(self.write("ho-so.csv", sheet_text("ho-so.csv", self.dossiers({}), names=names)))
        self.assertEqual(sums["added"], 1)

    def test_unreadable_file(self):
        answer = harness.expect(self.node.run("import", os.path.join(self.folder, "ho-so.csv")), harness.FAILED)
        self.assertIn("Không đọc được", answer.err)
        answer = harness.expect(self.node.run("--lang", "en", "import", os.path.join(self.folder, "ho-so.csv")),
                                harness.FAILED)
        self.assertIn("cannot be read", answer.err)

    @unittest.skipIf(os.getuid() == 0, "root reads everything")
    def test_file_without_permission(self):
        path = self.write("ho-so.csv", sheet_text("ho-so.csv", self.dossiers({})))
        os.chmod(path, 0)
        harness.expect(self.node.run("import", path), harness.FAILED)

    def test_files_that_are_no_csv(self):
        cases = {
            "xlsx": (b"PK\x03\x04" + bytes(range(256)) * 8, "là tệp bảng tính", "is a spreadsheet"),
            "xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "là tệp bảng tính", "is a spreadsheet"),
            "empty": (b"", "trống", "is empty"),
            "blank": (b"\n\n \n", "trống", "is empty"),
            "tcvn3": (sheet_text("ho-so.csv", self.dossiers({})).encode().replace("ă".encode(), b"\xa8\xb5"),
                      "không phải văn bản Unicode", "not Unicode text"),
            "quote": (sheet_text("ho-so.csv", self.dossiers({})).replace("Nguyễn", '"Nguyễn').encode(),
                      "dấu nháy kép", "never closes"),
        }
        for name, (content, vietnamese, english) in cases.items():
            with self.subTest(file=name):
                before = self.count()
                path = self.write("ho-so.csv", content)
                answer = harness.expect(self.node.run("import", path), harness.PARTIAL)
                self.assertIn("ho-so.csv", answer.err)
                self.assertIn(vietnamese, answer.err)
                answer = harness.expect(self.node.run("--lang", "en", "import", path), harness.PARTIAL)
                self.assertIn(english, answer.err)
                self.assertEqual(self.count(), before)

    def test_named_as_a_spreadsheet(self):
        path = self.write("ho-so.xlsx", b"PK\x03\x04" + bytes(500))
        answer = harness.expect(self.node.run("import", path), harness.PARTIAL)
        self.assertIn("là tệp bảng tính", answer.err)

    def test_only_a_header(self):
        sums = self.node.load(self.write("ho-so.csv", sheet_text("ho-so.csv", [])))
        self.assertEqual((sums["added"], sums["refused"]), (0, 0))

    def test_unknown_file_name(self):
        answer = harness.expect(self.node.run("import", self.write("la.csv", "a,b\n1,2\n")), harness.USAGE)
        self.assertIn("la.csv", answer.err)

    def test_empty_folder(self):
        harness.expect(self.node.run("import", self.folder), harness.NOT_FOUND)

    # Dry runs --------------------------------------------------------------------------------

    def test_dry_run_keeps_nothing(self):
        unit, procedure = "H51.15.88", "1.777777"
        self.write("don-vi.csv", sheet_text("don-vi.csv", [[unit, "UBND Xã Mới", "UBND_XA", DISTRICT] + [""] * 6]))
        self.write("thu-tuc.csv", sheet_text("thu-tuc.csv", [[procedure, "Thủ tục mới", "Hộ tịch", "HUYEN"] + [""] * 5]))
        rows = self.dossiers({"MaTTHC": procedure}, {"MaDonVi": unit}, {})
        self.write("ho-so.csv", sheet_text("ho-so.csv", rows))
        self.write("bo-sung.csv", sheet_text("bo-sung.csv", [
            [self.code(3), "20240411080000", "20240412080000", "20240424170000", "20240426170000"]]))
        self.write("van-ban.csv", sheet_text("van-ban.csv", self.documents({"MaDonVi": unit})))
        before, marks = self.node.registers(), self.node.marks()
        for _ in range(2):
            answer = harness.expect(self.node.run("--json", "import", "--dry-run", self.folder))
            sums = answer.json()
            self.assertEqual((sums["added"], sums["refused"], sums["faults"]), (7, 0, []), answer)
            self.assertEqual((self.node.registers(), self.node.marks()), (before, marks))
        self.assertEqual(self.node.load(self.folder)["added"], 7)

    def test_dry_run_names_what_is_nowhere(self):
        self.write("ho-so.csv", sheet_text("ho-so.csv", self.dossiers({}, {"MaTTHC": "9.888888"})))
        answer = harness.expect(self.node.run("import", "--dry-run", self.folder), harness.PARTIAL)
        self.assertIn("ho-so.csv, dòng 3, cột MaTTHC, giá trị «9.888888»: không có thủ tục này", answer.err)

    # Forms of the same sheet -----------------------------------------------------------------

    @staticmethod
    def iso(stamp, separator=" "):
        """20240410081500 as 2024-04-10 08:15:00."""
        return (f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:8]}{separator}{stamp[8:10]}:{stamp[10:12]}:{stamp[12:]}"
                if stamp else "")

    @staticmethod
    def slashed(stamp):
        """20240410081500 as 10/04/2024 08:15:00."""
        return f"{stamp[6:8]}/{stamp[4:6]}/{stamp[:4]} {stamp[8:10]}:{stamp[10:12]}:{stamp[12:]}" if stamp else ""

    def dated(self, rows, change):
        """Rows with their moments written otherwise."""
        return [{name: change(value) if name.startswith("Ngay") else value for name, value in row.items()}
                for row in rows]

    def test_forms_of_the_same_dossiers(self):
        rows = self.dossiers({"ChuHoSo": 'Trần "Bình", ấp 1; xã A'}, {"NgayTra": "", "TrangThaiHoSo": "9"},
                             {"ChuHoSo": "Nguyễn Thị Ấu"}, {"KenhThucHien": "1"})
        plain = sheet_text("ho-so.csv", rows)
        self.assertEqual(self.node.load(self.write("ho-so.csv", plain))["added"], 4)
        decomposed = unicodedata.normalize("NFD", plain)
        forms = {
            "semicolon": sheet_text("ho-so.csv", rows, ";").encode(),
            "tab": sheet_text("ho-so.csv", rows, "\t").encode(),
            "BOM": codecs.BOM_UTF8 + plain.encode(),
            "UTF-16 LE": codecs.BOM_UTF16_LE + plain.encode("utf-16-le"),
            "UTF-16 BE": codecs.BOM_UTF16_BE + plain.encode("utf-16-be"),
            "UTF-16 tab": codecs.BOM_UTF16_LE + sheet_text("ho-so.csv", rows, "\t").encode("utf-16-le"),
            "CRLF": plain.replace("\n", "\r\n").encode(),
            "semicolon BOM CRLF": codecs.BOM_UTF8 + sheet_text("ho-so.csv", rows, ";").replace("\n", "\r\n").encode(),
            "sep line": ("sep=;\n" + sheet_text("ho-so.csv", rows, ";")).encode(),
            "decomposed letters": decomposed.encode(),
            "ISO": sheet_text("ho-so.csv", self.dated(rows, self.iso)).encode(),
            "ISO T": sheet_text("ho-so.csv", self.dated(rows, lambda moment: self.iso(moment, "T"))).encode(),
            "dd/mm/yyyy": sheet_text("ho-so.csv", self.dated(rows, self.slashed)).encode(),
            "other order of columns": sheet_text("ho-so.csv", rows, names=names_of("ho-so.csv")[::-1]).encode(),
            "no line end at the end": plain.rstrip("\n").encode(),
        }
        for name, content in forms.items():
            with self.subTest(form=name):
                sums = self.node.load(self.write("ho-so.csv", content))
                self.assertEqual((sums["added"], sums["changed"], sums["unchanged"], sums["refused"]), (0, 0, 4, 0))

    def test_forms_of_the_same_documents(self):
        rows = self.documents({}, {"NgayBanHanh": "01/05/2024"}, {"NgayBanHanh": "09/11/2024"})
        self.assertEqual(self.node.load(self.write("van-ban.csv", sheet_text("van-ban.csv", rows)))["added"], 3)
        iso = [{**row, "NgayBanHanh": "-".join(row["NgayBanHanh"].split("/")[::-1])} for row in rows]
        short = [{**row, "NgayBanHanh": "/".join(part.lstrip("0") for part in row["NgayBanHanh"].split("/"))}
                 for row in rows]
        for name, form in (("ISO", iso), ("short", short)):
            with self.subTest(form=name):
                sums = self.node.load(self.write("van-ban.csv", sheet_text("van-ban.csv", form)))
                self.assertEqual((sums["unchanged"], sums["refused"]), (3, 0))

    def test_names_that_browsers_make(self):
        content = sheet_text("ho-so.csv", self.dossiers({}))
        self.assertEqual(self.node.load(self.write("ho-so (1).csv", content))["added"], 1)
        self.assertEqual(self.node.load(self.write("HO-SO_2024.csv", content))["unchanged"], 1)

    # Questions that have no answer -----------------------------------------------------------

    def test_unknown_period(self):
        for period in ("2024-Q5", "2024-13", "abc", "24-Q1", "2024-Q1x", ""):
            with self.subTest(period=period):
                answer = harness.expect(self.node.run("report", "make", period), harness.USAGE)
                self.assertIn(f"«{period}»", answer.err)
                harness.expect(self.node.run("report", "open", "dossiers.district.late", period), harness.USAGE)

    def test_unknown_figure(self):
        answer = harness.expect(self.node.run("report", "open", "dossiers.nowhere", "2024-Q2"), harness.NOT_FOUND)
        self.assertIn("dossiers.nowhere", answer.err)
        answer = harness.expect(self.node.run("--lang", "en", "report", "open", "x", "2024-Q2"), harness.NOT_FOUND)
        self.assertIn("no figure", answer.err)

    def test_unknown_commands_and_options(self):
        for words in (("rport",), ("report",), ("report", "make"), ("report", "make", "2024-Q1", "--form", "x"),
                      ("report", "make", "2024-Q1", "--format", "pdfx"), ("report", "make", "2024-Q1", "--as-of", "x"),
                      ("import",), ("import", "--no-such-option"), ("sync", "now"), ("peer", "add", "x")):
            with self.subTest(words=words):
                self.assertTrue(harness.expect(self.node.run(*words), harness.USAGE).err.strip())

    def test_report_into_a_folder_that_is_not_there(self):
        answer = harness.expect(
            self.node.run("report", "make", "2024-Q2", "-o", os.path.join(self.folder, "khong", "co.txt")),
            harness.FAILED)
        self.assertIn("co.txt", answer.err)

    def test_mistakes_in_the_office_s_files(self):
        """figures.yaml and outline.txt are the office's own; a mistake is named with its line."""
        def replaced(old, new):
            return lambda text: text.replace(old, new, 1)

        def added(more):
            return lambda text: text + more

        cases = (  # file, mistake, what is named, whether the line has to be
            ("figures.yaml", replaced("measures: [units]", "measures: [unitz]"), "unitz", False),
            ("figures.yaml", replaced("table: units", "table: unitz"), "unitz", False),
            ("figures.yaml", replaced("categories: [department]", "categories: [departmentz]"), "departmentz", False),
            ("figures.yaml", replaced("service: staffing", "service: stafing"), "stafing", False),
            ("figures.yaml", replaced("of: [procedures.district,", "of: [procedures.distrikt,"), "procedures.distrikt",
             False),
            ("figures.yaml", added("  - { id: [\n"), "figures.yaml", True),
            ("outline.txt", added("\n{{khong.co.so.lieu.nay}}\n"), "khong.co.so.lieu.nay", True),
            ("outline.txt", added("\n{{?dossiers.district.late}} không đóng\n"), "outline.txt", True),
            ("outline.txt", added("\n@form II.99\n"), "II.99", True),
        )
        for name, change, named, place in cases:
            with self.subTest(file=name, named=named):
                path = os.path.join(self.node.folder, "report", name)
                with open(path, encoding="utf-8") as stream:
                    kept = stream.read()
                try:
                    with open(path, "w", encoding="utf-8") as stream:
                        stream.write(change(kept))
                    answer = self.node.run("report", "make", "2024-Q2", "--format", "text")
                finally:
                    with open(path, "w", encoding="utf-8") as stream:
                        stream.write(kept)
                self.assertNotEqual(answer.code, harness.OK, f"the report was made all the same: {answer.err}")
                self.assertIn(name, answer.err)
                self.assertIn(named, answer.err)
                if place:
                    self.assertRegex(answer.err, r"\d", "with its line")
                self.assertEqual(len([line for line in answer.err.splitlines() if line.strip()]), 1, answer)
                harness.expect(self.node.run("report", "make", "2024-Q2", "--format", "text"))


class Surroundings(harness.OfficeTest):
    """Lines, keys, ports, disks and folders that are not as they should be."""

    def sheets(self, base, dossiers=3, unit=DISTRICT):
        """A folder of good sheets."""
        folder = self.path(base)
        os.mkdir(folder)
        rows = [{"MaHoSo": f"{unit}-240410-{number:06d}", **DOSSIER, "MaDonVi": unit} for number in range(dossiers)]
        for sheet, content in (("don-vi.csv", UNITS), ("thu-tuc.csv", PROCEDURES), ("ho-so.csv", rows)):
            with open(os.path.join(folder, sheet), "w", encoding="utf-8") as stream:
                stream.write(sheet_text(sheet, content))
        if unit != DISTRICT:
            os.remove(os.path.join(folder, "don-vi.csv"))
            os.remove(os.path.join(folder, "thu-tuc.csv"))
        return folder

    def assert_one_sentence(self, answer, *words):
        """Said clearly: one line, no program's innards, and the words."""
        lines = [line for line in answer.err.splitlines() if line.strip()]
        self.assertEqual(len(lines), 1, answer)
        for word in words:
            self.assertIn(word, lines[0])

    # Exchange --------------------------------------------------------------------------------

    def test_key_of_somebody_else(self):
        head, other = self.office(DISTRICT).up(), self.office("H51.16")
        child = self.office(COMMUNE, parent=head, parent_key=other.public_key, listens=False).up()
        head.accept(child)
        child.load(self.sheets("xa", unit=COMMUNE))
        begun = time.monotonic()
        answer = child.sync(harness.UNAVAILABLE)
        self.assertLess(time.monotonic() - begun, 30)
        self.assert_one_sentence(answer, head.endpoint, "không nhận khóa")
        answer = harness.expect(child.run("--lang", "en", "sync", "--wait"), harness.UNAVAILABLE)
        self.assertIn("does not let this node in", answer.err)
        self.assertEqual(head.registers()["dossiers", "dossiers"], 0)
        shutil.copy(head.public_key, os.path.join(child.folder, "parent.pub"))
        child.stop()
        child.up().sync()
        self.assertEqual(head.registers()["dossiers", "dossiers"], 3)

    def test_not_in_the_list(self):
        head = self.office(DISTRICT).up()
        child = self.office(COMMUNE, parent=head, listens=False).up()
        child.load(self.sheets("xa", unit=COMMUNE))
        self.assert_one_sentence(child.sync(harness.UNAVAILABLE), head.endpoint, COMMUNE, "peer add")
        head.accept(child)
        child.sync()
        self.assertEqual(head.registers()["dossiers", "dossiers"], 3)
        harness.expect(head.run("peer", "remove", COMMUNE))
        folder = self.sheets("xa2", 5, unit=COMMUNE)
        child.load(folder)
        child.sync(harness.UNAVAILABLE)
        self.assertEqual(head.registers()["dossiers", "dossiers"], 3, "removing takes effect at once")
        harness.expect(head.run("peer", "remove", COMMUNE), harness.NOT_FOUND)

    def test_peers_with_bad_keys(self):
        head, other = self.office(DISTRICT).up(), self.office("H51.16")
        bad = self.path("bad.pub")
        with open(bad, "w", encoding="utf-8") as stream:
            stream.write("không phải khóa\n")
        self.assert_one_sentence(harness.expect(head.run("peer", "add", COMMUNE, bad), harness.FAILED), "bad.pub")
        harness.expect(head.run("peer", "add", COMMUNE, self.path("none.pub")), harness.FAILED)
        harness.expect(head.run("peer", "add", "../x", other.public_key), harness.USAGE)
        harness.expect(head.run("peer", "add", COMMUNE, other.public_key))
        harness.expect(head.run("peer", "add", COMMUNE, head.public_key), harness.CONFLICT)
        self.assertEqual([peer["code"] for peer in harness.expect(head.run("--json", "peer", "list")).json()], [COMMUNE])

    def test_parent_down(self):
        head = self.office(DISTRICT)
        child = self.office(COMMUNE, parent=head, listens=False).up()
        child.load(self.sheets("xa", unit=COMMUNE))
        begun = time.monotonic()
        self.assert_one_sentence(child.sync(harness.UNAVAILABLE), head.endpoint, "Không kết nối được")
        self.assertLess(time.monotonic() - begun, 30)
        head.up()
        head.accept(child)
        child.sync()
        self.assertEqual(head.registers()["dossiers", "dossiers"], 3)

    def test_parent_arrives_by_itself(self):
        """Nobody asks for an exchange: what the commune has reaches the district all the same."""
        head = self.office(DISTRICT).up()
        child = self.office(COMMUNE, parent=head, listens=False).up()
        head.accept(child)
        with harness.Watch(head.store("dossiers")) as watch:
            child.load(self.sheets("xa", unit=COMMUNE))
            harness.wait_until(lambda: head.registers()["dossiers", "dossiers"] == 3, 30, "it comes by itself",
                               watch)

    # Nodes -----------------------------------------------------------------------------------

    def test_port_in_use(self):
        node = self.office(DISTRICT)
        port = int(node.endpoint.rsplit(":", 1)[1])
        with socket.socket() as taken:
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            taken.bind(("127.0.0.1", port))
            taken.listen()
            answer = harness.expect(harness.cchc("node", "up", node.folder, seconds=30), harness.FAILED)
            self.assert_one_sentence(answer, node.endpoint)
            self.assertEqual(harness.processes_of(node.folder), [])
            answer = harness.cchc("--lang", "en", "node", "up", node.folder, seconds=30)
            self.assertIn("Another program uses", answer.err)
        node.up()

    def test_node_that_does_not_run(self):
        node = self.office(DISTRICT)
        for words in (("status",), ("sync", "--wait"), ("report", "make", "2024-Q1"), ("import", self.sheets("huyen"))):
            with self.subTest(words=words):
                begun = time.monotonic()
                answer = harness.expect(node.run(*words), harness.UNAVAILABLE)
                self.assertLess(time.monotonic() - begun, 5)
                self.assert_one_sentence(answer, node.folder, "cchc node up")

    def test_no_node_at_all(self):
        answer = harness.expect(harness.cchc("--node", self.path("none"), "status"), harness.NOT_FOUND)
        self.assert_one_sentence(answer, "node init")
        harness.expect(harness.cchc("status"), harness.USAGE)

    def test_init_over_a_node(self):
        node = self.office(DISTRICT)
        with open(node.public_key, "rb") as stream:
            key = stream.read()
        answer = harness.expect(harness.cchc("node", "init", node.folder, "--code", "H51.17"), harness.CONFLICT)
        self.assert_one_sentence(answer, node.folder)
        with open(node.public_key, "rb") as stream:
            self.assertEqual(stream.read(), key)

    def test_init_with_wrong_words(self):
        folder = self.path("new")
        for words in (("--code", "H51/15"), ("--code", ""), (), ("--code", "H51", "--listen", "7100"),
                      ("--code", "H51", "--listen", "tcp://127.0.0.1:99999"),
                      ("--code", "H51", "--parent", "tcp://127.0.0.1:7100"), ("--code", "H" * 40)):
            with self.subTest(words=words):
                self.assertTrue(harness.expect(harness.cchc("node", "init", folder, *words), harness.USAGE).err)
                self.assertFalse(os.path.exists(os.path.join(folder, "node.conf")))

    def test_second_up_on_the_same_folder(self):
        node = self.office(DISTRICT).up()
        before = sorted(harness.processes_of(node.folder))
        answer = harness.expect(harness.cchc("node", "up", node.folder, seconds=30), harness.CONFLICT)
        self.assert_one_sentence(answer, "đang chạy")
        self.assertEqual(sorted(harness.processes_of(node.folder)), before)
        harness.expect(node.run("status"))

    def test_mistake_in_node_conf(self):
        node = self.office(DISTRICT)
        path = os.path.join(node.folder, "node.conf")
        with open(path, encoding="utf-8") as stream:
            lines = stream.read().splitlines()
        with open(path, "w", encoding="utf-8") as stream:
            stream.write("\n".join([*lines, "lissten = tcp://127.0.0.1:7100", ""]))
        answer = harness.expect(harness.cchc("node", "up", node.folder, seconds=30), harness.FAILED)
        self.assert_one_sentence(answer, "node.conf", f"dòng {len(lines) + 1}", "lissten", "listen")
        harness.set_setting(node, "lissten", "x")
        with open(path, "w", encoding="utf-8") as stream:
            stream.write("\n".join([*lines, "map-mib = nhiều", ""]))
        answer = harness.expect(harness.cchc("node", "up", node.folder, seconds=30), harness.FAILED)
        self.assert_one_sentence(answer, "map-mib")

    def test_stop_is_quick_and_clean(self):
        node = self.office(DISTRICT).up()
        begun = time.monotonic()
        self.assertEqual(node.stop(), harness.OK)
        self.assertLess(time.monotonic() - begun, 5)
        self.assertEqual(harness.processes_of(node.folder), [])
        self.assertNotIn('"error"', node.log(), "a clean stop logs no failure")

    # Disk ------------------------------------------------------------------------------------

    def mount(self, folder, mebibytes):
        """A small disk of its own; skips when that is not permitted."""
        os.makedirs(folder, exist_ok=True)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "cchc-test", folder],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        if done.returncode != 0:
            self.skipTest("mounting is not permitted here")
        self.addCleanup(subprocess.run, ["umount", "-l", folder], check=False)

    def test_full_map(self):
        """A store that has grown to its limit takes no new work, says which setting it is, and goes on
        where it was when there is more room."""
        node = self.office(DISTRICT)
        harness.set_setting(node, "map-mib", 8)
        node.up()
        sheets = self.sheets("huyen", 20000)
        answer = harness.expect(node.run("import", sheets), harness.UNAVAILABLE)
        self.assertIn("map-mib", answer.err)
        taken = node.registers()["dossiers", "dossiers"]
        self.assertGreater(taken, 0)
        harness.expect(node.run("health"), harness.UNAVAILABLE)
        self.assertTrue(node.verify()["whole"])
        node.stop()
        harness.set_setting(node, "map-mib", 256)
        node.up()
        sums = node.load(sheets)
        self.assertEqual((sums["added"], sums["refused"]), (20000 - taken, 0))
        self.assertTrue(node.verify()["whole"])

    def test_full_disk(self):
        folder = self.path("disk")
        try:
            self.mount(folder, 9)
        except FileNotFoundError:
            self.skipTest("no mount here")
        node = self.office(DISTRICT, folder=os.path.join(folder, "node"))
        harness.set_setting(node, "disk-reserve-mib", 2)
        node.up()
        sheets = self.sheets("huyen", 20000)
        answer = harness.expect(node.run("import", sheets), harness.UNAVAILABLE)
        self.assertIn("đĩa", answer.err)
        self.assertIn(node.folder, answer.err)
        answer = harness.expect(node.run("--lang", "en", "import", sheets), harness.UNAVAILABLE)
        self.assertIn("almost full", answer.err)
        taken = node.registers()["dossiers", "dossiers"]
        self.assertGreater(taken, 0)
        figures = node.report("2024-Q2")["figures"]
        self.assertEqual(figures["dossiers.district.received"]["value"], taken, "reading still works, and is right")
        subprocess.run(["mount", "-o", "remount,size=400m", folder], check=True)
        sums = node.load(sheets)
        self.assertEqual((sums["added"], sums["refused"]), (20000 - taken, 0))
        self.assertEqual(node.registers()["dossiers", "dossiers"], 20000)
        sequence = node.marks()["dossiers", DISTRICT, "STREAM_RECORDS"]
        self.assertEqual(harness.without_checkpoints(sequence), 20000)
        self.assertEqual(node.report("2024-Q2")["figures"]["dossiers.district.received"]["value"], 20000)

    def test_really_full_disk(self):
        """Somebody else fills the disk to the last byte, past the reserve we keep."""
        folder = self.path("disk")
        try:
            self.mount(folder, 24)
        except FileNotFoundError:
            self.skipTest("no mount here")
        node = self.office(DISTRICT, folder=os.path.join(folder, "node"))
        harness.set_setting(node, "disk-reserve-mib", 0)
        node.up()
        node.load(self.sheets("vai", 200))
        with open(os.path.join(folder, "lap-day"), "wb", buffering=0) as stream:
            try:
                while True:
                    stream.write(bytes(65536))
            except OSError:
                pass
        sheets = self.sheets("huyen", 5000)
        answer = harness.expect(node.run("import", sheets), harness.UNAVAILABLE)
        self.assertIn("đĩa", answer.err)
        harness.expect(node.run("status"))
        os.remove(os.path.join(folder, "lap-day"))
        subprocess.run(["mount", "-o", "remount,size=400m", folder], check=True)
        node.load(sheets)
        self.assertEqual(node.registers()["dossiers", "dossiers"], 5000)
        self.assertEqual(node.report("2024-Q2")["figures"]["dossiers.district.received"]["value"], 5000)


if __name__ == "__main__":
    unittest.main()
