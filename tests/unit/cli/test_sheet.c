/* SPDX-License-Identifier: MIT */
/*
 * Sheets
 *
 * Files as offices send them are read through the shipped catalogue. What was read is kept as one
 * text: a line "2: code=a unit=b" for each record, without fields that have their default, a line
 * "3! column REASON value (detail)" for each fault, and "unknown x" or "absent x" for each note.
 */
#include "services/cli/import/sheet.h"
#include "services/cli/import/sheet_rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/base/text.h"
#include "services/cli/import/csv.h"

#define SHIPPED CCHC_SHARE_FOLDER "/import/sheets.yaml"

struct office {
	char folder[64];
	char path[160];
	struct sheet_catalogue *catalogue;
	struct arena arena;
	struct text seen;
	bool silent; /* keep no text, only count */
	bool hoard;  /* never reset the arena */
	unsigned records;
	unsigned faults;
	size_t bytes;
	int stop_record, stop_fault, stop_note; /* what the handler returns */
	int answer;
	struct sheet_end end;
};

static int office_open(void **state) {
	struct office *office = calloc(1, sizeof(*office));
	struct sheet_catalogue_fault fault;

	if (!office)
		return -1;
	snprintf(office->folder, sizeof(office->folder), "/tmp/test_sheet.XXXXXX");
	arena_init(&office->arena, 1 << 20);
	office->seen = TEXT_NULL;
	*state = office;
	return mkdtemp(office->folder) ? sheet_catalogue_load(SHIPPED, &office->catalogue, &fault) : -1;
}

static int office_close(void **state) {
	struct office *office = *state;

	unlink(office->path);
	rmdir(office->folder);
	sheet_catalogue_free(office->catalogue);
	arena_deinit(&office->arena);
	text_deinit(&office->seen);
	free(office);
	return 0;
}

static void describe_field(
    struct text *text, const ProtobufCMessage *record, const ProtobufCFieldDescriptor *field) {
	const void *place = (const char *)record + field->offset;
	const char *string;
	uint64_t number = 0;

	switch (field->type) {
	case PROTOBUF_C_TYPE_STRING:
		string = *(char *const *)place;
		if (*string)
			text_format(text, " %s=%s", field->name, string);
		return;
	case PROTOBUF_C_TYPE_ENUM:
		if (*(const int *)place)
			text_format(text, " %s=%s", field->name,
			    protobuf_c_enum_descriptor_get_value(field->descriptor, *(const int *)place)->name);
		return;
	case PROTOBUF_C_TYPE_UINT32: number = *(const uint32_t *)place; break;
	case PROTOBUF_C_TYPE_UINT64: number = *(const uint64_t *)place; break;
	case PROTOBUF_C_TYPE_BOOL: number = (uint64_t) * (const protobuf_c_boolean *)place; break;
	default: fail_msg("a field of type %d", (int)field->type);
	}
	if (number)
		text_format(text, " %s=%" PRIu64, field->name, number);
}

static int note_record(void *context, unsigned line, ProtobufCMessage *record, size_t bytes) {
	struct office *office = context;

	assert_true(protobuf_c_message_check(record));
	office->records++;
	office->bytes += bytes;
	if (!office->silent) {
		assert_int_equal(bytes, protobuf_c_message_get_packed_size(record));
		text_format(&office->seen, "%u:", line);
		for (unsigned i = 0; i < record->descriptor->n_fields; i++)
			describe_field(&office->seen, record, &record->descriptor->fields[i]);
		text_add_char(&office->seen, '\n');
	}
	if (!office->hoard && office->records % 100 == 0)
		arena_reset(&office->arena);
	return office->stop_record;
}

static int note_fault(void *context, const struct sheet_fault *fault) {
	struct office *office = context;

	office->faults++;
	if (!office->silent)
		text_format(&office->seen, "%u! %s %s %.40s (%s)\n", fault->line, fault->column,
		    protobuf_c_enum_descriptor_get_value(&fault__reason__descriptor, (int)fault->reason)
		        ->name,
		    fault->value, fault->detail);
	return office->stop_fault;
}

static int note_column(void *context, enum sheet_note note, const char *column) {
	struct office *office = context;

	text_format(
	    &office->seen, "%s %s\n", note == SHEET_UNKNOWN_COLUMN ? "unknown" : "absent", column);
	return office->stop_note;
}

/* Optional columns are left out in most tests, so their notes are asked for only where it matters.
 */
enum notes { WITHOUT_NOTES, WITH_NOTES };

static struct sheet_handler office_begin(struct office *office, enum notes notes) {
	text_clear(&office->seen);
	office->records = office->faults = 0;
	office->bytes = 0;
	arena_reset(&office->arena);
	memset(&office->end, 0, sizeof(office->end));
	return (struct sheet_handler) {
		.context = office,
		.record = note_record,
		.fault = note_fault,
		.note = notes == WITH_NOTES ? note_column : NULL,
	};
}

static void office_read(
    struct office *office, const char *stem, const char *rows, size_t size, enum notes notes) {
	struct sheet_handler handler = office_begin(office, notes);
	const struct sheet *sheet;
	FILE *file;

	unlink(office->path);
	snprintf(office->path, sizeof(office->path), "%s/%s.csv", office->folder, stem);
	file = fopen(office->path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(rows, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
	sheet = sheet_catalogue_find(office->catalogue, office->path);
	assert_non_null(sheet);
	office->answer = sheet_read(sheet, office->path, &office->arena, &handler, &office->end);
}

static void expect_answer(
    struct office *office, const char *stem, const char *rows, int answer, unsigned line) {
	office_read(office, stem, rows, strlen(rows), WITHOUT_NOTES);
	assert_int_equal(office->answer, answer);
	assert_int_equal(office->end.line, line);
}

static void expect_seen(
    struct office *office, const char *stem, const char *rows, const char *seen) {
	expect_answer(office, stem, rows, SHEET_OK, 0);
	assert_string_equal(text_get(&office->seen), seen);
	assert_int_equal(office->end.rows - office->end.refused, office->records);
}

/* A reading of one column of a record that needs nothing else. */
static void expect_cell(struct office *office, const char *stem, const char *columns,
    const char *cell, const char *seen) {
	char rows[256], wanted[256];

	snprintf(rows, sizeof(rows), "%s,%s\n", columns, cell);
	snprintf(wanted, sizeof(wanted), "%s\n", seen);
	expect_seen(office, stem, rows, wanted);
}

/* The published columns of every sheet, in the order of import. */
static const struct {
	const char *file;
	const char *method;
	const char *columns;
	const char *row;
	const char *record;
} sheets[] = {
	{ "don-vi", "Staffing/RecordUnits",
	    "MaDonVi,TenDonVi,LoaiDonVi,MaDonViCha,MaGSO,CoCheTuChu,ISO9001,QuyDinhChucNang,"
	    "NgayQuyDinh,"
	    "TuBanHanh",
	    "H51.15.01,Văn phòng,CO_QUAN_CHUYEN_MON,H51.15,,130/2005/NĐ-CP,1,101/QĐ-UBND,02/06/2023,0",
	    "2: code=H51.15.01 name=Văn phòng kind=DEPARTMENT parent=H51.15 "
	    "autonomy_decree=130/2005/NĐ-CP iso_9001=1 functions_decision=101/QĐ-UBND "
	    "functions_day=20230602\n" },
	{ "thu-tuc", "Dossiers/RecordProcedures",
	    "MaTTHC,TenTTHC,LinhVuc,CapThucHien,MucDoDVC,ThoiHanGiaiQuyet,DonViTinhThoiHan,LePhi,"
	    "NgayCongKhai",
	    "1.004000,Thủ tục số 1,Đất đai,HUYEN,TOAN_TRINH,15,NGAY_LAM_VIEC,20000,01/11/2023",
	    "2: code=1.004000 name=Thủ tục số 1 field=Đất đai level=LEVEL_DISTRICT online_service=FULL "
	    "duration=15 duration_unit=WORKING_DAYS fee=20000 published_day=20231101\n" },
	{ "ho-so", "Dossiers/RecordDossiers",
	    "MaHoSo,MaTTHC,MaDonVi,ChuHoSo,KenhThucHien,NgayNopHoSo,NgayTiepNhan,NgayHenTra,"
	    "NgayKetThucXuLy,NgayTra,NgayTuChoi,TrangThaiHoSo,NgayCapNhatHeThongTinh,DuocSoHoa,LePhi,"
	    "DuocThanhToanTrucTuyen",
	    "H51.15-231227-0001,1.004139,H51.15,Thạch Mỹ Vinh,2,20231227145524,20231227145525,"
	    "20240111170000,20240115082258,20240111140000,,10,20231227150024,1,50000,3",
	    "2: code=H51.15-231227-0001 procedure=1.004139 unit=H51.15 applicant=Thạch Mỹ Vinh "
	    "channel=ONLINE submitted=20231227145524 accepted=20231227145525 due=20240111170000 "
	    "ended=20240115082258 handed_over=20240111140000 status=HANDED_OVER "
	    "recorded_provincial=20231227150024 result_digitised=1 fee=50000 payment=OFFLINE\n" },
	{ "bo-sung", "Dossiers/RecordSupplementRounds",
	    "MaHoSo,NgayYeuCauBoSung,NgayTiepNhanBoSung,NgayHenTraTruoc,NgayHenTraMoi",
	    "H51.15-1,20240102080000,,20240105170000,",
	    "2: dossier=H51.15-1 requested=20240102080000 due_before=20240105170000\n" },
	{ "dinh-chinh", "Dossiers/RecordCorrections", "MaHoSo,NgayTraThucTe,LyDo,NguoiDuyet",
	    "H51.15-1,20240111140000,\"Trả đúng hẹn, kết thúc trễ\",Trưởng Bộ phận",
	    "2: dossier=H51.15-1 handed_over=20240111140000 reason=Trả đúng hẹn, kết thúc trễ "
	    "approver=Trưởng Bộ phận\n" },
	{ "phan-anh", "Dossiers/RecordFeedback",
	    "MaPhanAnh,NgayTiepNhan,NguonGui,Loai,NoiDung,NgayXuLy,KetQua",
	    "PA-1,20240111140000,CONG_DVC,THAI_DO_PHUC_VU,Chờ lâu,,",
	    "2: code=PA-1 received=20240111140000 source=CONG_DVC kind=ATTITUDE content=Chờ lâu\n" },
	{ "van-ban", "Documents/RecordDocuments",
	    "SoVanBan,KyHieu,NgayBanHanh,LoaiVanBan,TrichYeu,MaDonVi,Chieu,DienTu,KySo,Mat",
	    "4,KH-UBND,12/01/2024,KH,Kế hoạch,H51.15,DI,1,1,0",
	    "2: number=4 symbol=KH-UBND issued_day=20240112 type=KH subject=Kế hoạch unit=H51.15 "
	    "direction=OUTGOING electronic=1 digitally_signed=1\n" },
	{ "vbqppl", "Documents/RecordLegalDocuments",
	    "SoKyHieu,NgayBanHanh,CoQuanBanHanh,TrichYeu,NgayHieuLuc,TinhTrang,KyHeThongHoa,"
	    "QuyetDinhCongBo,NgayCongBo",
	    "01/2010/QĐ-UBND,05/01/2010,UBND huyện,Quy định,15/01/2010,NGUNG_HIEU_LUC,2019-2023,"
	    "423/QĐ-UBND,28/02/2024",
	    "2: code=01/2010/QĐ-UBND issued_day=20100105 issuer=UBND huyện subject=Quy định "
	    "effective_day=20100115 validity=SUSPENDED review_period=2019-2023 "
	    "announcing_decision=423/QĐ-UBND announced_day=20240228\n" },
	{ "tin-bai", "Documents/RecordNews", "NgayDang,TieuDe,ChuyenMuc,DuongDan",
	    "06/02/2024,Tin số 1,CCHC,/tin-tuc/cchc-1",
	    "2: published_day=20240206 title=Tin số 1 category=CCHC link=/tin-tuc/cchc-1\n" },
	{ "bien-che", "Staffing/RecordQuotas",
	    "Nam,MaDonVi,LoaiBienChe,SoDuocGiao,SoPhanBo,SoCoMat,QuyetDinh",
	    "2024,H51.15.01,SO_LUONG_NGUOI_LAM_VIEC,1.334,10,9,15/QĐ-UBND",
	    "2: year=2024 unit=H51.15.01 kind=PUBLIC_EMPLOYEES assigned=1334 allotted=10 present=9 "
	    "decision=15/QĐ-UBND\n" },
	{ "tinh-gian", "Staffing/RecordDownsizings",
	    "Nam,MaNhanSu,HoTen,MaDonVi,DoiTuong,LyDo,QuyetDinh,NgayThucHien",
	    "2024,NS0001,Lý Hữu Phúc,H51.15.46,VIEN_CHUC,Dôi dư,,",
	    "2: year=2024 person=NS0001 name=Lý Hữu Phúc unit=H51.15.46 category=VIEN_CHUC "
	    "reason=Dôi dư\n" },
	{ "dao-tao", "Staffing/RecordTrainings",
	    "Nam,MaLop,TenLop,Cap,SoLuotKeHoach,SoLuotThucHien,NgayThucHien",
	    "2024,L01,Bồi dưỡng,xa,10,0,2024-03-01",
	    "2: year=2024 code=L01 name=Bồi dưỡng level=XA planned=10 done_day=20240301\n" },
	{ "chuyen-doi", "Staffing/RecordRotations",
	    "Nam,MaNhanSu,HoTen,MaDonViCu,MaDonViMoi,NgayDuKien,NgayThucHien",
	    "2024,NS0500,Phạm Hữu Khánh,H51.15.04,H51.15.08,01/06/2024,",
	    "2: year=2024 person=NS0500 name=Phạm Hữu Khánh from_unit=H51.15.04 to_unit=H51.15.08 "
	    "planned_day=20240601\n" },
	{ "ky-luat", "Staffing/RecordDisciplines",
	    "MaNhanSu,HoTen,MaDonVi,HinhThuc,QuyetDinh,NgayQuyetDinh",
	    "NS1,Lê An,H51.15.01,KHIEN_TRACH,701/QĐ-UBND,1/2/2024",
	    "2: person=NS1 name=Lê An unit=H51.15.01 form=KHIEN_TRACH decision=701/QĐ-UBND "
	    "decided_day=20240201\n" },
	{ "chi-tieu", "Reporting/RecordPlanTargets",
	    "Nam,MaChiTieu,TenChiTieu,Nhom,MaDonViChuTri,HanHoanThanh,NgayHoanThanh,MinhChung",
	    "2024,CT01,Chỉ tiêu số 1,CHI_DAO,H51.15.09,15/12/2024,03/01/2024,4/BC-UBND",
	    "2: year=2024 code=CT01 name=Chỉ tiêu số 1 group=CHI_DAO lead_unit=H51.15.09 "
	    "due_day=20241215 done_day=20240103 evidence=4/BC-UBND\n" },
	{ "muc-tieu", "Reporting/RecordResolutionTargets",
	    "MaMucTieu,ChiSo,Cap,MucTieuPhanTram,VanBan,NgayVanBan",
	    "MT01,SO_HOA_KET_QUA,HUYEN,80,08-NQ/HU,16/12/2021",
	    "2: code=MT01 indicator=SO_HOA_KET_QUA level=HUYEN percent_hundredths=8000 "
	    "document=08-NQ/HU document_day=20211216\n" },
	{ "kiem-tra", "Reporting/RecordInspections",
	    "Nam,KeHoach,MaDonVi,NoiDung,LongGhepPhanCap,NgayKiemTra",
	    "2024,31/KH-UBND,H51.15.61,Kiểm tra,1,",
	    "2: year=2024 plan=31/KH-UBND unit=H51.15.61 content=Kiểm tra decentralisation=1\n" },
};

static void the_shipped_sheets_stand_in_the_order_of_import(void **state) {
	const struct sheet_catalogue *catalogue = ((struct office *)*state)->catalogue;

	assert_int_equal(catalogue->sheets_count, LENGTH_OF(sheets));
	for (size_t i = 0; i < LENGTH_OF(sheets); i++) {
		assert_string_equal(catalogue->sheets[i].file, sheets[i].file);
		assert_string_equal(catalogue->sheets[i].method, sheets[i].method);
		assert_int_equal(catalogue->sheets[i].catalogue, i < 2);
	}
}

/* By the contract alone, not by what loading has checked. */
static void expect_in_contract(const struct sheet *sheet) {
	const struct contract_method *method = contract_find(sheet->method);
	const ProtobufCMessageDescriptor *message = contract_message(sheet->record);
	const ProtobufCFieldDescriptor *records;

	assert_non_null(method);
	assert_non_null(message);
	assert_true(method->access == ACCESS__WRITES && method->keyed);
	assert_string_equal(method->reply->short_name, "RecordReply");
	records = protobuf_c_message_descriptor_get_field_by_name(method->request, "records");
	assert_ptr_equal(records->descriptor, message);
	assert_int_equal(records->label, PROTOBUF_C_LABEL_REPEATED);
	assert_non_null(protobuf_c_message_descriptor_get_field_by_name(method->request, "dry_run"));
	for (unsigned i = 0; i < message->n_fields; i++)
		assert_non_null(sheet_column_of_field(sheet, message->fields[i].name));
	assert_int_equal(sheet->columns_count, message->n_fields);
}

/* Days, stamps and shares are all plain numbers to the contract; their names tell them apart. */
static void expect_type(const struct sheet_column *column) {
	static const ProtobufCType types[][2] = {
		[SHEET_TEXT] = { PROTOBUF_C_TYPE_STRING, PROTOBUF_C_TYPE_STRING },
		[SHEET_DAY] = { PROTOBUF_C_TYPE_UINT32, PROTOBUF_C_TYPE_UINT32 },
		[SHEET_STAMP] = { PROTOBUF_C_TYPE_UINT64, PROTOBUF_C_TYPE_UINT64 },
		[SHEET_NUMBER] = { PROTOBUF_C_TYPE_UINT32, PROTOBUF_C_TYPE_UINT64 },
		[SHEET_FLAG] = { PROTOBUF_C_TYPE_BOOL, PROTOBUF_C_TYPE_BOOL },
		[SHEET_CHOICE] = { PROTOBUF_C_TYPE_ENUM, PROTOBUF_C_TYPE_STRING },
		[SHEET_PERCENT] = { PROTOBUF_C_TYPE_UINT32, PROTOBUF_C_TYPE_UINT32 },
	};
	const ProtobufCFieldDescriptor *field = column->descriptor;

	assert_string_equal(field->name, column->field);
	assert_true(field->type == types[column->type][0] || field->type == types[column->type][1]);
	assert_int_equal(strstr(field->name, "_day") != NULL, column->type == SHEET_DAY);
	assert_int_equal(strstr(field->name, "_hundredths") != NULL, column->type == SHEET_PERCENT);
	if (field->type == PROTOBUF_C_TYPE_UINT64)
		assert_int_equal(column->type == SHEET_NUMBER, strcmp(field->name, "fee") == 0);
	if (field->type == PROTOBUF_C_TYPE_ENUM) {
		const ProtobufCEnumDescriptor *values = field->descriptor;

		/* All but the unspecified one can be said. */
		assert_int_equal(column->choices_count, values->n_values - 1);
	}
}

static void the_shipped_sheets_fill_every_field_of_the_contract(void **state) {
	const struct sheet_catalogue *catalogue = ((struct office *)*state)->catalogue;

	for (size_t i = 0; i < catalogue->sheets_count; i++) {
		expect_in_contract(&catalogue->sheets[i]);
		for (size_t c = 0; c < catalogue->sheets[i].columns_count; c++)
			expect_type(&catalogue->sheets[i].columns[c]);
	}
}

static void every_published_column_is_read(void **state) {
	struct office *office = *state;
	char rows[1024];

	for (size_t i = 0; i < LENGTH_OF(sheets); i++) {
		snprintf(rows, sizeof(rows), "%s\n%s\n", sheets[i].columns, sheets[i].row);
		office_read(office, sheets[i].file, rows, strlen(rows), WITH_NOTES);
		assert_int_equal(office->answer, SHEET_OK);
		assert_string_equal(text_get(&office->seen), sheets[i].record);
		assert_string_equal(office->end.columns, "");
		assert_int_equal(office->end.rows, 1);
	}
}

static void a_file_is_known_by_its_name(void **state) {
	static const char *const dossiers[] = { "ho-so", "ho-so.csv", "/a.b/ho-so", "x/HO-SO.CSV",
		"ho-so.xlsx", "ho-so (1).csv", "ho-so(1).csv", "ho-so_2024.csv", "ho-so-2024.csv",
		"ho-so - Copy.csv", "ho-so.2024.csv" };
	static const char *const unknown[] = { "", "/", "ho-s.csv", "ho-sox.csv", "ho-so-cu.csv",
		"ho-so.csv.bak", ".ho-so.csv", "van-ban/x.csv", "Copy of ho-so.csv", "ho-so-.csv", ".csv" };
	const struct sheet_catalogue *catalogue = ((struct office *)*state)->catalogue;

	for (size_t i = 0; i < LENGTH_OF(dossiers); i++)
		assert_string_equal(sheet_catalogue_find(catalogue, dossiers[i])->file, "ho-so");
	for (size_t i = 0; i < LENGTH_OF(unknown); i++)
		assert_null(sheet_catalogue_find(catalogue, unknown[i]));
	assert_string_equal(sheet_catalogue_find(catalogue, "van-ban.csv")->file, "van-ban");
}

static void a_field_leads_back_to_its_column(void **state) {
	const struct sheet *sheet = sheet_catalogue_find(((struct office *)*state)->catalogue, "ho-so");

	assert_string_equal(sheet_column_of_field(sheet, "ended")->name, "NgayKetThucXuLy");
	assert_null(sheet_column_of_field(sheet, "ende"));
	assert_int_equal(sheet->references[0].number, FAULT__REASON__UNKNOWN_PROCEDURE);
	assert_string_equal(sheet->references[0].target->file, "thu-tuc");
}

#define ONE_NUMBER "MaTTHC,TenTTHC,LinhVuc,CapThucHien,ThoiHanGiaiQuyet\na,b,c,XA"
#define NUMBERED   "2: code=a name=b field=c level=LEVEL_COMMUNE"

static void a_number_is_taken_exactly_or_not_at_all(void **state) {
	static const struct {
		const char *cell, *seen;
	} cells[] = {
		{ "7", NUMBERED " duration=7" },
		{ "", NUMBERED },
		{ "0", NUMBERED },
		{ "007", NUMBERED " duration=7" },
		{ " 12 ", NUMBERED " duration=12" },
		{ "1.334", NUMBERED " duration=1334" },
		{ "12.000.000", NUMBERED " duration=12000000" },
		{ "4294967295", NUMBERED " duration=4294967295" },
		{ "4294967296", "2! ThoiHanGiaiQuyet OUT_OF_RANGE 4294967296 (0 – 4294967295)" },
		{ "4.294.967.296", "2! ThoiHanGiaiQuyet OUT_OF_RANGE 4.294.967.296 (0 – 4294967295)" },
		{ "99999999999999999999999",
		    "2! ThoiHanGiaiQuyet OUT_OF_RANGE 99999999999999999999999 (0 – 4294967295)" },
		{ "-1", "2! ThoiHanGiaiQuyet OUT_OF_RANGE -1 (0 – 4294967295)" },
		{ "1.5", "2! ThoiHanGiaiQuyet MALFORMED 1.5 ()" },
		{ "0.334", "2! ThoiHanGiaiQuyet MALFORMED 0.334 ()" },
		{ "1.3345", "2! ThoiHanGiaiQuyet MALFORMED 1.3345 ()" },
		{ "1334.000", "2! ThoiHanGiaiQuyet MALFORMED 1334.000 ()" },
		{ "1.334.00", "2! ThoiHanGiaiQuyet MALFORMED 1.334.00 ()" },
		{ "1..334", "2! ThoiHanGiaiQuyet MALFORMED 1..334 ()" },
		{ ".334", "2! ThoiHanGiaiQuyet MALFORMED .334 ()" },
		{ "334.", "2! ThoiHanGiaiQuyet MALFORMED 334. ()" },
		{ "\"1,5\"", "2! ThoiHanGiaiQuyet MALFORMED 1,5 ()" },
		{ "1 334", "2! ThoiHanGiaiQuyet MALFORMED 1 334 ()" },
		{ "1e3", "2! ThoiHanGiaiQuyet MALFORMED 1e3 ()" },
		{ "+1", "2! ThoiHanGiaiQuyet MALFORMED +1 ()" },
		{ "-", "2! ThoiHanGiaiQuyet MALFORMED - ()" },
		{ "15 ngày", "2! ThoiHanGiaiQuyet MALFORMED 15 ngày ()" },
	};

	for (size_t i = 0; i < LENGTH_OF(cells); i++)
		expect_cell(*state, "thu-tuc", ONE_NUMBER, cells[i].cell, cells[i].seen);
	expect_seen(*state, "thu-tuc",
	    "MaTTHC,TenTTHC,LinhVuc,CapThucHien,LePhi\n"
	    "a,b,c,XA,18446744073709551615\nb,b,c,XA,18446744073709551616\n",
	    NUMBERED " fee=18446744073709551615\n"
	             "3! LePhi OUT_OF_RANGE 18446744073709551616 (0 – 18446744073709551615)\n");
}

#define ONE_PERCENT "MaMucTieu,ChiSo,Cap,NgayVanBan,MucTieuPhanTram\na,b,XA,2024-01-02"
#define TARGETED    "2: code=a indicator=b level=XA"
#define TARGET_DAY  " document_day=20240102"

static void a_percentage_is_kept_in_hundredths(void **state) {
	static const struct {
		const char *cell, *seen;
	} cells[] = {
		{ "80", TARGETED " percent_hundredths=8000" TARGET_DAY },
		{ "80%", TARGETED " percent_hundredths=8000" TARGET_DAY },
		{ "80 %", TARGETED " percent_hundredths=8000" TARGET_DAY },
		{ "\"62,5\"", TARGETED " percent_hundredths=6250" TARGET_DAY },
		{ "62.5", TARGETED " percent_hundredths=6250" TARGET_DAY },
		{ "62.05%", TARGETED " percent_hundredths=6205" TARGET_DAY },
		{ "0", TARGETED TARGET_DAY },
		{ "100", TARGETED " percent_hundredths=10000" TARGET_DAY },
		{ "100.01", "2! MucTieuPhanTram OUT_OF_RANGE 100.01 (0 – 100)" },
		{ "18446744073709551616",
		    "2! MucTieuPhanTram OUT_OF_RANGE 18446744073709551616 (0 – 100)" },
		{ "-1", "2! MucTieuPhanTram OUT_OF_RANGE -1 (0 – 100)" },
		{ "62.505", "2! MucTieuPhanTram MALFORMED 62.505 ()" },
		{ "62.", "2! MucTieuPhanTram MALFORMED 62. ()" },
		{ ".5", "2! MucTieuPhanTram MALFORMED .5 ()" },
		{ "%", "2! MucTieuPhanTram MALFORMED % ()" },
		{ "8%0", "2! MucTieuPhanTram MALFORMED 8%0 ()" },
		{ "1.2.3", "2! MucTieuPhanTram MALFORMED 1.2.3 ()" },
		{ "", "2! MucTieuPhanTram MISSING  ()" },
	};

	for (size_t i = 0; i < LENGTH_OF(cells); i++)
		expect_cell(*state, "muc-tieu", ONE_PERCENT, cells[i].cell, cells[i].seen);
}

#define ONE_FLAG "MaDonVi,TenDonVi,LoaiDonVi,ISO9001\na,b,HOI"
#define FLAGGED  "2: code=a name=b kind=ASSOCIATION"

static void a_flag_is_said_in_the_words_offices_use(void **state) {
	static const char *const yes[] = { "1", "x", "X", "Có", "CÓ", "có", "co\xcc\x81" };
	static const char *const no[] = { "0", "", "Không", "KHÔNG" };

	for (size_t i = 0; i < LENGTH_OF(yes); i++)
		expect_cell(*state, "don-vi", ONE_FLAG, yes[i], FLAGGED " iso_9001=1");
	for (size_t i = 0; i < LENGTH_OF(no); i++)
		expect_cell(*state, "don-vi", ONE_FLAG, no[i], FLAGGED);
	expect_cell(*state, "don-vi", ONE_FLAG, "2", "2! ISO9001 OUT_OF_RANGE 2 (0, 1)");
	expect_cell(*state, "don-vi", ONE_FLAG, "rồi", "2! ISO9001 OUT_OF_RANGE rồi (0, 1)");
}

#define ONE_DIRECTION "SoVanBan,NgayBanHanh,MaDonVi,Chieu\n1,2024-01-02,a"
#define DIRECTED      "2: number=1 issued_day=20240102 unit=a"

static void a_choice_is_one_of_its_column_letter_case_apart(void **state) {
	expect_cell(*state, "van-ban", ONE_DIRECTION, "DI", DIRECTED " direction=OUTGOING");
	expect_cell(*state, "van-ban", ONE_DIRECTION, " den ", DIRECTED " direction=INCOMING");
	expect_cell(*state, "van-ban", ONE_DIRECTION, "ĐI", "2! Chieu OUT_OF_RANGE ĐI (DI, DEN)");
	expect_cell(*state, "van-ban", ONE_DIRECTION, "", "2! Chieu MISSING  ()");
	expect_seen(*state, "ho-so", "MaHoSo,MaTTHC,MaDonVi,TrangThaiHoSo,KenhThucHien\na,b,c,11,4\n",
	    "2! TrangThaiHoSo OUT_OF_RANGE 11 (1, 2, 3, 4, 5, 6, 7, 8, 9, 10)\n"
	    "2! KenhThucHien OUT_OF_RANGE 4 (1, 2, 3)\n");
}

static void days_and_stamps_are_real_ones(void **state) {
	expect_seen(*state, "tin-bai",
	    "NgayDang,TieuDe\n29/02/2024,a\n29/02/2023,a\n2024-02-29,b\n20240229,a\n01/2024,a\n",
	    "2: published_day=20240229 title=a\n"
	    "3! NgayDang MALFORMED 29/02/2023 ()\n"
	    "4: published_day=20240229 title=b\n"
	    "5! NgayDang MALFORMED 20240229 ()\n"
	    "6! NgayDang MALFORMED 01/2024 ()\n");
	expect_seen(*state, "bo-sung",
	    "MaHoSo,NgayYeuCauBoSung\na,20240229235959\na,29/02/2024 08:30\na,2.02402E+13\n"
	    "a,20240229240000\n",
	    "2: dossier=a requested=20240229235959\n"
	    "3: dossier=a requested=20240229083000\n"
	    "4! NgayYeuCauBoSung MALFORMED 2.02402E+13 ()\n"
	    "5! NgayYeuCauBoSung MALFORMED 20240229240000 ()\n");
}

static void a_text_has_a_limit(void **state) {
	struct office *office = *state;
	AUTO(text_deinit) struct text rows = TEXT_NULL;

	text_add(&rows, "NgayDang,TieuDe\n");
	for (unsigned row = 0; row < 2; row++) {
		text_add(&rows, "2024-01-02,");
		for (unsigned i = 0; i < SHEET_TEXT_MAX + row; i++)
			text_add_char(&rows, 'a');
		text_add(&rows, "\n");
	}
	expect_answer(office, "tin-bai", text_get(&rows), SHEET_OK, 0);
	assert_int_equal(office->records, 1);
	assert_non_null(strstr(text_get(&office->seen),
	    "3! TieuDe TOO_LONG aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa (4000)\n"));
}

static void each_bad_cell_of_a_row_is_named_and_good_rows_go_on(void **state) {
	struct office *office = *state;

	expect_seen(office, "tinh-gian",
	    "Nam,MaNhanSu,MaDonVi,NgayThucHien\nx,,u,31/02/2024\n\n2024,p,u,\n2024,\"q\n\",,\n",
	    "2! Nam MALFORMED x ()\n2! MaNhanSu MISSING  ()\n2! NgayThucHien MALFORMED 31/02/2024 ()\n"
	    "4: year=2024 person=p unit=u\n"
	    "5! MaDonVi MISSING  ()\n");
	assert_int_equal(office->end.rows, 3);
	assert_int_equal(office->end.refused, 2);
}

static void a_row_may_lack_cells_but_not_have_more(void **state) {
	expect_seen(*state, "dinh-chinh",
	    "MaHoSo,NgayTraThucTe,LyDo,NguoiDuyet,,\na,2024-01-02,b,c\nb,2024-01-02,b\n"
	    "c,2024-01-02,b,c,,\nd,2024-01-02,b,c,,e,f\n",
	    "2: dossier=a handed_over=20240102000000 reason=b approver=c\n"
	    "3! NguoiDuyet MISSING  ()\n"
	    "4: dossier=c handed_over=20240102000000 reason=b approver=c\n"
	    "5!  MALFORMED e ()\n");
}

static void a_second_row_for_the_same_thing_is_refused(void **state) {
	expect_seen(*state, "bo-sung",
	    "MaHoSo,NgayYeuCauBoSung,NgayHenTraMoi\na,20240102000000,\na,20240103000000,\n"
	    "a,02/01/2024,\nA,20240102000000,\na,2024-01-03,x\nb,20240102000000,x\nb,20240102000000,\n",
	    "2: dossier=a requested=20240102000000\n"
	    "3: dossier=a requested=20240103000000\n"
	    "4! MaHoSo DUPLICATE a (2)\n"
	    "5: dossier=A requested=20240102000000\n"
	    "6! NgayHenTraMoi MALFORMED x ()\n6! MaHoSo DUPLICATE a (3)\n"
	    "7! NgayHenTraMoi MALFORMED x ()\n"
	    "8! MaHoSo DUPLICATE b (7)\n");
	/* Cells of a key do not run into each other, and a bad one makes no key. */
	expect_seen(*state, "van-ban",
	    "SoVanBan,KyHieu,NgayBanHanh,MaDonVi,Chieu\n1,2,2024-01-02,a,DI\n12,,2024-01-02,a,DI\n"
	    "1,2,2024-01-02,a,DEN\n3,,x,a,DI\n3,,x,a,DI\n",
	    "2: number=1 symbol=2 issued_day=20240102 unit=a direction=OUTGOING\n"
	    "3: number=12 issued_day=20240102 unit=a direction=OUTGOING\n"
	    "4: number=1 symbol=2 issued_day=20240102 unit=a direction=INCOMING\n"
	    "5! NgayBanHanh MALFORMED x ()\n"
	    "6! NgayBanHanh MALFORMED x ()\n");
}

static void columns_stand_in_any_order_and_letter_case(void **state) {
	struct office *office = *state;
	static const char rows[] = "\xef\xbb\xbfGhiChu;tieude;;NGAYDANG \nx;a;y;02/01/2024\n";

	office_read(office, "tin-bai", rows, strlen(rows), WITH_NOTES);
	assert_int_equal(office->answer, SHEET_OK);
	assert_string_equal(text_get(&office->seen),
	    "unknown GhiChu\nunknown \nabsent ChuyenMuc\nabsent DuongDan\n"
	    "2: published_day=20240102 title=a\n");
}

static void a_header_without_a_required_column_ends_the_reading(void **state) {
	struct office *office = *state;

	expect_answer(office, "dinh-chinh", "\nMaHoSo,Ma,,LyDo\na,b,c,d\n", SHEET_MISSING_COLUMN, 2);
	assert_string_equal(office->end.columns, "NgayTraThucTe, NguoiDuyet");
	assert_string_equal(office->end.header, "MaHoSo, Ma, LyDo");
	assert_int_equal(office->records + office->faults, 0);
	expect_answer(office, "tin-bai", "NgayDang,TieuDe,ngaydang\n", SHEET_DOUBLE_COLUMN, 1);
	assert_string_equal(office->end.columns, "NgayDang");
}

static void a_long_header_is_named_as_far_as_it_goes(void **state) {
	struct office *office = *state;
	AUTO(text_deinit) struct text rows = TEXT_NULL;
	const char *header = office->end.header;

	for (unsigned i = 0; i < 200; i++)
		text_format(&rows, "%sĐơn vị %u", i ? "," : "", i);
	expect_answer(office, "tin-bai", text_get(&rows), SHEET_MISSING_COLUMN, 1);
	assert_in_range(
	    strlen(header), sizeof(office->end.header) - 20, sizeof(office->end.header) - 1);
	assert_string_equal(header + strlen(header) - strlen("…"), "…");
}

static void a_file_may_have_a_header_alone_but_not_nothing(void **state) {
	struct office *office = *state;

	expect_seen(office, "tin-bai", "NgayDang,TieuDe\n\n", "");
	assert_int_equal(office->end.rows, 0);
	expect_answer(office, "tin-bai", "", SHEET_EMPTY, 0);
	expect_answer(office, "tin-bai", "\n,,\n", SHEET_EMPTY, 0);
}

static void what_is_no_csv_is_told_as_the_csv_reader_tells_it(void **state) {
	struct office *office = *state;
	AUTO(text_deinit) struct text rows = TEXT_NULL;

	expect_answer(office, "tin-bai", "NgayDang,TieuDe\n2024-01-02,a\n2024-01-02,\xe1\xbb\n",
	    SHEET_NOT_TEXT, 3);
	assert_int_equal(office->records, 1);
	expect_answer(office, "tin-bai", "NgayDang,TieuDe\n2024-01-02,\"a\n", SHEET_OPEN_QUOTE, 2);
	expect_answer(office, "tin-bai", "PK\x03\x04 a sheet", SHEET_IS_SPREADSHEET, 0);
	text_add(&rows, "NgayDang,TieuDe\n2024-01-02,");
	for (unsigned i = 0; i <= CSV_CELL_MAX; i++)
		text_add_char(&rows, 'a');
	expect_answer(office, "tin-bai", text_get(&rows), SHEET_TOO_LARGE, 2);
}

static void a_missing_file_is_an_error(void **state) {
	struct office *office = *state;
	struct sheet_handler handler = office_begin(office, WITH_NOTES);

	assert_int_equal(sheet_read(&office->catalogue->sheets[0], "/nowhere/don-vi.csv",
	                     &office->arena, &handler, &office->end),
	    -ENOENT);
}

static void each_function_of_the_handler_stops_the_reading(void **state) {
	struct office *office = *state;
	static const char rows[] =
	    "NgayDang,TieuDe,x\n2024-01-02,a,\n2024-01-02,,\n,,a\n2024-01-02,b,\n";
	int *const stops[] = { &office->stop_note, &office->stop_record, &office->stop_fault };

	for (unsigned i = 0; i < LENGTH_OF(stops); i++) {
		*stops[i] = 7;
		office_read(office, "tin-bai", rows, strlen(rows), WITH_NOTES);
		assert_int_equal(office->answer, SHEET_STOPPED);
		assert_int_equal(office->end.stopped_with, 7);
		assert_int_equal(office->end.line, i + 1);
		assert_int_equal(office->records, i > 0);
		assert_int_equal(office->faults, i > 1);
		*stops[i] = -EPIPE;
		office_read(office, "tin-bai", rows, strlen(rows), WITH_NOTES);
		assert_int_equal(office->answer, -EPIPE);
		*stops[i] = 0;
	}
}

static void refused_rows_take_nothing_of_the_arena(void **state) {
	struct office *office = *state;
	AUTO(text_deinit) struct text rows = TEXT_NULL;

	text_add(&rows, "NgayDang,TieuDe\n");
	for (unsigned i = 0; i < 20000; i++)
		text_format(&rows, "x,a title that has some length %u\n", i);
	office->hoard = true;
	expect_answer(office, "tin-bai", text_get(&rows), SHEET_OK, 0);
	assert_int_equal(office->arena.used, 0);
	assert_int_equal(office->end.refused, 20000);
	text_clear(&rows);
	text_add(&rows, "NgayDang,TieuDe\n");
	for (unsigned i = 0; i < 20000; i++)
		text_format(&rows, "2024-01-02,a title that has some length %u\n", i);
	expect_answer(office, "tin-bai", text_get(&rows), -ENOMEM, 0);
	office->hoard = false;
	expect_answer(office, "tin-bai", text_get(&rows), SHEET_OK, 0);
	assert_int_equal(office->records, 20000);
}

static void more_keys_than_the_limit_are_refused(void **state) {
	struct office *office = *state;
	AUTO(text_deinit) struct text rows = TEXT_NULL;

	text_add(&rows, "NgayDang,TieuDe\n");
	for (unsigned i = 0; i <= SHEET_KEYS_MAX; i++)
		text_format(&rows, "2024-01-02,%x\n", i);
	office->silent = true;
	expect_answer(office, "tin-bai", text_get(&rows), SHEET_TOO_MANY_ROWS, SHEET_KEYS_MAX + 2);
	assert_int_equal(office->records, SHEET_KEYS_MAX);
}

static double seconds_now(void) {
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void a_hundred_thousand_dossiers_are_read_in_no_time(void **state) {
	struct office *office = *state;
	struct sheet_handler handler = office_begin(office, WITH_NOTES);
	AUTO(text_deinit) struct text rows = TEXT_NULL;
	double start, seconds;

	text_format(&rows, "%s\n", sheets[2].columns);
	for (unsigned i = 0; i < 100000; i++)
		text_format(&rows,
		    "H51.15-231227-%06u,1.004139,H51.15,Thạch Mỹ Vinh,2,20231227145524,20231227145524,"
		    "20240111170000,20240115082258,20240111140000,,10,20231227150024,0,50000,3\n",
		    i);
	office->silent = true;
	start = seconds_now();
	office->answer = sheet_read_bytes(sheet_catalogue_find(office->catalogue, "ho-so"), rows.bytes,
	    rows.length, &office->arena, &handler, &office->end);
	seconds = seconds_now() - start;
	assert_int_equal(office->answer, SHEET_OK);
	assert_int_equal(office->records, 100000);
	print_message("100000 dossiers, %zu bytes packed: %.0f rows/s\n", office->bytes, 1e5 / seconds);
	assert_true(seconds < 20);
}

static void a_catalogue_that_is_not_there_is_an_error(void **state) {
	struct sheet_catalogue *catalogue = NULL;
	struct sheet_catalogue_fault fault;

	(void)state;
	assert_int_equal(sheet_catalogue_load("/nowhere.yaml", &catalogue, &fault), -ENOENT);
	assert_null(catalogue);
}

static void expect_wrong(const char *yaml, unsigned line, const char *text) {
	struct sheet_catalogue *catalogue = NULL;
	struct sheet_catalogue_fault fault = { 0 };

	assert_int_equal(
	    sheet_catalogue_load_bytes(yaml, strlen(yaml), &catalogue, &fault), SHEET_CATALOGUE_WRONG);
	assert_null(catalogue);
	if (!strstr(fault.text, text) || fault.line != line)
		fail_msg("line %u: %s", fault.line, fault.text);
}

/* A small catalogue of two sheets, in which one thing at a time is made wrong. */
static const char good_yaml[] =
    "# file: ky-luat stands in no comment\n"
    "sheets:\n"
    "- file: don-vi\n"
    "  title: {vi: Đơn vị, en: Units}\n"
    "  method: Staffing/RecordUnits\n"
    "  record: Unit\n"
    "  catalogue: true\n"
    "  columns:\n"
    "  - {name: MaDonVi, field: code, type: text, required: true, key: true}\n"
    "  - {name: TenDonVi, field: name, type: text}\n"
    "- file: ky-luat\n"
    "  title: {vi: Kỷ luật, en: Discipline}\n"
    "  method: Staffing/RecordDisciplines\n"
    "  record: Discipline\n"
    "  references:\n"
    "  - {reason: UNKNOWN_UNIT, sheet: don-vi}\n"
    "  columns:\n"
    "  - {name: MaNhanSu, field: person, type: text, required: true, key: true}\n"
    "  - {name: MaDonVi, field: unit, type: text}\n"
    "  - name: Ngay\n"
    "    field: decided_day\n"
    "    type: day\n";

static void expect_wrong_when(const char *good, const char *bad, unsigned line, const char *text) {
	AUTO(text_deinit) struct text yaml = TEXT_NULL;
	const char *place = strstr(good_yaml, good);

	assert_non_null(place);
	text_add_bytes(&yaml, good_yaml, (size_t)(place - good_yaml));
	text_add(&yaml, bad);
	text_add(&yaml, place + strlen(good));
	expect_wrong(text_get(&yaml), line, text);
}

static void a_mistake_in_a_catalogue_is_named_with_its_line(void **state) {
	AUTO(sheet_catalogue_freep) struct sheet_catalogue *catalogue = NULL;
	struct sheet_catalogue_fault fault;

	(void)state;
	assert_int_equal(sheet_catalogue_load_bytes(good_yaml, strlen(good_yaml), &catalogue, &fault),
	    SHEET_CATALOGUE_OK);
	expect_wrong("", 0, "the file is empty");
	expect_wrong("sheets: []\n", 1, "Insufficient entries");
	expect_wrong("- x\n", 0, "Expecting MAPPING");
	expect_wrong("sheets: *x\n", 1, "alias");
	expect_wrong_when("type: day", "type: day: x", 22, "mapping values are not allowed");
	expect_wrong_when("type: day", "type: date", 22, "Invalid ENUM value: date");
	expect_wrong_when("  record: Unit\n", "", 8, "Missing required mapping field: record");
	expect_wrong_when("required: true", "required: treu", 9, "Invalid ENUM value: treu");
	expect_wrong_when("name, type", "name, typ", 10, "Unexpected key: typ");
	expect_wrong_when("RecordUnits", "RecordUnit", 5,
	    "sheet \"don-vi\": there is no method \"Staffing/RecordUnit\"");
	expect_wrong_when("record: Discipline", "record: Disciplin", 14, "no message \"Disciplin\"");
	expect_wrong_when("record: Discipline", "record: Unit", 14, "does not take records of Unit");
	expect_wrong_when("Staffing/RecordUnits", "Dossiers/GetDossier", 6, "does not take records");
	expect_wrong_when("UNKNOWN_UNIT", "UNKNOWN_UNITS", 16, "no fault reason \"UNKNOWN_UNITS\"");
	expect_wrong_when("sheet: don-vi", "sheet: ho-so", 16, "\"ho-so\"");
	expect_wrong_when("file: ky-luat\n  t", "file: don-vi\n  t", 11, "the sheet stands twice");
	expect_wrong_when("file: don-vi", "file: Đơn vị", 3, "a-z");
	expect_wrong_when("unit, type", "units, type", 19,
	    "sheet \"ky-luat\", column \"MaDonVi\": Discipline has no field \"units\"");
	expect_wrong_when("unit, type", "person, type", 19, "has a column already");
	expect_wrong_when(
	    "name: MaDonVi, field: unit", "name: MANHANSU, field: unit", 19, "stands twice");
	expect_wrong_when("type: day", "type: stamp", 22, "type \"stamp\" does not fit");
	expect_wrong_when("type: day", "type: choice", 22, "does not fit");
	expect_wrong_when("unit, type: text", "unit, type: choice", 19, "if and only if");
	expect_wrong_when("required: true, ", "", 8, "none of the key columns is required");
	expect_wrong_when("TenDonVi, field: name, type: text}",
	    "Loai, field: kind, type: choice, choices: [{text: a, value: HOI}]}", 10,
	    "field \"kind\" has no value \"HOI\"");
	expect_wrong_when("TenDonVi, field: name, type: text}",
	    "Loai, field: kind, type: choice, choices: [{text: á, value: DEPARTMENT}, "
	    "{text: Á, value: DEPARTMENT}]}",
	    10, "stands twice");
	expect_wrong_when("TenDonVi, field: name, type: text}",
	    "Loai, field: kind, type: text, choices: [{text: a, value: DEPARTMENT}]}", 10,
	    "does not fit");
}

#define CLAIM(name) cmocka_unit_test_setup_teardown(name, office_open, office_close)

int main(void) {
	const struct CMUnitTest tests[] = {
		CLAIM(the_shipped_sheets_stand_in_the_order_of_import),
		CLAIM(the_shipped_sheets_fill_every_field_of_the_contract),
		CLAIM(every_published_column_is_read),
		CLAIM(a_file_is_known_by_its_name),
		CLAIM(a_field_leads_back_to_its_column),
		CLAIM(a_number_is_taken_exactly_or_not_at_all),
		CLAIM(a_percentage_is_kept_in_hundredths),
		CLAIM(a_flag_is_said_in_the_words_offices_use),
		CLAIM(a_choice_is_one_of_its_column_letter_case_apart),
		CLAIM(days_and_stamps_are_real_ones),
		CLAIM(a_text_has_a_limit),
		CLAIM(each_bad_cell_of_a_row_is_named_and_good_rows_go_on),
		CLAIM(a_row_may_lack_cells_but_not_have_more),
		CLAIM(a_second_row_for_the_same_thing_is_refused),
		CLAIM(columns_stand_in_any_order_and_letter_case),
		CLAIM(a_header_without_a_required_column_ends_the_reading),
		CLAIM(a_long_header_is_named_as_far_as_it_goes),
		CLAIM(a_file_may_have_a_header_alone_but_not_nothing),
		CLAIM(what_is_no_csv_is_told_as_the_csv_reader_tells_it),
		CLAIM(a_missing_file_is_an_error),
		CLAIM(each_function_of_the_handler_stops_the_reading),
		CLAIM(refused_rows_take_nothing_of_the_arena),
		CLAIM(more_keys_than_the_limit_are_refused),
		CLAIM(a_hundred_thousand_dossiers_are_read_in_no_time),
		CLAIM(a_catalogue_that_is_not_there_is_an_error),
		CLAIM(a_mistake_in_a_catalogue_is_named_with_its_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
