#include "cli/fit.h"

#include "lib/suite.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

static void with_utf8(void)
{
	ck_assert_ptr_nonnull(setlocale(LC_CTYPE, "C.UTF-8"));
}

#define N 4

/* A status, a name, a model that is spare, a time. */
static const struct fit_column columns[N] = {
	{.natural = 7, .least = 7, .floor = 7},
	{.natural = 30, .least = 20, .floor = 4},
	{.natural = 16, .least = 10, .floor = 5, .spare = true},
	{.natural = 8, .least = 8, .floor = 8},
};

static const struct {
	size_t room;
	size_t widths[N];
} rooms[] = {
	{1000, {7, 30, 16, 8}}, {67, {7, 30, 16, 8}},
	{66, {7, 29, 16, 8}},   {57, {7, 20, 16, 8}}, /* the widest is cut first */
	{53, {7, 20, 12, 8}},   {51, {7, 20, 10, 8}},
	{50, {7, 30, 0, 8}}, /* without the spare one there is room again */
	{39, {7, 20, 0, 8}},    {38, {7, 19, 0, 8}},
	{23, {7, 4, 0, 8}},     {10, {7, 4, 0, 8}}, /* it cannot be */
};

START_TEST(columns_fit_where_they_can)
{
	struct fit_column c[N];

	memcpy(c, columns, sizeof c);
	fit_columns(c, N, 2, rooms[_i].room);
	for (size_t i = 0; i < N; i++)
		ck_assert_uint_eq(c[i].width, rooms[_i].widths[i]);
}
END_TEST

START_TEST(spare_columns_go_one_by_one)
{
	struct fit_column c[] = {{.natural = 5, .least = 5, .floor = 5, .spare = true},
				 {.natural = 5, .least = 5, .floor = 5},
				 {.natural = 5, .least = 5, .floor = 5, .spare = true}};

	fit_columns(c, COUNT(c), 1, 11);
	ck_assert_uint_eq(c[0].width, 0);
	ck_assert_uint_eq(c[2].width, 5);
	fit_columns(c, COUNT(c), 1, 5);
	ck_assert_uint_eq(c[1].width, 5);
	ck_assert_uint_eq(c[2].width, 0);
}
END_TEST

START_TEST(where_nothing_helps_extra_columns_go)
{
	struct fit_column c[] = {
		{.natural = 9, .least = 9, .floor = 4},
		{.natural = 6, .least = 6, .floor = 6, .extra = true},
		{.natural = 7, .least = 7, .floor = 7},
		{.natural = 5, .least = 5, .floor = 5, .extra = true},
	};

	fit_columns(c, COUNT(c), 1, 25); /* it can be without */
	ck_assert_uint_eq(c[0].width, 4);
	ck_assert_uint_eq(c[3].width, 5);
	fit_columns(c, COUNT(c), 1, 24);
	ck_assert_uint_eq(c[0].width, 9);
	ck_assert_uint_eq(c[3].width, 0);
	fit_columns(c, COUNT(c), 1, 18);
	ck_assert_uint_eq(c[0].width, 9);
	ck_assert_uint_eq(c[1].width, 0);
	ck_assert_uint_eq(c[2].width, 7);
}
END_TEST

START_TEST(what_is_hidden_takes_no_room)
{
	struct fit_column c[] = {{.natural = 0}, {.natural = 9, .least = 1, .floor = 1}};

	fit_columns(c, COUNT(c), 2, 9);
	ck_assert_uint_eq(c[0].width, 0);
	ck_assert_uint_eq(c[1].width, 9);
}
END_TEST

static const struct {
	const char *text;
	size_t columns;
	size_t width;
	const char *cut;
} texts[] = {
	{"Lobby phone", 11, 11, "Lobby phone"},
	{"Lobby phone", 11, 10, "Lobby pho…"},
	{"Lobby phone", 11, 1, "…"},
	{"", 0, 0, ""},
	{"Z\xc3\xbcrich", 6, 6, "Z\xc3\xbcrich"},
	{"Z\xc3\xbcrich", 6, 3, "Z\xc3\xbc…"},
	{"\xe5\x8f\xb0\xe5\x8c\x97", 4, 4, "\xe5\x8f\xb0\xe5\x8c\x97"},
	{"\xe5\x8f\xb0\xe5\x8c\x97", 4, 3, "\xe5\x8f\xb0…"},
	{"\xe5\x8f\xb0\xe5\x8c\x97", 4, 2, "…"}, /* half a character is none */
	{"e\xcc\x81t", 2, 2, "e\xcc\x81t"},      /* an accent takes no room */
	{"a\xff"
	 "b",
	 3, 3,
	 "a\xff"
	 "b"},
};

START_TEST(a_text_is_cut_where_it_is_seen_to_be)
{
	char *cut = fit_cut(texts[_i].text, texts[_i].width);

	ck_assert_uint_eq(fit_width(texts[_i].text), texts[_i].columns);
	ck_assert_str_eq(cut, texts[_i].cut);
	ck_assert_uint_le(fit_width(cut), texts[_i].width);
	free(cut);
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{columns_fit_where_they_can, COUNT(rooms)},
		{spare_columns_go_one_by_one, 1},
		{where_nothing_helps_extra_columns_go, 1},
		{what_is_hidden_takes_no_room, 1},
		{a_text_is_cut_where_it_is_seen_to_be, COUNT(texts)},
	};

	return suite_run("fit", tests, COUNT(tests), with_utf8, NULL);
}
