#include "sim/script.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

#define FILE_MAX_BYTES ((size_t)64 << 20)

void script_clear(struct script *s)
{
	for (size_t i = 0; i < s->n; i++)
		command_clear(&s->commands[i]);
	free(s->commands);
	*s = (struct script){0};
}

/* Behind all that are not later. All of *c is taken. */
static void take_insert(struct script *s, struct command *c)
{
	size_t i = s->n;

	s->commands = mem_grow(s->commands, s->n, &s->cap, sizeof *s->commands);
	for (; i > s->next && s->commands[i - 1].at_ms > c->at_ms; i--)
		s->commands[i] = s->commands[i - 1];
	s->commands[i] = *c;
	s->n++;
	*c = (struct command){0};
}

int script_read(struct script *into, const char *text, size_t len, struct err *err)
{
	const char *end = text + len;

	*into = (struct script){0};
	for (unsigned line = 1; text < end; line++) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t n = (size_t)((newline != NULL ? newline : end) - text);
		struct command c;

		if (command_read(&c, text, n, err) != 0) {
			script_clear(into);
			return err_wrap(err, "line %u", line);
		}
		c.line = line;
		if (c.words.n > 0)
			take_insert(into, &c);
		text += n + 1;
	}
	return 0;
}

int script_open(struct script *into, const char *path, struct err *err)
{
	FILE *file = fopen(path, "re");
	char block[4096];
	struct buf b;
	size_t n;
	int rc;

	if (file == NULL)
		return err_set(err, ERR_CONFIG, "%s: %s", path, strerror(errno));
	buf_init(&b, FILE_MAX_BYTES);
	while ((n = fread(block, 1, sizeof block, file)) > 0 &&
	       buf_add(&b, block, n) == 0)
		;
	if (ferror(file) || !feof(file))
		rc = err_set(err, ERR_CONFIG, "cannot be read, or is too large");
	else
		rc = script_read(into, buf_text(&b), b.len, err);
	fclose(file);
	buf_clear(&b);
	return rc == 0 ? 0 : err_wrap(err, "%s", path);
}

void script_move(struct script *into, struct script *from, int64_t later_ms)
{
	while (from->next < from->n) {
		struct command *c = &from->commands[from->next++];

		c->at_ms += later_ms;
		take_insert(into, c);
	}
	script_clear(from);
}

int64_t script_next_ms(const struct script *s)
{
	return s->next < s->n ? s->commands[s->next].at_ms : INT64_MAX;
}

int script_run(struct script *s, int64_t since_start_ms, struct stage *stage,
	       struct err *err)
{
	while (s->next < s->n && s->commands[s->next].at_ms <= since_start_ms) {
		const struct command *c = &s->commands[s->next++];

		if (command_run(&c->words, stage, err) != 0)
			return err_wrap(err, "line %u", c->line);
	}
	return 0;
}
