#include "sim/places.h"

#include "base/mem.h"

const struct place places[] = {
	{"Denver", "CO", "Colorado", "80202"},
	{"Boston", "MA", "Massachusetts", "02108"},
	{"Austin", "TX", "Texas", "78701"},
	{"Seattle", "WA", "Washington", "98101"},
	{"Chicago", "IL", "Illinois", "60602"},
	{"Atlanta", "GA", "Georgia", "30303"},
	{"Portland", "OR", "Oregon", "97204"},
	{"Phoenix", "AZ", "Arizona", "85003"},
	{"Nashville", "TN", "Tennessee", "37219"},
	{"Columbus", "OH", "Ohio", "43215"},
	{"Raleigh", "NC", "North Carolina", "27601"},
	{"Madison", "WI", "Wisconsin", "53703"},
	{"Omaha", "NE", "Nebraska", "68102"},
	{"Tampa", "FL", "Florida", "33602"},
	{"Reno", "NV", "Nevada", "89501"},
	{"Boise", "ID", "Idaho", "83702"},
	{"Albany", "NY", "New York", "12207"},
	{"Tulsa", "OK", "Oklahoma", "74103"},
	{"Dayton", "OH", "Ohio", "45402"},
	{"Spokane", "WA", "Washington", "99201"},
	{"Fresno", "CA", "California", "93721"},
	{"Richmond", "VA", "Virginia", "23219"},
	{"Detroit", "MI", "Michigan", "48226"},
	{"Memphis", "TN", "Tennessee", "38103"},
};
const size_t n_places = COUNT(places);

const char *const place_phones[] = {
	"Room %u",         "Desk %u",          "Warehouse dock %u",
	"Front desk",      "Lobby phone",      "Conference %u",
	"Kitchen phone",   "Nurse station %u", "Break room",
	"Mail room",       "Security desk",    "Classroom %u",
	"Loading dock %u", "Lab %u",           "Workshop %u",
	"Checkout %u",     "Reception %u",     "Elevator lobby %u",
	"Office %u",       "Stockroom phone",
};
const size_t n_place_phones = COUNT(place_phones);
