/* Certificates made by the test, and what signs them. */
#ifndef TESTS_TLS_H
#define TESTS_TLS_H

struct tls_ca;

struct tls_ca *tls_ca_create(const char *name);
void tls_ca_destroy(struct tls_ca *ca);
/* PEM, the caller's. */
char *tls_ca_cert(const struct tls_ca *ca);

/* A server's certificate for these names, as in "IP:127.0.0.1,DNS:localhost", good until `days`
 * from now (less than 0: no longer), and its key. PEM, the caller's. */
void tls_make_cert(const struct tls_ca *ca, const char *names, int days, char **cert,
		   char **key);

#endif
