/* The files that belong to this program. */
#ifndef BASE_OWN_H
#define BASE_OWN_H

/* Beside this program, as in the build tree, where there is one of that name; else in the folder
 * where they were installed. The caller's. */
char *own_path(const char *name, const char *installed);

#endif
