#include "lib/tls.h"

#include "lib/suite.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#define DAY_S 86400L

struct tls_ca {
	EVP_PKEY *key;
	X509 *cert;
};

static char *text_of(BIO *bio)
{
	char *data;
	long n = BIO_get_mem_data(bio, &data);
	char *text = mem_strndup(data, (size_t)n);

	BIO_free(bio);
	return text;
}

static char *cert_text(X509 *cert)
{
	BIO *bio = BIO_new(BIO_s_mem());

	ck_assert_int_eq(PEM_write_bio_X509(bio, cert), 1);
	return text_of(bio);
}

static void add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *ext;

	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	ck_assert_ptr_nonnull(ext);
	X509_add_ext(cert, ext, -1);
	X509_EXTENSION_free(ext);
}

static X509 *make_cert(EVP_PKEY *key, const char *name, long from_s, long until_s)
{
	static long serial = 1;
	X509 *cert = X509_new();
	X509_NAME *subject = X509_get_subject_name(cert);

	X509_set_version(cert, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), serial++);
	X509_gmtime_adj(X509_getm_notBefore(cert), from_s);
	X509_gmtime_adj(X509_getm_notAfter(cert), until_s);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
				   (const unsigned char *)name, -1, -1, 0);
	X509_set_pubkey(cert, key);
	return cert;
}

struct tls_ca *tls_ca_create(const char *name)
{
	struct tls_ca *ca = mem_zalloc(sizeof *ca);

	ca->key = EVP_EC_gen("P-256");
	ca->cert = make_cert(ca->key, name, -DAY_S, 30 * DAY_S);
	X509_set_issuer_name(ca->cert, X509_get_subject_name(ca->cert));
	add_extension(ca->cert, ca->cert, NID_basic_constraints, "critical,CA:TRUE");
	add_extension(ca->cert, ca->cert, NID_key_usage, "critical,keyCertSign,cRLSign");
	ck_assert_int_gt(X509_sign(ca->cert, ca->key, EVP_sha256()), 0);
	return ca;
}

void tls_ca_destroy(struct tls_ca *ca)
{
	if (ca == NULL)
		return;
	X509_free(ca->cert);
	EVP_PKEY_free(ca->key);
	free(ca);
}

char *tls_ca_cert(const struct tls_ca *ca)
{
	return cert_text(ca->cert);
}

void tls_make_cert(const struct tls_ca *ca, const char *names, int days, char **cert,
		   char **key)
{
	EVP_PKEY *own = EVP_EC_gen("P-256");
	X509 *x = make_cert(own, "phonewatch test", -30 * DAY_S, days * DAY_S);
	BIO *bio = BIO_new(BIO_s_mem());

	X509_set_issuer_name(x, X509_get_subject_name(ca->cert));
	add_extension(x, ca->cert, NID_subject_alt_name, names);
	add_extension(x, ca->cert, NID_ext_key_usage, "serverAuth");
	ck_assert_int_gt(X509_sign(x, ca->key, EVP_sha256()), 0);
	*cert = cert_text(x);
	ck_assert_int_eq(PEM_write_bio_PrivateKey(bio, own, NULL, NULL, 0, NULL, NULL),
			 1);
	*key = text_of(bio);
	X509_free(x);
	EVP_PKEY_free(own);
}
