/* Memory. Exhaustion is no error: it logs and aborts, and whoever started us starts us again;
 * the database keeps what was committed. In return everything from outside has a size limit. */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
/* What an object is a member of: OWNER_OF(job, struct poll, page_job). */
#define OWNER_OF(object, type, member) ((type *)((char *)(object)-offsetof(type, member)))

void *mem_alloc(size_t size);
void *mem_zalloc(size_t size);
/* Room for n elements of size bytes; the product may not overflow. */
void *mem_resize(void *old, size_t n, size_t size);
char *mem_strdup(const char *text);
char *mem_strndup(const char *text, size_t len);
char *mem_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* A list of texts, copied with its texts; and freed with them. */
char **mem_copy_texts(char *const *texts, size_t n);
void mem_free_texts(char **texts, size_t n);

/* Grow array so that one more element fits: doubles *cap. Returns the (moved) array. */
void *mem_grow(void *array, size_t n, size_t *cap, size_t size);

#endif
