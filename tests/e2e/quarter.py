#!/usr/bin/env python3
"""Deterministic generator of one period's registers of a district and its communes.

The demonstration data set holds few of the awkward cases a real office produces. This program
writes folders in the same formats (`huyen/`, `xa-<GSO>/`, CSV) that are full of them: moments on
both sides of a window's edge, carry-over, withdrawals, supplement rounds that come after the
window, superseded targets, plans of two years and so on. The same arguments give the same bytes.

    quarter.py FOLDER --seed N --period 2024-Q2 --communes 5 --dossiers 200
"""

import argparse
import csv
import datetime
import os
import random
import sys

import oracle

DISTRICT_CODE = "H51.15"
DISTRICT_GSO = "945"
FIRST_COMMUNE_UNIT = 61
FIRST_COMMUNE_GSO = 31615
COMMUNE_GSO_STEP = 3
MOST_COMMUNES = 29

ONE_DAY = datetime.timedelta(days=1)
ONE_SECOND = datetime.timedelta(seconds=1)

HEADERS = {
    "don-vi.csv": "MaDonVi,TenDonVi,LoaiDonVi,MaDonViCha,MaGSO,CoCheTuChu,ISO9001,QuyDinhChucNang,NgayQuyDinh,"
                  "TuBanHanh",
    "thu-tuc.csv": "MaTTHC,TenTTHC,LinhVuc,CapThucHien,MucDoDVC,ThoiHanGiaiQuyet,DonViTinhThoiHan,LePhi,NgayCongKhai",
    "ho-so.csv": "MaHoSo,MaTTHC,MaDonVi,ChuHoSo,KenhThucHien,NgayNopHoSo,NgayTiepNhan,NgayHenTra,NgayKetThucXuLy,"
                 "NgayTra,NgayTuChoi,TrangThaiHoSo,NgayCapNhatHeThongTinh,DuocSoHoa,LePhi,DuocThanhToanTrucTuyen",
    "bo-sung.csv": "MaHoSo,NgayYeuCauBoSung,NgayTiepNhanBoSung,NgayHenTraTruoc,NgayHenTraMoi",
    "dinh-chinh.csv": "MaHoSo,NgayTraThucTe,LyDo,NguoiDuyet",
    "phan-anh.csv": "MaPhanAnh,NgayTiepNhan,NguonGui,Loai,NoiDung,NgayXuLy,KetQua",
    "van-ban.csv": "SoVanBan,KyHieu,NgayBanHanh,LoaiVanBan,TrichYeu,MaDonVi,Chieu,DienTu,KySo,Mat",
    "vbqppl.csv": "SoKyHieu,NgayBanHanh,CoQuanBanHanh,TrichYeu,NgayHieuLuc,TinhTrang,KyHeThongHoa,QuyetDinhCongBo,"
                  "NgayCongBo",
    "tin-bai.csv": "NgayDang,TieuDe,ChuyenMuc,DuongDan",
    "bien-che.csv": "Nam,MaDonVi,LoaiBienChe,SoDuocGiao,SoPhanBo,SoCoMat,QuyetDinh",
    "tinh-gian.csv": "Nam,MaNhanSu,HoTen,MaDonVi,DoiTuong,LyDo,QuyetDinh,NgayThucHien",
    "dao-tao.csv": "Nam,MaLop,TenLop,Cap,SoLuotKeHoach,SoLuotThucHien,NgayThucHien",
    "chuyen-doi.csv": "Nam,MaNhanSu,HoTen,MaDonViCu,MaDonViMoi,NgayDuKien,NgayThucHien",
    "ky-luat.csv": "MaNhanSu,HoTen,MaDonVi,HinhThuc,QuyetDinh,NgayQuyetDinh",
    "chi-tieu.csv": "Nam,MaChiTieu,TenChiTieu,Nhom,MaDonViChuTri,HanHoanThanh,NgayHoanThanh,MinhChung",
    "muc-tieu.csv": "MaMucTieu,ChiSo,Cap,MucTieuPhanTram,VanBan,NgayVanBan",
    "kiem-tra.csv": "Nam,KeHoach,MaDonVi,NoiDung,LongGhepPhanCap,NgayKiemTra",
}

FAMILY_NAMES = ("Nguyễn", "Trần", "Lê", "Phạm", "Thạch", "Sơn", "Kim", "Lý", "Huỳnh", "Võ", "Lâm", "Đặng")
MIDDLE_NAMES = ("Văn", "Thị", "Hữu", "Mỹ", "Hoàng", "Quốc", "Kim", "Thanh", "Minh")
GIVEN_NAMES = ("An", "Bình", "Châu", "Dũng", "Giang", "Hạnh", "Khánh", "Lan", "Nhung", "Phúc", "Uyên", "Vinh", "Yến")

AGENCY_NAMES = ("Văn phòng HĐND và UBND", "Phòng Nội vụ", "Phòng Tư pháp", "Phòng Tài chính - Kế hoạch",
                "Phòng Y tế", "Thanh tra huyện", "Phòng Giáo dục và Đào tạo")
DISTRICT_FIELDS = ("Đất đai", "Hộ tịch", "Xây dựng", "Giáo dục", "Thủy sản", "Đăng ký kinh doanh")
COMMUNE_FIELDS = ("Chứng thực", "Hộ tịch", "Đất đai", "Bảo trợ xã hội", "Người có công")


def stamp(moment):
    """yyyyMMddHHmmss, or nothing."""
    return moment.strftime("%Y%m%d%H%M%S") if moment else ""


def day_text(day):
    """dd/mm/yyyy, or nothing."""
    return day.strftime("%d/%m/%Y") if day else ""


def write_register(folder, name, rows):
    """One CSV file with the header of its kind."""
    with open(os.path.join(folder, name), "w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(HEADERS[name].split(","))
        writer.writerows(rows)


class Window:
    """The period's edges, to the second, and moments relative to them."""

    def __init__(self, period, generator):
        self.first_day, self.last_day = oracle.window(period)
        self.year = oracle.period_year(period)
        self.first = datetime.datetime.combine(self.first_day, datetime.time(0, 0, 0))
        self.last = datetime.datetime.combine(self.last_day, datetime.time(23, 59, 59))
        self.export = self.last + datetime.timedelta(days=60)
        self.generator = generator

    def office_time(self, day):
        """Some moment of that day's opening hours."""
        return datetime.datetime.combine(day, datetime.time(7, 15)) + datetime.timedelta(
            seconds=self.generator.randrange(9 * 3600))

    def around_end(self, days):
        """Opening hours of the day `days` after (negative: before) the last one."""
        return self.office_time(self.last_day + datetime.timedelta(days=days))

    def around_start(self, days):
        """Opening hours of the day `days` after (negative: before) the first one."""
        return self.office_time(self.first_day + datetime.timedelta(days=days))

    def random_day(self):
        """Some day inside the window."""
        return self.first_day + datetime.timedelta(
            days=self.generator.randrange((self.last_day - self.first_day).days + 1))

    def edge_days(self):
        """The two days inside and the two outside at the edges, most often counted wrongly."""
        return [self.first_day, self.last_day, self.first_day - ONE_DAY, self.last_day + ONE_DAY]

    def mixed_day(self):
        """Mostly inside the window, sometimes before or after it."""
        choice = self.generator.random()
        if choice < 0.7:
            return self.random_day()
        if choice < 0.9:
            return self.first_day - datetime.timedelta(days=self.generator.randint(1, 60))
        return self.last_day + datetime.timedelta(days=self.generator.randint(1, 40))


class Round:
    """A supplement round while its dossier is being told; the appointed days are filled in later."""

    def __init__(self, requested, answered=None, new_due=None):
        self.requested, self.answered, self.new_due = requested, answered, new_due
        self.due_before = None


class Story:
    """What happened to one dossier. `due` is the first appointed day; rounds move it."""

    def __init__(self, intake=None, due=None, end=None, status=None, rounds=(), submitted=None, refused=None):
        self.intake, self.end, self.status = intake, end, status
        self.submitted, self.refused = submitted, refused
        self.rounds = list(rounds)
        for supplement in self.rounds:
            supplement.due_before = due
            due = supplement.new_due or due
        self.due = due


class DossierWriter:
    """Tells a node's dossiers and turns them into rows of ho-so.csv and bo-sung.csv."""

    def __init__(self, generator, window, unit, procedures):
        self.generator, self.window, self.unit = generator, window, unit
        self.procedures = procedures
        self.serials = {}
        self.dossiers, self.rounds, self.corrections = [], [], []

    # Stories at chosen moments ---------------------------------------------------------------

    def edge_stories(self):
        """Intake, end and due day on the window's edges, to the second."""
        window, at_end, at_start = self.window, self.window.around_end, self.window.around_start
        first, last = window.first, window.last
        first_day, last_day = window.first_day, window.last_day

        def midday(moment):
            return datetime.datetime.combine(moment.date(), datetime.time(12, 0))

        ordinary = window.office_time(first_day + datetime.timedelta(days=6))
        due = ordinary.date() + datetime.timedelta(days=7)
        due_noon = datetime.datetime.combine(due, datetime.time(0, 0))
        return [
            Story(last, at_end(5).date()),
            Story(last + ONE_SECOND, at_end(6).date()),
            Story(first, at_start(4).date(), at_start(2)),
            Story(first - ONE_SECOND, at_start(4).date(), at_start(3)),
            Story(first - ONE_SECOND, first_day, first - ONE_SECOND),
            Story(at_start(-20), at_start(-3).date(), first - ONE_SECOND),
            Story(at_start(-20), at_start(3).date(), first),
            Story(at_start(-20), first_day, first),
            Story(at_start(-20), first_day - ONE_DAY, first),
            Story(at_end(-10), at_end(4).date(), last),
            Story(at_end(-10), at_end(-2).date(), last + ONE_SECOND),
            Story(at_end(-10), at_end(4).date(), last + ONE_SECOND),
            Story(last, at_end(1).date(), last),
            Story(at_end(-10), last_day),
            Story(at_end(-10), last_day - ONE_DAY),
            Story(at_end(-10), last_day + ONE_DAY),
            Story(at_end(-10), last_day, last),
            Story(at_end(-10), last_day - ONE_DAY, last),
            Story(at_end(-10), last_day + ONE_DAY, last),
            Story(ordinary, due, due_noon),
            Story(ordinary, due, due_noon - ONE_SECOND),
            Story(ordinary, due, due_noon + ONE_DAY - ONE_SECOND),
            Story(ordinary, due, due_noon + ONE_DAY),
            Story(ordinary, ordinary.date(), midday(ordinary) + datetime.timedelta(hours=6)),
            Story(at_start(-360), at_start(-300).date()),
            Story(at_start(-360), at_start(-300).date(), at_end(20)),
            Story(at_start(-250), at_start(9).date(), at_start(8)),
            Story(at_start(-40), at_end(30).date(), at_end(25)),
        ]

    def status_stories(self):
        """Statuses that change the counting, and dossiers without an appointed day."""
        at_end, at_start, window = self.window.around_end, self.window.around_start, self.window
        first, last = window.first, window.last
        stories = [
            Story(at_end(-12), None, at_end(-3)),
            Story(at_start(-12), None, at_start(4)),
            Story(at_end(-12), None),
            Story(at_start(-30), None),
            Story(at_end(-12), at_end(-6).date(), at_end(-3), status=7),
            Story(at_end(-12), at_end(6).date(), at_end(-3), status=7),
            Story(at_end(-12), at_end(-6).date(), at_end(3), status=7),
            Story(at_start(-12), at_start(-6).date(), at_start(-3), status=7),
            Story(at_end(-12), at_end(-6).date(), at_end(-3), status=8),
            Story(at_end(-12), at_end(6).date(), at_end(-3), status=8),
            Story(at_end(-12), at_end(-6).date(), at_end(2), status=8),
            Story(at_end(-12), at_end(-6).date(), status=8),
            Story(at_end(-12), at_end(6).date(), status=8),
            Story(at_start(-25), at_start(-10).date(), status=8),
        ]
        stories += [Story(at_end(-9), at_end(days).date(), status=status)
                    for status in (2, 4, 6) for days in (-4, 4)]
        stories += [Story(submitted=moment - datetime.timedelta(hours=5), refused=moment, status=3)
                    for moment in (first, first - ONE_SECOND, last, last + ONE_SECOND, at_end(-8), at_end(-9))]
        stories += [Story(submitted=moment, status=1) for moment in (first, last, at_end(-5), at_start(-5))]
        return stories

    def supplement_stories(self):
        """Rounds before, on and after the window's last day; `due` below is the first appointed day."""
        at, last = self.window.around_end, self.window.last

        def day(days):
            return at(days).date()

        def told(rounds, end=None, due=-15, intake=-25, status=None):
            return Story(at(intake), day(due), end, status, rounds)

        return [
            # One round answered inside the window: the new appointed day decides.
            told([Round(at(-20), at(-17), day(-8))], at(-12)),
            told([Round(at(-20), at(-17), day(-8))], at(-8)),
            told([Round(at(-20), at(-17), day(-8))], at(-5)),
            told([Round(at(-20), at(-17), day(-3))]),
            told([Round(at(-20), at(-17), day(4))]),
            told([Round(at(-20), at(-17), day(0))]),
            told([Round(at(-20), at(-17), day(-1))], at(9)),
            # Answered without a new appointed day: the old one stays.
            told([Round(at(-20), at(-17))], at(-5)),
            told([Round(at(-20), at(-17))]),
            told([Round(at(-20), at(-17))], due=5),
            # Waiting for the papers on the last day: never late, however old the appointed day.
            told([Round(at(-17))]),
            told([Round(last)], due=-3),
            told([Round(at(-17), at(3), day(9))], at(6)),
            told([Round(at(-17), at(3), day(9))]),
            told([Round(at(-17), last + ONE_SECOND, day(9))]),
            told([Round(at(-17))], at(-2), status=7),
            told([Round(at(-17))], at(4), status=7),
            # Answered within the last day: no longer waiting.
            told([Round(at(-17), last)]),
            told([Round(at(-17), last, day(6))]),
            # Requested after the window: the appointed day of that time decides.
            told([Round(at(2), at(5), day(11))], due=-4),
            told([Round(at(1), at(5), day(11))], due=3),
            told([Round(at(2), at(5), day(11))], at(10), due=-4),
            told([Round(last + ONE_SECOND, at(7), day(14))], due=-1),
            told([Round(at(2))], due=-4),
            # Two rounds.
            told([Round(at(-20), at(-14), day(-6)), Round(at(1), at(5), day(15))]),
            told([Round(at(-20), at(-14), day(3)), Round(at(1), at(5), day(15))]),
            told([Round(at(-20), at(-14), day(-6)), Round(at(-8))]),
            told([Round(at(-20), at(-14), day(-6)), Round(at(-8), at(4), day(9))], at(8)),
            told([Round(at(-22), at(-20), day(-12)), Round(at(-15), at(-13), day(-7))], at(-9)),
            told([Round(at(-22), at(-20), day(-12)), Round(at(-15), at(-13), day(-7))], at(-6)),
            told([Round(at(-22), at(-20), day(-12)), Round(at(-15), at(-13), day(-7))]),
            told([Round(at(-22), at(-20), day(-12)), Round(at(-15), at(-13))], at(-10)),
            told([Round(at(1), at(4), day(8)), Round(at(6), at(9), day(18))], due=-2),
            told([Round(at(1), at(4), day(8)), Round(at(6))], due=-2),
        ]

    # A random story --------------------------------------------------------------------------

    def random_intake(self):
        """Mostly in the window, often weeks to a year before it, sometimes after."""
        generator, window = self.generator, self.window
        choice = generator.random()
        if choice < 0.65:
            return window.office_time(window.random_day())
        if choice < 0.82:
            return window.around_start(-generator.randint(1, 45))
        if choice < 0.93:
            return window.around_start(-generator.randint(46, 365))
        return window.around_end(generator.randint(1, 20))

    def random_rounds(self, intake, due):
        """One or two rounds told forward from the intake, up to the day of export."""
        generator, rounds, moment = self.generator, [], intake
        for _ in range(generator.choice((1, 1, 2))):
            moment = self.window.office_time(moment.date() + datetime.timedelta(days=generator.randint(1, 15)))
            if moment > self.window.export:
                break
            supplement = Round(moment)
            rounds.append(supplement)
            answered = self.window.office_time(moment.date() + datetime.timedelta(days=generator.randint(1, 12)))
            if answered > self.window.export or generator.random() < 0.2:
                break
            supplement.answered = moment = answered
            if generator.random() < 0.85:
                due = max(due, answered.date()) + datetime.timedelta(days=generator.randint(1, 8))
                supplement.new_due = due
        return rounds

    def random_end(self, intake, due):
        """Early, on the day, late or not ended; never before the intake, never after the export."""
        generator = self.generator
        aim = due or intake.date() + datetime.timedelta(days=generator.randint(1, 20))
        choice = generator.random()
        if choice < 0.12:
            return None
        if choice < 0.55:
            span = max((aim - intake.date()).days, 0)
            day = intake.date() + datetime.timedelta(days=generator.randint(0, span))
        elif choice < 0.75:
            day = aim
        else:
            day = aim + datetime.timedelta(days=generator.randint(1, 40))
        end = max(self.window.office_time(day), intake + datetime.timedelta(minutes=generator.randint(1, 50)))
        return end if end <= self.window.export else None

    def random_story(self):
        """An ordinary dossier, sometimes with rounds, refused or only registered."""
        generator = self.generator
        intake = self.random_intake()
        choice = generator.random()
        if choice < 0.03:
            return Story(submitted=intake, status=1)
        if choice < 0.07:
            refused = intake + datetime.timedelta(hours=generator.randint(1, 72))
            return Story(submitted=intake, refused=refused, status=3)
        due = None
        if generator.random() > 0.04:
            due = intake.date() + datetime.timedelta(days=generator.choice((0, 1, 2, 3, 5, 7, 10, 15, 20, 30)))
        rounds = self.random_rounds(intake, due) if due and generator.random() < 0.15 else []
        if rounds and rounds[-1].answered is None:
            end = None
            if generator.random() < 0.3:
                end = rounds[-1].requested + datetime.timedelta(days=generator.randint(1, 20))
            return Story(intake, due, end, 7 if end else None, rounds)
        story = Story(intake, due, None, None, rounds)
        story.end = self.random_end(rounds[-1].answered if rounds else intake, story.due)
        if generator.random() < 0.06:
            story.status = 8 if story.end is None else generator.choice((7, 8))
        return story

    # Rows ------------------------------------------------------------------------------------

    def next_code(self, day):
        """{unit}-{yymmdd}-{nnnn}, counted by unit and day."""
        self.serials[day] = self.serials.get(day, 0) + 1
        return f"{self.unit}-{day:%y%m%d}-{self.serials[day]:04d}"

    def final_status(self, story):
        """The status a dossier shows at export when its story did not fix one."""
        if story.status is not None:
            return story.status
        if story.end is not None:
            return self.generator.choice((9, 10, 10, 10))
        if story.rounds and story.rounds[-1].answered is None:
            return 5
        return self.generator.choice((2, 4, 4, 6))

    def submission(self, story, channel):
        """Online dossiers wait for their intake, the others are taken in when they arrive."""
        if story.submitted is not None:
            return story.submitted
        if channel == 2 and self.generator.random() < 0.6:
            return story.intake - datetime.timedelta(seconds=self.generator.randint(60, 3 * 86400))
        return story.intake

    def add(self, story):
        """Write one story down as rows."""
        generator = self.generator
        channel = generator.choice((1, 1, 2, 2, 2, 3))
        status = self.final_status(story)
        code = self.next_code((story.intake or story.submitted).date())
        handed_over = None
        if status == 10:
            handed_over = story.end + datetime.timedelta(minutes=generator.randint(1, 4000))
        recorded = None
        if story.intake and generator.random() < 0.8:
            recorded = story.intake + datetime.timedelta(minutes=generator.randint(1, 900))
        fee = generator.choice((0, 0, 20000, 50000, 150000))
        payment = generator.choice(("1", "2", "3", "3", "")) if fee else generator.choice(("", "", "3"))
        digitised = int(status in (9, 10) and generator.random() < 0.6)
        due = datetime.datetime.combine(story.due, datetime.time(17, 0)) if story.due else None
        self.dossiers.append([
            code, generator.choice(self.procedures), self.unit, person_name(generator), channel,
            stamp(self.submission(story, channel)), stamp(story.intake), stamp(due), stamp(story.end),
            stamp(handed_over), stamp(story.refused), status, stamp(recorded), digitised, fee, payment,
        ])
        for supplement in story.rounds:
            before, after = supplement.due_before, supplement.new_due
            self.rounds.append([
                code, stamp(supplement.requested), stamp(supplement.answered),
                *(stamp(datetime.datetime.combine(day, datetime.time(17, 0)) if day else None)
                  for day in (before, after)),
            ])
        if story.end and story.due and story.end.date() > story.due and status == 10 and generator.random() < 0.3:
            punctual = max(story.intake, datetime.datetime.combine(story.due, datetime.time(14, 0)))
            self.corrections.append([code, stamp(punctual), "Đã trả đúng hẹn, kết thúc trễ trên phần mềm",
                                     "Trưởng Bộ phận Một cửa"])

    def fill(self, count):
        """`count` dossiers: every chosen story (a sample when they do not fit), then random ones."""
        stories = self.edge_stories() + self.status_stories() + self.supplement_stories()
        if len(stories) > count:
            stories = self.generator.sample(stories, count)
        while len(stories) < count:
            stories.append(self.random_story())
        for story in stories:
            self.add(story)
        self.generator.shuffle(self.dossiers)
        self.generator.shuffle(self.rounds)


def person_name(generator):
    """A made-up name."""
    return " ".join(generator.choice(names) for names in (FAMILY_NAMES, MIDDLE_NAMES, GIVEN_NAMES))


class DistrictWriter:
    """The registers only the district keeps: catalogue, staffing, plans and publicity."""

    def __init__(self, generator, window, commune_codes, commune_gso):
        self.generator, self.window = generator, window
        self.commune_codes, self.commune_gso = commune_codes, commune_gso
        self.agencies = [f"{DISTRICT_CODE}.{number:02d}" for number in range(1, len(AGENCY_NAMES) + 1)]
        self.services = [f"{DISTRICT_CODE}.{number}" for number in range(21, 21 + generator.randint(8, 14))]
        self.association = f"{DISTRICT_CODE}.90"
        self.people = 0

    def next_person(self):
        """A staff number never used twice."""
        self.people += 1
        return f"NS{self.people:04d}"

    def unit_rows(self):
        """Units, some lacking a decree, a certificate or a decision, some decided after the window."""
        generator, window = self.generator, self.window
        rows = [[DISTRICT_CODE, "Ủy ban nhân dân huyện Thử Nghiệm", "UBND_HUYEN", "", DISTRICT_GSO] + [""] * 5]

        def decision(number):
            choice = generator.random()
            if choice < 0.2:
                return ["", ""]
            day = window.last_day - datetime.timedelta(days=generator.randint(1, 900))
            if choice < 0.35:
                day = window.last_day + datetime.timedelta(days=generator.randint(1, 30))
            return [f"{number}/QĐ-UBND", day_text(day)]

        for number, (code, name) in enumerate(zip(self.agencies, AGENCY_NAMES, strict=True), 101):
            rows.append([code, name, "CO_QUAN_CHUYEN_MON", DISTRICT_CODE, "",
                         generator.choice(("130/2005/NĐ-CP", "130/2005/NĐ-CP", "")), generator.choice(("1", "1", "0")),
                         *decision(number), "0"])
        for number, code in enumerate(self.services, 201):
            chosen = decision(number)
            if code == self.services[0]:
                chosen = [f"{number}/QĐ-UBND", day_text(window.last_day)]
            elif code == self.services[1]:
                chosen = [f"{number}/QĐ-UBND", day_text(window.last_day + ONE_DAY)]
            rows.append([code, f"Trường Tiểu học số {number - 200}", "DON_VI_SU_NGHIEP", DISTRICT_CODE, "",
                         generator.choice(("60/2021/NĐ-CP", "60/2021/NĐ-CP", "")), "0", *chosen,
                         generator.choice(("0", "0", "1"))])
        rows.append([self.association, "Hội Chữ thập đỏ huyện", "HOI", DISTRICT_CODE, "", "", "0", "", "", "0"])
        for number, (code, gso) in enumerate(zip(self.commune_codes, self.commune_gso, strict=True), 1):
            rows.append([code, f"UBND Xã Thử Nghiệm {number}", "UBND_XA", DISTRICT_CODE, gso,
                         "130/2005/NĐ-CP" if number == 1 else generator.choice(("130/2005/NĐ-CP", "")),
                         "1" if number == 1 else generator.choice(("1", "0", "")), "", "", "0"])
        return rows

    def procedure_rows(self):
        """The catalogue; procedures not yet published have no publication day."""
        generator, rows = self.generator, []
        plans = (("HUYEN", "1.004", DISTRICT_FIELDS, generator.randint(24, 40)),
                 ("XA", "2.000", COMMUNE_FIELDS, generator.randint(15, 25)))
        for level, prefix, fields, count in plans:
            for number in range(count):
                unit = generator.choice(("NGAY_LAM_VIEC", "NGAY_LAM_VIEC", "NGAY", "GIO"))
                published = self.window.first_day - datetime.timedelta(days=generator.randint(1, 400))
                rows.append([
                    f"{prefix}{600 + number}", f"Thủ tục {fields[number % len(fields)].lower()} số {number + 1}",
                    fields[number % len(fields)], level, generator.choice(("TOAN_TRINH", "MOT_PHAN", "CON_LAI")),
                    generator.choice((4, 8)) if unit == "GIO" else generator.choice((1, 3, 5, 10, 15, 30)), unit,
                    generator.choice((0, 20000, 50000)), day_text(None if number % 9 == 4 else published),
                ])
        return rows

    def legal_rows(self):
        """Issued in and out of the window; reviewed in and out of it, in every state of validity."""
        generator, window, rows = self.generator, self.window, []
        states = ("CON_HIEU_LUC", "HET_HIEU_LUC_TOAN_BO", "NGUNG_HIEU_LUC", "HET_HIEU_LUC_MOT_PHAN")
        decided = [(day, window.random_day()) for day in (None,) * 14]
        decided += [(day, None) for day in window.edge_days()]
        decided += [(None, day) for day in window.edge_days()]
        decided += [(window.random_day(), None), (None, window.first_day - datetime.timedelta(days=90)), (None, None)]
        for number, (issued, announced) in enumerate(decided, 1):
            issued = issued or window.first_day - datetime.timedelta(days=generator.randint(40, 3000))
            rows.append([
                f"{number:02d}/{issued.year}/QĐ-UBND", day_text(issued), "Ủy ban nhân dân huyện Thử Nghiệm",
                f"Quy định số {number}, ban hành kèm theo quyết định", day_text(issued + datetime.timedelta(days=10)),
                "CON_HIEU_LUC" if announced is None else states[number % 4],
                "2019-2023" if announced else "", f"{400 + number}/QĐ-UBND" if announced else "", day_text(announced),
            ])
        return rows

    def news_rows(self):
        """News inside, outside and on the edges of the window."""
        days = self.window.edge_days() + [self.window.mixed_day() for _ in range(self.generator.randint(3, 9))]
        return [[day_text(day), f"Tin \"cải cách\" số {number}, bài viết", "CCHC", f"/tin-tuc/cchc-{number}"]
                for number, day in enumerate(days, 1)]

    def quota_rows(self):
        """Quotas of the year and the year before, of the three kinds."""
        generator, rows = self.generator, []
        kinds = ((self.agencies, "CONG_CHUC"), (self.services, "SO_LUONG_NGUOI_LAM_VIEC"),
                 ([self.association], "HOI_DAC_THU"))
        for year in (self.window.year - 1, self.window.year):
            for codes, kind in kinds:
                for code in codes:
                    posts = generator.randint(2, 40)
                    allotted = posts - generator.randint(0, 2)
                    rows.append([year, code, kind, posts, allotted, max(allotted - generator.randint(0, 3), 0),
                                 f"{15 if kind == 'CONG_CHUC' else 16}/QĐ-UBND"])
        return rows

    def plan_days(self):
        """Days a planned thing was done: at the edges, before, inside, after the window, or not yet."""
        window = self.window
        days = window.edge_days() + [window.random_day(), window.random_day(), None, None, None]
        days.append(window.last_day + datetime.timedelta(days=self.generator.randint(2, 30)))
        return days

    def yearly(self, make_row):
        """Rows of a yearly plan for two years, done on every kind of day."""
        return [make_row(year, number, day)
                for year in (self.window.year - 1, self.window.year)
                for number, day in enumerate(self.plan_days(), 1)]

    def downsizing_rows(self):
        """People planned to leave, and those who left."""
        return self.yearly(lambda year, number, day: [
            year, self.next_person(), person_name(self.generator), self.generator.choice(self.services),
            self.generator.choice(("VIEN_CHUC", "CONG_CHUC", "CAN_BO")), "Dôi dư do sắp xếp tổ chức",
            f"{300 + number}/QĐ-UBND" if day else "", day_text(day)])

    def training_rows(self):
        """Courses: participations planned and, when held, those that came."""
        return self.yearly(lambda year, number, day: [
            year, f"L{year}-{number:02d}", f"Bồi dưỡng nghiệp vụ số {number}", ("XA", "HUYEN")[number % 2],
            self.generator.randint(5, 30), self.generator.randint(1, 30) if day else 0, day_text(day)])

    def rotation_rows(self):
        """People planned to change their post, and those who did."""

        def row(year, number, day):
            former, later = self.generator.sample(self.agencies, 2)
            planned = datetime.date(year, 6, number)
            return [year, self.next_person(), person_name(self.generator), former, later,
                    day_text(planned), day_text(day)]

        return self.yearly(row)

    def discipline_rows(self):
        """Disciplinary decisions on every kind of day."""
        days = self.window.edge_days() + [self.window.mixed_day() for _ in range(3)]
        return [[self.next_person(), person_name(self.generator),
                 self.generator.choice(self.agencies + self.commune_codes),
                 self.generator.choice(("KHIEN_TRACH", "CANH_CAO")), f"{700 + number}/QĐ-UBND", day_text(day)]
                for number, day in enumerate(days, 1)]

    def plan_rows(self):
        """Targets of the reform plan; the evidence comes with the day."""
        groups = ("CHI_DAO", "THE_CHE", "TTHC", "BO_MAY", "CONG_VU", "TAI_CHINH_CONG", "CHINH_QUYEN_SO")
        return self.yearly(lambda year, number, day: [
            year, f"CT{year}-{number:02d}", f"Chỉ tiêu cải cách hành chính số {number}", groups[number % 7],
            self.generator.choice(self.agencies), f"15/12/{year}", day_text(day),
            f"{number}/BC-UBND" if day else ""])

    def target_rows(self):
        """Targets superseded by newer resolutions, one of them only after the window."""
        window, rows = self.window, []
        newer = window.first_day - datetime.timedelta(days=self.generator.randint(1, 300))
        kinds = (("SO_HOA_KET_QUA", "HUYEN"), ("SO_HOA_KET_QUA", "XA"), ("THANH_TOAN_TRUC_TUYEN", "HUYEN"),
                 ("VAN_BAN_DIEN_TU", "HUYEN"))
        for indicator, level in kinds:
            versions = [(datetime.date(window.year - 3, 3, 16), "08-NQ/HU"), (newer, "12-NQ/HU"),
                        (window.last_day + ONE_DAY, "20-NQ/HU")]
            if level == "XA":
                versions.append((window.last_day, "19-NQ/HU"))
            self.generator.shuffle(versions)
            for day, document in versions:
                rows.append([f"MT{len(rows) + 1:02d}", indicator, level, self.generator.randint(10, 100), document,
                             day_text(day)])
        return rows

    def inspection_rows(self):
        """A commune twice, one without the decentralisation part, an agency, and last year's plan."""
        window, rows = self.window, []
        plan, inspected = f"{self.generator.randint(20, 40)}/KH-UBND", self.commune_codes

        def row(year, code, combined, day=None):
            rows.append([year, plan, code, "Kiểm tra cải cách hành chính", combined, day_text(day)])

        row(window.year, inspected[0], 1, window.random_day())
        row(window.year, inspected[0], 1, window.last_day + datetime.timedelta(days=20))
        row(window.year, inspected[-1], 0, window.random_day())
        row(window.year, self.agencies[0], 1)
        for code in inspected[1:-1]:
            if self.generator.random() < 0.6:
                row(window.year, code, self.generator.choice((0, 1)))
        row(window.year - 1, inspected[-1], 1, window.first_day - datetime.timedelta(days=200))
        return rows

    def write(self, folder, procedures):
        """All registers of the district that no commune keeps."""
        write_register(folder, "don-vi.csv", self.unit_rows())
        write_register(folder, "thu-tuc.csv", procedures)
        write_register(folder, "vbqppl.csv", self.legal_rows())
        write_register(folder, "tin-bai.csv", self.news_rows())
        write_register(folder, "bien-che.csv", self.quota_rows())
        write_register(folder, "tinh-gian.csv", self.downsizing_rows())
        write_register(folder, "dao-tao.csv", self.training_rows())
        write_register(folder, "chuyen-doi.csv", self.rotation_rows())
        write_register(folder, "ky-luat.csv", self.discipline_rows())
        write_register(folder, "chi-tieu.csv", self.plan_rows())
        write_register(folder, "muc-tieu.csv", self.target_rows())
        write_register(folder, "kiem-tra.csv", self.inspection_rows())


def document_rows(generator, window, unit):
    """Documents in and out around the edges; numbers rise by symbol and year; signed means electronic."""
    days = window.edge_days() * 2 + [window.mixed_day() for _ in range(generator.randint(30, 60))]
    kinds = (("DI", "QĐ-UBND", "QĐ"), ("DI", "BC-UBND", "BC"), ("DI", "TB-UBND", "TB"), ("DI", "UBND", "CV"),
             ("DEN", "UBND-VP", "CV"), ("DEN", "SNV", "CV"))
    numbers, rows = {}, []
    for day in sorted(days):
        direction, symbol, kind = generator.choice(kinds)
        number = numbers.get((symbol, day.year), 0) + 1
        numbers[symbol, day.year] = number
        is_secret = generator.random() < 0.04
        is_electronic = not is_secret and generator.random() < 0.7
        is_signed = is_electronic and generator.random() < 0.7
        rows.append([number, symbol, day_text(day), kind, f"Văn bản \"{kind}\" số {number}, về công tác của đơn vị",
                     unit, direction, int(is_electronic), int(is_signed), int(is_secret)])
    return rows


def feedback_rows(generator, window, unit):
    """Feedback of the three kinds, on both sides of the window's edges."""
    moments = [window.first, window.last, window.first - ONE_SECOND, window.last + ONE_SECOND]
    moments += [window.office_time(window.mixed_day()) for _ in range(generator.randint(3, 8))]
    kinds = ("QUY_DINH_HANH_CHINH", "HANH_VI_HANH_CHINH", "THAI_DO_PHUC_VU")
    shift, rows = generator.randrange(3), []
    for number, moment in enumerate(moments, 1):
        handled = moment + datetime.timedelta(days=generator.randint(1, 15)) if generator.random() < 0.7 else None
        rows.append([f"PA-{unit}-{number:04d}", stamp(moment), generator.choice(("CONG_DVC", "TRUC_TIEP", "BUU_CHINH")),
                     kinds[(number + shift) % 3], f"Phản ánh số {number}, của người dân", stamp(handled),
                     "Đã trả lời" if handled else ""])
    return rows


def make(folder, seed, period="2024-Q2", communes=5, dossiers_per_node=200):
    """Write the folders of one period; the same arguments give the same files.

    The period is one of the statutory names; the folder must be empty or not exist, so that nothing
    of an earlier run is mixed in.
    """
    if not 1 <= communes <= MOST_COMMUNES:
        raise ValueError(f"communes must be 1..{MOST_COMMUNES}")
    if os.path.isdir(folder) and os.listdir(folder):
        raise FileExistsError(f"{folder} is not empty")
    generator = random.Random(f"{seed}/{period}/{communes}/{dossiers_per_node}")
    window = Window(period, generator)
    codes = [f"{DISTRICT_CODE}.{FIRST_COMMUNE_UNIT + number}" for number in range(communes)]
    geography = [str(FIRST_COMMUNE_GSO + COMMUNE_GSO_STEP * number) for number in range(communes)]
    district = DistrictWriter(generator, window, codes, geography)
    procedures = district.procedure_rows()
    nodes = [(oracle.DISTRICT_FOLDER, DISTRICT_CODE, "HUYEN")]
    nodes += [(oracle.COMMUNE_PREFIX + gso, code, "XA") for gso, code in zip(geography, codes, strict=True)]
    for number, (name, code, level) in enumerate(nodes):
        path = os.path.join(folder, name)
        os.makedirs(path)
        writer = DossierWriter(generator, window, code, [row[0] for row in procedures if row[3] == level])
        writer.fill(dossiers_per_node)
        write_register(path, "ho-so.csv", writer.dossiers)
        write_register(path, "bo-sung.csv", writer.rounds)
        write_register(path, "van-ban.csv", document_rows(generator, window, code))
        if number % 2 == 0:
            write_register(path, "phan-anh.csv", feedback_rows(generator, window, code))
        if level == "HUYEN":
            write_register(path, "dinh-chinh.csv", writer.corrections)
            district.write(path, procedures)


def main(arguments=None):
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--period", default="2024-Q2")
    parser.add_argument("--communes", type=int, default=5)
    parser.add_argument("--dossiers", type=int, default=200, help="dossiers of each node")
    options = parser.parse_args(arguments)
    make(options.folder, options.seed, options.period, options.communes, options.dossiers)
    return 0


if __name__ == "__main__":
    sys.exit(main())
