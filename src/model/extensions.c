#include "model/extensions.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static void clear_row(struct extension *row)
{
	free(row->id); /* and the name behind it */
}

void extensions_clear(struct extensions *x)
{
	for (size_t i = 0; i < x->n; i++)
		clear_row(&x->rows[i]);
	free(x->rows);
	*x = (struct extensions){0};
}

/* Accounts have many: both texts are one piece of memory. */
void extensions_add(struct extensions *x, const char *id, const char *name)
{
	size_t id_bytes = strlen(id) + 1;
	size_t name_bytes = name != NULL ? strlen(name) + 1 : 0;
	char *text = mem_alloc(id_bytes + name_bytes);

	memcpy(text, id, id_bytes);
	if (name != NULL)
		memcpy(text + id_bytes, name, name_bytes);
	x->rows = mem_grow(x->rows, x->n, &x->cap, sizeof *x->rows);
	x->rows[x->n++] = (struct extension){text, name != NULL ? text + id_bytes : NULL};
}

static int compare(const void *a, const void *b)
{
	const struct extension *x = a, *y = b;

	return strcmp(x->id, y->id);
}

/* qsort keeps no order among equals: a merge does. */
static void merge(struct extension *rows, size_t n, struct extension *scratch)
{
	size_t half = n / 2, i = 0, j = half, k = 0;

	if (n < 2)
		return;
	merge(rows, half, scratch);
	merge(rows + half, n - half, scratch);
	while (i < half || j < n) {
		bool left = j == n || (i < half && compare(&rows[i], &rows[j]) <= 0);

		scratch[k++] = rows[left ? i++ : j++];
	}
	memcpy(rows, scratch, n * sizeof *rows);
}

void extensions_sort(struct extensions *x)
{
	struct extension *scratch = mem_alloc(x->n * sizeof *scratch);
	size_t n = 0;

	merge(x->rows, x->n, scratch);
	free(scratch);
	for (size_t i = 0; i < x->n; i++) {
		if (n > 0 && strcmp(x->rows[n - 1].id, x->rows[i].id) == 0)
			clear_row(&x->rows[i]);
		else
			x->rows[n++] = x->rows[i];
	}
	x->n = n;
}

const struct extension *extensions_find(const struct extensions *x, const char *id)
{
	const struct extension key = {(char *)id, NULL};

	return x->n > 0 ? bsearch(&key, x->rows, x->n, sizeof *x->rows, compare) : NULL;
}

bool extensions_same_name(const struct extension *a, const struct extension *b)
{
	return a->name == NULL || b->name == NULL ? a->name == b->name
						  : strcmp(a->name, b->name) == 0;
}

bool extensions_same(const struct extensions *a, const struct extensions *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		if (strcmp(a->rows[i].id, b->rows[i].id) != 0 ||
		    !extensions_same_name(&a->rows[i], &b->rows[i]))
			return false;
	}
	return true;
}
