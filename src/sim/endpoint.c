#include "sim/endpoint.h"

#include <string.h>

#define V1 "/restapi/v1.0"

const struct endpoint_row endpoints[ENDPOINT_N] = {
	[ENDPOINT_TOKEN] = {"token", "POST", "/restapi/oauth/token", "auth", false, NULL},
	[ENDPOINT_REVOKE] = {"revoke", "POST", "/restapi/oauth/revoke", "auth", false,
			     NULL},
	[ENDPOINT_LIST] = {"list", "GET", V1 "/account/ACCOUNT/device", "medium", true,
			   "ReadCompanyDevices"},
	[ENDPOINT_DEVICE] = {"device", "GET", V1 "/account/ACCOUNT/device/IDS", "light",
			     true, "ReadCompanyDevices"},
	[ENDPOINT_EXTENSIONS] = {"extensions", "GET", V1 "/account/ACCOUNT/extension",
				 "medium", true, "ReadExtensions"},
	[ENDPOINT_EXTENSION_DEVICES] = {"extension-devices", "GET",
					V1 "/account/ACCOUNT/extension/IDS/device",
					"light", true, "ReadUserDevices"},
	[ENDPOINT_WEB_PHONES] = {"web-phones", "GET",
				 V1 "/account/ACCOUNT/extension/IDS/webapp-devices",
				 "medium", true, NULL},
	[ENDPOINT_STATUS] = {"status", "GET", V1 "/status", NULL, false, NULL},
	[ENDPOINT_VERSIONS] = {"versions", "GET", "/restapi", NULL, false, NULL},
	[ENDPOINT_HOOK] = {"hook", "POST", "/hook", NULL, false, NULL},
};

/* Segment by segment. */
static bool matches(const char *pattern, const char *path, struct endpoint_part *account,
		    struct endpoint_part *ids)
{
	while (*pattern == '/' && *path == '/') {
		size_t wanted = strcspn(++pattern, "/"), len = strcspn(++path, "/");
		struct endpoint_part part = {path, len};

		if (wanted == 7 && memcmp(pattern, "ACCOUNT", 7) == 0 && len > 0)
			*account = part;
		else if (wanted == 3 && memcmp(pattern, "IDS", 3) == 0 && len > 0)
			*ids = part;
		else if (wanted != len || memcmp(pattern, path, len) != 0)
			return false;
		pattern += wanted;
		path += len;
	}
	return *pattern == '\0' && *path == '\0';
}

enum endpoint endpoint_of(const char *method, const char *path,
			  struct endpoint_part *account, struct endpoint_part *ids)
{
	for (int i = 0; i < ENDPOINT_N; i++) {
		*account = *ids = (struct endpoint_part){0};
		if (strcmp(endpoints[i].method, method) == 0 &&
		    matches(endpoints[i].path, path, account, ids))
			return (enum endpoint)i;
	}
	*account = *ids = (struct endpoint_part){0};
	return ENDPOINT_OTHER;
}

enum endpoint endpoint_find(const char *name)
{
	if (strcmp(name, "any") == 0)
		return ENDPOINT_ANY;
	for (int i = 0; i < ENDPOINT_N; i++)
		if (strcmp(endpoints[i].name, name) == 0)
			return (enum endpoint)i;
	return ENDPOINT_OTHER;
}
