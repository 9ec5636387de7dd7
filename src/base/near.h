/* Which known word was meant by one that is not known. Pure. */
#ifndef BASE_NEAR_H
#define BASE_NEAR_H

/* To be asked of each known word in turn: the better of best (NULL at first) and candidate; best where
 * candidate is not near to word at all. Case does not count. */
const char *near_of(const char *best, const char *candidate, const char *word);

#endif
