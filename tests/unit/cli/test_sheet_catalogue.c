/* SPDX-License-Identifier: MIT */
/*
 * The catalogue of sheets: the shipped one, and mistakes in one
 */
#include "services/cli/import/sheet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "tests/unit/cli/sheet_office.h"

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
	const struct contract_method *method = contract_find(&office_contract, sheet->method);
	const ProtobufCMessageDescriptor *message = contract_message(&office_contract, sheet->record);
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
		CLAIM(a_catalogue_that_is_not_there_is_an_error),
		CLAIM(a_mistake_in_a_catalogue_is_named_with_its_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
