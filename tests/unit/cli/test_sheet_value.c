/* SPDX-License-Identifier: MIT */
/*
 * Values of cells
 */
#include "services/cli/import/sheet_value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "tests/unit/cli/sheet_office.h"

/* A reading of one column of a record that needs nothing else. */
static void expect_cell(struct office *office, const char *stem, const char *columns,
    const char *cell, const char *seen) {
	char rows[256], wanted[256];

	snprintf(rows, sizeof(rows), "%s,%s\n", columns, cell);
	snprintf(wanted, sizeof(wanted), "%s\n", seen);
	expect_seen(office, stem, rows, wanted);
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

#define CLAIM(name) cmocka_unit_test_setup_teardown(name, office_open, office_close)

int main(void) {
	const struct CMUnitTest tests[] = {
		CLAIM(a_number_is_taken_exactly_or_not_at_all),
		CLAIM(a_percentage_is_kept_in_hundredths),
		CLAIM(a_flag_is_said_in_the_words_offices_use),
		CLAIM(a_choice_is_one_of_its_column_letter_case_apart),
		CLAIM(days_and_stamps_are_real_ones),
		CLAIM(a_text_has_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
