#!/usr/bin/env python3
"""Second, independent computation of a period's figures, used as a test oracle.

The system under test is written in another language by other means; this file derives the same
numbers straight from the CSV registers with the plainest possible code (no database, no
incremental state), so that an agreement of both is evidence and not a shared mistake.

    oracle.py FOLDER PERIOD [--calendar]     print the figures as JSON
    oracle.py --check FOLDER                 compare with FOLDER/expected.json

FOLDER holds one folder a node: `huyen` and `xa-<GSO>`. Every register file may be missing.
"""

import argparse
import csv
import datetime
import io
import json
import os
import re
import sys

DISTRICT_FOLDER = "huyen"
COMMUNE_PREFIX = "xa-"
LEVELS = ("district", "commune")

COLUMNS = (
    "received", "online", "direct", "carried",
    "solved", "early", "on_time", "late",
    "open", "open_in_time", "open_late",
)

STATUS_REGISTERED = 1
STATUS_REFUSED = 3
STATUS_WITHDRAWN = 7
STATUS_STOPPED = 8
STATUSES_NEVER_COUNTED = (STATUS_REGISTERED, STATUS_REFUSED)
STATUSES_WITH_RESULT = (9, 10)
CHANNEL_ONLINE = 2

ONE_DAY = datetime.timedelta(days=1)


# ---------------------------------------------------------------------------------------------
# Periods


def _months_later(year, month, day, months):
    """The same day of the month, `months` later."""
    index = year * 12 + (month - 1) + months
    return datetime.date(index // 12, index % 12 + 1, day)


def window(period, calendar=False):
    """First and last day (both inclusive) of a period name such as 2024-Q1, 2024-9M or 2024-07.

    The statutory window of a month runs from day 15 of the month before to day 14 of the month;
    every longer period is a run of such months. A calendar window is a run of whole months.
    """
    matched = re.fullmatch(r"(\d{4})(?:-(Q[1-4]|H[12]|9M|0[1-9]|1[0-2]))?", period)
    if not matched:
        raise ValueError(f"not a period: {period!r}")
    year, part = int(matched.group(1)), matched.group(2)
    if part is None:
        first_month, length = 1, 12
    elif part.startswith("Q"):
        first_month, length = int(part[1]) * 3 - 2, 3
    elif part.startswith("H"):
        first_month, length = int(part[1]) * 6 - 5, 6
    elif part == "9M":
        first_month, length = 1, 9
    else:
        first_month, length = int(part), 1
    if calendar:
        start = datetime.date(year, first_month, 1)
        return start, _months_later(year, first_month, 1, length) - ONE_DAY
    return (_months_later(year, first_month, 15, -1),
            _months_later(year, first_month, 15, length - 1) - ONE_DAY)


def period_year(period):
    """Plans and quotas belong to the year in the period's name, not to that of its first day."""
    return int(period[:4])


# ---------------------------------------------------------------------------------------------
# Reading


def parse_moment(text):
    """A local date-time from a stamp, dd/mm/yyyy or ISO text; None when the cell is empty."""
    text = (text or "").strip()
    if not text:
        return None
    if re.fullmatch(r"\d{14}", text):
        return datetime.datetime.strptime(text, "%Y%m%d%H%M%S")
    if re.fullmatch(r"\d{8}", text):
        return datetime.datetime.strptime(text, "%Y%m%d")
    matched = re.fullmatch(r"(\d{1,2})/(\d{1,2})/(\d{4})(?:[ T](\d{1,2}):(\d{2})(?::(\d{2}))?)?", text)
    if matched:
        day, month, year, hour, minute, second = (int(group or 0) for group in matched.groups())
        return datetime.datetime(year, month, day, hour, minute, second)
    return datetime.datetime.fromisoformat(text)


def parse_day(text):
    """The local day of a moment, because every figure compares days."""
    moment = parse_moment(text)
    return moment.date() if moment else None


def parse_integer(text):
    """An integer cell; an empty one counts as 0."""
    text = (text or "").strip()
    return int(text) if text else 0


def is_set(row, column):
    """Whether a cell holds anything: an empty one means "not happened / not known"."""
    return bool((row.get(column) or "").strip())


def is_flag(row, column):
    """Whether a {0,1} cell is 1."""
    return parse_integer(row.get(column)) == 1


def read_register(folder, name):
    """Rows of one CSV register as dictionaries; a missing file is an empty register."""
    path = os.path.join(folder, name)
    if not os.path.exists(path):
        return []
    with open(path, "rb") as stream:
        content = stream.read()
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = content.decode("utf-16")
    else:
        text = content.decode("utf-8-sig")
    header = text.split("\n", 1)[0]
    delimiter = ";" if header.count(";") > header.count(",") else ","
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter))


class Node:
    """One folder: the district or a commune, with the registers its own staff keep."""

    def __init__(self, folder, name, code, level):
        self.code = code
        self.level = level
        self.path = os.path.join(folder, name)
        self.name = name

    def register(self, name):
        """Rows of one of this node's registers."""
        return read_register(self.path, name)


def folder_codes(quarter_folder):
    """Folder name -> organisation code, for every node folder of a quarter."""
    units = read_register(os.path.join(quarter_folder, DISTRICT_FOLDER), "don-vi.csv")
    by_geography = {row["MaGSO"].strip(): row["MaDonVi"].strip() for row in units if is_set(row, "MaGSO")}
    codes = {}
    for name in sorted(os.listdir(quarter_folder)):
        path = os.path.join(quarter_folder, name)
        if not os.path.isdir(path):
            continue
        if name == DISTRICT_FOLDER:
            found = [row["MaDonVi"].strip() for row in units if row["LoaiDonVi"].strip() == "UBND_HUYEN"]
        elif name.startswith(COMMUNE_PREFIX):
            found = [by_geography[name[len(COMMUNE_PREFIX):]]] if name[len(COMMUNE_PREFIX):] in by_geography else []
        else:
            continue
        if not found:
            rows = read_register(path, "ho-so.csv") + read_register(path, "van-ban.csv")
            found = sorted({row["MaDonVi"].strip() for row in rows})
        if len(found) != 1:
            raise ValueError(f"cannot tell the organisation code of folder {name}: {found}")
        codes[name] = found[0]
    return codes


def read_nodes(quarter_folder):
    """Every node of a quarter, the district first."""
    return [
        Node(quarter_folder, name, code, "district" if name == DISTRICT_FOLDER else "commune")
        for name, code in folder_codes(quarter_folder).items()
    ]


# ---------------------------------------------------------------------------------------------
# Dossiers


class SupplementRound:
    """One request for missing papers, and its answer if there was one."""

    def __init__(self, row):
        self.requested_at = parse_moment(row["NgayYeuCauBoSung"])
        self.requested = self.requested_at.date()
        self.answered = parse_day(row.get("NgayTiepNhanBoSung"))
        self.due_before = parse_day(row.get("NgayHenTraTruoc"))
        self.due_after = parse_day(row.get("NgayHenTraMoi"))

    def is_open_on(self, day):
        """Requested by the end of that day and not answered by the end of it."""
        return self.requested <= day and (self.answered is None or self.answered > day)

    def is_answered_by(self, day):
        """Whether the answer had come by the end of that day."""
        return self.requested <= day and self.answered is not None and self.answered <= day


class Dossier:
    """One dossier row with its supplement rounds, and the questions form II.06 asks of it."""

    def __init__(self, row, rounds):
        self.code = row["MaHoSo"].strip()
        self.procedure = row["MaTTHC"].strip()
        self.status = parse_integer(row["TrangThaiHoSo"])
        self.is_online = parse_integer(row.get("KenhThucHien")) == CHANNEL_ONLINE
        self.intake = parse_day(row.get("NgayTiepNhan"))
        self.end = parse_day(row.get("NgayKetThucXuLy"))
        self.due = parse_day(row.get("NgayHenTra"))
        self.refused = parse_day(row.get("NgayTuChoi"))
        self.is_recorded = is_set(row, "NgayCapNhatHeThongTinh")
        self.is_digitised = is_flag(row, "DuocSoHoa")
        self.fee = parse_integer(row.get("LePhi"))
        self.is_paid_online = parse_integer(row.get("DuocThanhToanTrucTuyen")) in (1, 2)
        self.rounds = sorted(rounds, key=lambda supplement: supplement.requested_at)

    def is_counted(self):
        """Only registered, refused or never taken in: not a dossier of form II.06."""
        return self.intake is not None and self.status not in STATUSES_NEVER_COUNTED

    def final_due(self):
        """The due day that holds once the dossier is ended."""
        if self.rounds and self.rounds[-1].due_after:
            return self.rounds[-1].due_after
        return self.due

    def due_on(self, day):
        """The due day as it was valid on `day`, whatever later rounds changed it to."""
        for supplement in reversed(self.rounds):
            if supplement.is_answered_by(day) and supplement.due_after:
                return supplement.due_after
        for supplement in self.rounds:
            if supplement.requested > day:
                return supplement.due_before
        return self.due

    def punctuality(self):
        """Which of early, on_time and late an ended dossier is."""
        due = self.final_due()
        if self.status in (STATUS_WITHDRAWN, STATUS_STOPPED) or due is None or self.end == due:
            return "on_time"
        return "early" if self.end < due else "late"

    def is_open_late_on(self, day):
        """Whether a dossier open on `day` is overdue; waiting for the citizen's papers is not."""
        if any(supplement.is_open_on(day) for supplement in self.rounds):
            return False
        due = self.due_on(day)
        return due is not None and due < day

    def columns(self, first, last):
        """Names of the form's columns this dossier counts in, totals included."""
        if not self.is_counted() or self.intake > last:
            return set()
        if self.end is not None and self.end < first:
            return set()
        if self.intake < first:
            names = {"received", "carried"}
        else:
            names = {"received", "online" if self.is_online else "direct"}
        if self.end is not None and self.end <= last:
            return names | {"solved", self.punctuality()}
        return names | {"open", "open_late" if self.is_open_late_on(last) else "open_in_time"}


def read_dossiers(node):
    """A node's dossiers, each with its own supplement rounds."""
    rounds = {}
    for row in node.register("bo-sung.csv"):
        if is_set(row, "NgayYeuCauBoSung"):
            rounds.setdefault(row["MaHoSo"].strip(), []).append(SupplementRound(row))
    return [Dossier(row, rounds.get(row["MaHoSo"].strip(), [])) for row in node.register("ho-so.csv")]


def rate(numerator, denominator):
    """Percentage with two decimals, half up, from integers only; None when nothing arose."""
    if denominator == 0:
        return None
    hundredths = (numerator * 20000 + denominator) // (2 * denominator)
    return f"{hundredths // 100}.{hundredths % 100:02d}"


class DossierTotals:
    """Counts over all nodes' dossiers: the form's rows, the level sums and the code lists."""

    def __init__(self, first, last, fields):
        self.first, self.last, self.fields = first, last, fields
        self.form = {}
        self.sums = {level: dict.fromkeys(COLUMNS, 0) for level in LEVELS}
        self.extra = {level: dict.fromkeys(("recorded", "with_result", "digitised"), 0) for level in LEVELS}
        self.lists = {level: {name: [] for name in ("late", "open_late", "carried", "open")} for level in LEVELS}
        self.refused = self.with_fee = self.paid_online = 0

    def add(self, node, dossier):
        """Count one dossier wherever it belongs."""
        if dossier.refused is not None and self.first <= dossier.refused <= self.last:
            self.refused += 1
        names = dossier.columns(self.first, self.last)
        if not names:
            return
        fields = self.form.setdefault(node.code, {})
        row = fields.setdefault(self.fields.get(dossier.procedure, ""), dict.fromkeys(COLUMNS, 0))
        for name in names:
            row[name] += 1
            self.sums[node.level][name] += 1
            if name in self.lists[node.level]:
                self.lists[node.level][name].append(dossier.code)
        extra = self.extra[node.level]
        if "carried" not in names and dossier.is_recorded:
            extra["recorded"] += 1
        if "solved" in names and dossier.status in STATUSES_WITH_RESULT:
            extra["with_result"] += 1
            extra["digitised"] += dossier.is_digitised
            if dossier.fee > 0:
                self.with_fee += 1
                self.paid_online += dossier.is_paid_online

    def figures(self):
        """The dossiers.* figures."""
        figures = {}
        for level in LEVELS:
            sums, extra = self.sums[level], self.extra[level]
            in_period = sums["online"] + sums["direct"]
            values = dict(sums)
            values["on_time_rate"] = rate(sums["early"] + sums["on_time"], sums["solved"])
            values["online_rate"] = rate(sums["online"], in_period)
            values["recorded_provincial"] = extra["recorded"]
            values["recorded_provincial_rate"] = rate(extra["recorded"], in_period)
            values["digitised_rate"] = rate(extra["digitised"], extra["with_result"])
            figures.update({f"dossiers.{level}.{name}": value for name, value in values.items()})
        figures["dossiers.online_payment_rate"] = rate(self.paid_online, self.with_fee)
        figures["dossiers.refused"] = self.refused
        return figures


# ---------------------------------------------------------------------------------------------
# The other registers


class Registers:
    """All nodes' rows of the small registers, with the period they are judged against."""

    def __init__(self, nodes, period, first, last):
        self.nodes, self.first, self.last = nodes, first, last
        self.year = period_year(period)

    def rows(self, name, level=None):
        """Rows of a register over all nodes, or over those of one level."""
        return [row for node in self.nodes if level in (None, node.level) for row in node.register(name)]

    def inside(self, row, column):
        """Whether the row's day lies in the period."""
        day = parse_day(row.get(column))
        return day is not None and self.first <= day <= self.last

    def done(self, row, column):
        """Whether the row's day is known and not after the period's last day."""
        day = parse_day(row.get(column))
        return day is not None and day <= self.last

    def of_year(self, name):
        """Rows of a yearly plan or quota."""
        return [row for row in self.rows(name) if parse_integer(row["Nam"]) == self.year]

    def unit_figures(self):
        """units.*, iso.* and finance.autonomy.*"""
        units = self.rows("don-vi.csv")

        def of_kind(kind):
            return [row for row in units if row["LoaiDonVi"].strip() == kind]

        agencies, communes = of_kind("CO_QUAN_CHUYEN_MON"), of_kind("UBND_XA")
        services = of_kind("DON_VI_SU_NGHIEP")
        regulated = sum(is_set(row, "QuyDinhChucNang") and self.done(row, "NgayQuyDinh") for row in services)
        return {
            "units.departments": len(agencies),
            "units.public_service": len(services),
            "units.communes": len(communes),
            "units.public_service.regulated": regulated,
            "units.public_service.regulated_rate": rate(regulated, len(services)),
            "iso.departments": sum(is_flag(row, "ISO9001") for row in agencies),
            "iso.communes": sum(is_flag(row, "ISO9001") for row in communes),
            "finance.autonomy.agencies": sum(is_set(row, "CoCheTuChu") for row in agencies),
            "finance.autonomy.communes": sum(is_set(row, "CoCheTuChu") for row in communes),
            "finance.autonomy.public_service": sum(is_set(row, "CoCheTuChu") for row in services),
        }

    def procedure_figures(self):
        """procedures.*"""
        procedures = self.rows("thu-tuc.csv")
        levels = [row["CapThucHien"].strip() for row in procedures]
        published = sum(is_set(row, "NgayCongKhai") for row in procedures)
        return {
            "procedures.district": levels.count("HUYEN"),
            "procedures.commune": levels.count("XA"),
            "procedures.total": len(procedures),
            "procedures.published_rate": rate(published, len(procedures)),
        }

    def document_figures(self):
        """documents.*: outgoing ones by the level of the issuing node."""
        figures = {}
        for level in LEVELS:
            outgoing = [row for row in self.rows("van-ban.csv", level)
                        if row["Chieu"].strip() == "DI" and self.inside(row, "NgayBanHanh")]
            electronic = sum(is_flag(row, "DienTu") for row in outgoing)
            signed = sum(is_flag(row, "KySo") for row in outgoing)
            figures[f"documents.{level}.outgoing"] = len(outgoing)
            figures[f"documents.{level}.electronic"] = electronic
            figures[f"documents.{level}.signed"] = signed
            figures[f"documents.{level}.electronic_rate"] = rate(electronic, len(outgoing))
            figures[f"documents.{level}.signed_rate"] = rate(signed, len(outgoing))
        return figures

    def legal_figures(self):
        """legal.*: "hết hiệu lực" stands for the wholly expired and the wholly suspended."""
        documents = self.rows("vbqppl.csv")
        reviewed = [row["TinhTrang"].strip() for row in documents if self.inside(row, "NgayCongBo")]
        return {
            "legal.issued": sum(self.inside(row, "NgayBanHanh") for row in documents),
            "legal.reviewed.in_force": reviewed.count("CON_HIEU_LUC"),
            "legal.reviewed.expired": reviewed.count("HET_HIEU_LUC_TOAN_BO") + reviewed.count("NGUNG_HIEU_LUC"),
            "legal.reviewed.partly_expired": reviewed.count("HET_HIEU_LUC_MOT_PHAN"),
        }

    def staffing_figures(self):
        """staffing.*"""
        quotas = self.of_year("bien-che.csv")

        def posts(kind):
            return sum(parse_integer(row["SoPhanBo"]) for row in quotas if row["LoaiBienChe"].strip() == kind)

        downsizing, rotation = self.of_year("tinh-gian.csv"), self.of_year("chuyen-doi.csv")
        training = self.of_year("dao-tao.csv")
        downsized = sum(self.done(row, "NgayThucHien") for row in downsizing)
        return {
            "staffing.quota.civil_servants": posts("CONG_CHUC"),
            "staffing.quota.public_employees": posts("SO_LUONG_NGUOI_LAM_VIEC"),
            "staffing.quota.associations": posts("HOI_DAC_THU"),
            "staffing.downsizing.planned": len(downsizing),
            "staffing.downsizing.done": downsized,
            "staffing.downsizing.rate": rate(downsized, len(downsizing)),
            "staffing.training.planned": sum(parse_integer(row["SoLuotKeHoach"]) for row in training),
            "staffing.training.done": sum(
                parse_integer(row["SoLuotThucHien"]) for row in training if self.done(row, "NgayThucHien")),
            "staffing.rotation.planned": len(rotation),
            "staffing.rotation.done": sum(self.done(row, "NgayThucHien") for row in rotation),
            "staffing.discipline": sum(self.inside(row, "NgayQuyetDinh") for row in self.rows("ky-luat.csv")),
        }

    def plan_figures(self):
        """plan.*, inspections.*, news.* and feedback.*"""
        plan = self.of_year("chi-tieu.csv")
        done = sum(self.done(row, "NgayHoanThanh") for row in plan)
        communes = {row["MaDonVi"].strip() for row in self.rows("don-vi.csv") if row["LoaiDonVi"].strip() == "UBND_XA"}
        inspected = {row["MaDonVi"].strip() for row in self.of_year("kiem-tra.csv") if is_flag(row, "LongGhepPhanCap")}
        feedback = [row["Loai"].strip() for row in self.rows("phan-anh.csv") if self.inside(row, "NgayTiepNhan")]
        return {
            "plan.targets.total": len(plan),
            "plan.targets.done": done,
            "plan.targets.rate": rate(done, len(plan)),
            "inspections.decentralisation.communes": len(inspected & communes),
            "news.published": sum(self.inside(row, "NgayDang") for row in self.rows("tin-bai.csv")),
            "feedback.procedures": feedback.count("QUY_DINH_HANH_CHINH") + feedback.count("HANH_VI_HANH_CHINH"),
            "feedback.attitude": feedback.count("THAI_DO_PHUC_VU"),
        }

    def target_figures(self):
        """targets.*: of several resolutions the newest one known by the period's last day holds."""
        targets = self.rows("muc-tieu.csv")

        def valid(indicator, level):
            rows = [row for row in targets
                    if row["ChiSo"].strip() == indicator and row["Cap"].strip() == level
                    and self.done(row, "NgayVanBan")]
            if not rows:
                return None
            return max(rows, key=lambda row: parse_day(row["NgayVanBan"]))["MucTieuPhanTram"].strip()

        return {
            "targets.digitisation.district": valid("SO_HOA_KET_QUA", "HUYEN"),
            "targets.digitisation.commune": valid("SO_HOA_KET_QUA", "XA"),
            "targets.online_payment": valid("THANH_TOAN_TRUC_TUYEN", "HUYEN"),
        }

    def figures(self):
        """All figures that do not come from dossiers."""
        return {
            **self.unit_figures(), **self.procedure_figures(), **self.document_figures(),
            **self.legal_figures(), **self.staffing_figures(), **self.plan_figures(), **self.target_figures(),
        }


# ---------------------------------------------------------------------------------------------
# The whole period


def compute(quarter_folder, period_name, calendar=False):
    """All figures, form rows and code lists of one period, from the folders of one data set."""
    first, last = window(period_name, calendar)
    nodes = read_nodes(quarter_folder)
    registers = Registers(nodes, period_name, first, last)
    fields = {row["MaTTHC"].strip(): row["LinhVuc"].strip() for row in registers.rows("thu-tuc.csv")}
    totals = DossierTotals(first, last, fields)
    for node in nodes:
        for dossier in read_dossiers(node):
            totals.add(node, dossier)
    return {
        "period": period_name,
        "from": first.isoformat(),
        "to": last.isoformat(),
        "figures": {**registers.figures(), **totals.figures()},
        "ii06_columns": list(COLUMNS),
        "ii06": {code: dict(sorted(rows.items())) for code, rows in sorted(totals.form.items())},
        "lists": {level: {name: sorted(codes) for name, codes in lists.items()}
                  for level, lists in totals.lists.items()},
    }


def read_expected(quarter_folder):
    """The folder's expected.json in the shape `compute` returns (organisation codes, named columns)."""
    with open(os.path.join(quarter_folder, "expected.json"), encoding="utf-8") as stream:
        expected = json.load(stream)
    codes = folder_codes(quarter_folder)
    names = expected["ii06_columns"]
    expected["ii06"] = {
        codes[folder]: {field: dict(zip(names, numbers, strict=True)) for field, numbers in rows.items()}
        for folder, rows in expected["ii06"].items()
    }
    return expected


def differences(expected, actual, path=""):
    """Readable differences; code lists only the oracle gives ("carried", "open") are not compared."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        found = []
        for key in sorted(set(expected) | set(actual)):
            here = f"{path}/{key}"
            if key not in actual:
                found.append(f"{here}: expected {expected[key]!r}, not computed")
            elif key in expected:
                found += differences(expected[key], actual[key], here)
            elif not (path.startswith("/lists/") and key in ("carried", "open")):
                found.append(f"{here}: not expected, computed {actual[key]!r}")
        return found
    return [] if expected == actual else [f"{path}: expected {expected!r}, computed {actual!r}"]


def check(quarter_folder):
    """Differences between a folder's expected.json and what this program computes from its records."""
    expected = read_expected(quarter_folder)
    return differences(expected, compute(quarter_folder, expected["period"]))


def main(arguments=None):
    """Command line; the exit status of --check tells whether all agreed."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", help="folder holding huyen/ and xa-<GSO>/")
    parser.add_argument("period", nargs="?", help="2024-Q1, 2024-H1, 2024-9M, 2024, 2024-07 ...")
    parser.add_argument("--calendar", action="store_true", help="calendar windows instead of statutory ones")
    parser.add_argument("--check", action="store_true", help="compare with FOLDER/expected.json")
    options = parser.parse_args(arguments)
    if options.check:
        found = check(options.folder)
        for line in found:
            print(line)
        print(f"{len(found)} differences", file=sys.stderr)
        return 1 if found else 0
    if not options.period:
        parser.error("a period is needed")
    json.dump(compute(options.folder, options.period, options.calendar), sys.stdout, ensure_ascii=False, indent=1)
    print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
