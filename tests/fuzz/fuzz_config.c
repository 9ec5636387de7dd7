/* A configuration as anybody may have written it, with a secret beside it, which no message shows that
 * did not have it from there. */
#include "config.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "lib/fuzz.h"
#include "lib/leaks.h"

#define FOLDER "fuzz_config.d" /* of the build tree */
#define FILE_  FOLDER "/phonewatch.conf"
#define SECRET "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

static void write_file(const char *path, const void *data, size_t len)
{
	FILE *f = fopen(path, "w");

	REQUIRE(f != NULL);
	REQUIRE(fwrite(data, 1, len, f) == len);
	REQUIRE(fclose(f) == 0);
	REQUIRE(chmod(path, 0600) == 0);
}

/* A line for the terminal. */
static void check_text(const char *text, bool is_told)
{
	for (const char *p = text; *p != '\0'; p++)
		REQUIRE((unsigned char)*p >= ' ' && *p != 0x7f);
	REQUIRE(text[0] != '\0' && (is_told || strstr(text, SECRET) == NULL));
}

static void check_good(const struct config *c)
{
	struct rules *rules = config_rules(c, 1), *again;
	struct err err = {0};
	char *database = NULL;

	REQUIRE(c->n_accounts > 0 && c->n_sinks > 0);
	for (size_t i = 0; i < c->n_sinks; i++)
		REQUIRE(c->sinks[i].n_events > 0);
	rules_release(rules);
	REQUIRE(config_load_rules(FILE_, &again, &err) == 0);
	rules_release(again);
	REQUIRE(config_database_path(FILE_, &database, &err) == 0);
	REQUIRE(strcmp(database, c->database) == 0);
	free(database);
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	unsetenv("CREDENTIALS_DIRECTORY");
	mkdir(FOLDER, 0700); /* it may be there */
	write_file(FOLDER "/s", SECRET "\n", strlen(SECRET "\n"));
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct config_report report = {0};
	struct config *c = NULL;
	struct err err = {0};
	bool is_told = memmem(data, len, SECRET, strlen(SECRET)) != NULL;
	int rc;

	write_file(FILE_, data, len);
	rc = config_load(FILE_, &c, &report, &err);
	REQUIRE((rc == 0) == (report.n_problems == 0));
	if (rc == 0) {
		check_good(c);
	} else {
		REQUIRE(rc == ERR_CONFIG && c == NULL);
		check_text(err.text, is_told);
	}
	for (size_t i = 0; i < report.n_problems; i++)
		check_text(report.problems[i].text, is_told);
	config_report_clear(&report);
	config_unload(c);
	return 0;
}
