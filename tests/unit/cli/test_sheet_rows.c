/* SPDX-License-Identifier: MIT */
/*
 * Rows of a sheet
 */
#include "services/cli/import/sheet_rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "services/cli/import/csv.h"
#include "tests/unit/cli/sheet_office.h"

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

	text_add(&rows,
	    "MaHoSo,MaTTHC,MaDonVi,ChuHoSo,KenhThucHien,NgayNopHoSo,NgayTiepNhan,NgayHenTra,"
	    "NgayKetThucXuLy,NgayTra,NgayTuChoi,TrangThaiHoSo,NgayCapNhatHeThongTinh,DuocSoHoa,LePhi,"
	    "DuocThanhToanTrucTuyen\n");
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

#define CLAIM(name) cmocka_unit_test_setup_teardown(name, office_open, office_close)

int main(void) {
	const struct CMUnitTest tests[] = {
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
