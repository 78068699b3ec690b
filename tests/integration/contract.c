/* The contract of property files: what is written reads back, byte for byte, whatever it is.
 *
 *   contract write MNT SEED COUNT    writes COUNT byte strings to properties, in the ways programs write files, and reads each back from
 *                                    the daemon; then gives every tenth a type and another value
 *   contract verify MNT SEED COUNT   reads them all again (after a remount)
 *
 * Every string follows from the seed and its number: the same arguments give the same strings. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define VALUE_BYTES_MAX ((size_t)400000)
#define PROPERTIES_PER_NODE 200u
#define PATH_BYTES 4096

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

/* ---- random numbers: splitmix64 ---- */

static uint64_t state;

static uint64_t next_random(void)
{
	uint64_t z = state += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static size_t below(size_t n)
{
	return (size_t)(next_random() % n);
}

/* ---- values ---- */

struct value {
	size_t size;
	uint8_t bytes[VALUE_BYTES_MAX];
};

static void add(struct value *v, const void *bytes, size_t size)
{
	if (size > VALUE_BYTES_MAX - v->size)
		size = VALUE_BYTES_MAX - v->size;
	memcpy(v->bytes + v->size, bytes, size);
	v->size += size;
}

static void add_text(struct value *v, const char *text)
{
	add(v, text, strlen(text));
}

static void add_byte(struct value *v, unsigned byte)
{
	uint8_t b = (uint8_t)byte;
	add(v, &b, 1);
}

/* What a typed value's text could be, nearly is, or just is not. */
static const char *const edges[] = {
	"",
	"0",
	"-0",
	"00",
	"+0",
	"1",
	"-1",
	"+1",
	"01",
	"-01",
	"1 ",
	" 1",
	"10",
	"1_000",
	"1,000",
	"0x10",
	"1e",
	"1e0",
	"1E0",
	"127",
	"128",
	"255",
	"256",
	"32767",
	"32768",
	"65535",
	"65536",
	"2147483647",
	"2147483648",
	"-2147483648",
	"-2147483649",
	"4294967295",
	"4294967296",
	"9007199254740991",
	"9007199254740992",
	"9007199254740993",
	"9223372036854775806",
	"9223372036854775807",
	"9223372036854775808",
	"-9223372036854775807",
	"-9223372036854775808",
	"-9223372036854775809",
	"18446744073709551615",
	"18446744073709551616",
	"99999999999999999999999999",
	"0.0",
	"-0.0",
	"+0.0",
	"0.",
	".0",
	".5",
	"0.5",
	"-0.5",
	"1.",
	"1.0",
	"1.00",
	"01.0",
	"1.10",
	"1.1",
	"100.0",
	"0.1",
	"0.30000000000000004",
	"0.3",
	"0.1E1",
	"1.0E0",
	"1.0E1",
	"9999999.0",
	"1.0E7",
	"10000000.0",
	"1.0E+7",
	"1.0e7",
	"1E7",
	"12345678.9",
	"1.23456789E7",
	"0.001",
	"9.0E-4",
	"0.0009",
	"1.0E-3",
	"1.7976931348623157E308",
	"1.7976931348623158E308",
	"1.7976931348623159E308",
	"1.0E309",
	"2.2250738585072014E-308",
	"4.9E-324",
	"5.0E-324",
	"4.9406564584124654E-324",
	"1.0E-324",
	"1.0E23",
	"9.999999999999999E22",
	"1.0E21",
	"123456789012345680000.0",
	"NaN",
	"nan",
	"-NaN",
	"Infinity",
	"-Infinity",
	"+Infinity",
	"inf",
	"-inf",
	"infinity",
	"1.5E",
	"1.5E+",
	"1.5E99999999999999999999",
	"true",
	"false",
	"True",
	"TRUE",
	"FALSE",
	"tru",
	"truee",
	"yes",
	"no",
	"null",
	"NULL",
	"nil",
	"[]",
	"[1, 2]",
	"[1,2]",
	"['a', 'b']",
	"[true, null]",
	"[1, [2, [3.0]]]",
	"[",
	"]",
	"[1, ",
	"bytes('00ff')",
	"[bytes('00ff')]",
	"{}",
	"{\"a\": 1}",
	"\"text\"",
	"'text'",
	"2020-02-29",
	"2021-02-29",
	"12:00:00",
	"2020-01-01T00:00:00Z",
	"P1Y2M",
	"point({x: 1, y: 2})",
	"-",
	"+",
	".",
	"e",
	"E",
	"--1",
	"1-",
	"1.2.3",
	"1e5",
	"1E5",
	"\xef\xbb\xbf",
	"\xef\xbb\xbf"
	"1",
	"\xd9\xa3",
	"\xef\xbc\x91",
	"gr\xc3\xbc\xc3\x9f",
	"\xf0\x9f\x90\xb1",
	"\xc3",
	"\xff",
	"\xc0\x80",
	"\xed\xa0\x80",
	"\xf4\x90\x80\x80",
	"\xe2\x80\xa8",
	"\xc2\x85",
	"a\tb",
	"a\\nb",
	"#!/bin/sh\n",
	"\n",
	"\r",
	"\n\n",
	"\n1",
	"1\n1",
	"1\r",
	"\t",
	" ",
	"1\v",
	"1\f",
};

static const struct {
	const char *text;
	size_t size;
} endings[] = { { "", 0 }, { "\n", 1 }, { "\n\n", 2 }, { "\r\n", 2 }, { " \n", 2 }, { "\0", 1 }, { "\0\n", 2 },
	{ "\n ", 2 } };

#define SYSTEMATIC (COUNT_OF(edges) * COUNT_OF(endings) + 256)

static void make_systematic(struct value *v, size_t i)
{
	if (i < 256) {
		add_byte(v, (unsigned)i);
		return;
	}
	i -= 256;
	add_text(v, edges[i / COUNT_OF(endings)]);
	add(v, endings[i % COUNT_OF(endings)].text, endings[i % COUNT_OF(endings)].size);
}

/* An integer near a power of two or ten, past the 64 bits too. */
static void make_integer(struct value *v)
{
	static const char *const before[] = { "", "", "", "", "-", "-", "+", "0", "-0", " " };
	char digits[48];
	size_t n = sizeof digits;
	unsigned __int128 x = 1;
	size_t power = below(2) ? below(67) : 0, tens = power ? 0 : below(22);
	x <<= power;
	for (size_t i = 0; i < tens; i++)
		x *= 10;
	x += below(5);
	x = x > 2 ? x - 2 : x;
	if (below(4) == 0)
		x = next_random();
	do {
		digits[--n] = (char)('0' + (int)(x % 10));
		x /= 10;
	} while (x > 0);
	add_text(v, before[below(COUNT_OF(before))]);
	add(v, digits + n, sizeof digits - n);
}

static void make_float(struct value *v)
{
	static const char *const formats[] = { "%.17g", "%.16g", "%.15g", "%g", "%.1f", "%f", "%e", "%.16E", "%.3f", "%.0f",
		"%a" };
	char text[512];
	uint64_t bits = next_random();
	double x;
	if (below(2)) { /* near 1, so that not all have exponents of three digits */
		bits = (bits & ~(UINT64_C(0x7ff) << 52)) | (UINT64_C(1023) - 30 + below(60)) << 52;
	}
	memcpy(&x, &bits, sizeof x);
	if (below(3) == 0)
		x = (double)(int64_t)(next_random() >> 40) / 100;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	int n = snprintf(text, sizeof text, formats[below(COUNT_OF(formats))], x);
#pragma GCC diagnostic pop
	for (int i = 0; i < n && below(2); i++) {
		if (text[i] == 'e')
			text[i] = 'E';
	}
	add(v, text, (size_t)n);
}

/* An edge with a byte changed, left out or put in. */
static void make_mutated(struct value *v)
{
	char text[64];
	const char *edge = edges[below(COUNT_OF(edges))];
	size_t n = strlen(edge) < sizeof text - 1 ? strlen(edge) : sizeof text - 1;
	memcpy(text, edge, n);
	size_t at = below(n + 1);
	static const char palette[] = "0123456789+-.eE \n\tnaNtrue";
	uint8_t byte = below(4) ? (uint8_t)palette[below(sizeof palette - 1)] : (uint8_t)next_random();
	size_t how = below(3);
	add(v, text, at);
	if (how != 0)
		add_byte(v, byte);
	if (at < n)
		add(v, text + at + (how != 2), n - at - (how != 2));
}

static void add_code_point(struct value *v, uint32_t c)
{
	if (c < 0x80) {
		add_byte(v, c);
	} else if (c < 0x800) {
		add_byte(v, 0xc0 | c >> 6);
		add_byte(v, 0x80 | (c & 0x3f));
	} else if (c < 0x10000) {
		add_byte(v, 0xe0 | c >> 12);
		add_byte(v, 0x80 | (c >> 6 & 0x3f));
		add_byte(v, 0x80 | (c & 0x3f));
	} else {
		add_byte(v, 0xf0 | c >> 18);
		add_byte(v, 0x80 | (c >> 12 & 0x3f));
		add_byte(v, 0x80 | (c >> 6 & 0x3f));
		add_byte(v, 0x80 | (c & 0x3f));
	}
}

/* Now and then a surrogate or a number past the last one, which is not UTF-8. */
static void make_utf8(struct value *v, size_t size)
{
	while (v->size < size) {
		static const uint32_t ranges[] = { 0x80, 0x80, 0x800, 0x3000, 0x10000, 0x110000 };
		uint32_t c = (uint32_t)below(ranges[below(COUNT_OF(ranges))]);
		if (below(2000) == 0)
			c = 0xd800 + (uint32_t)below(0x800);
		else if (c >= 0xd800 && c < 0xe000)
			c -= 0x1000;
		add_code_point(v, c);
	}
}

static void make_binary(struct value *v, size_t size)
{
	while (v->size < size)
		add_byte(v, (unsigned)next_random() & 0xff);
}

static void make_digits(struct value *v, size_t size)
{
	while (v->size < size)
		add_byte(v, '0' + (unsigned)below(10));
}

/* Sizes around those that the store treats differently. */
static size_t long_size(void)
{
	static const size_t around[] = { 255, 512, 1024, 2048, 4096, 8112, 8176, 8192, 16224, 16352, 32768, 65536, 131072,
		262144 };
	size_t size = below(4) ? around[below(COUNT_OF(around))] + below(9) - 4 : below(VALUE_BYTES_MAX - 16);
	return below(3) ? size % 20000 : size;
}

static void make_long(struct value *v)
{
	size_t size = long_size();
	switch (below(4)) {
	case 0:
		make_binary(v, size);
		break;
	case 1:
		make_digits(v, size);
		break;
	default:
		make_utf8(v, size);
		break;
	}
}

static void make_value(struct value *v, uint64_t seed, uint64_t round, uint64_t i)
{
	state = seed * 1000003 + round * 7777777 + i;
	v->size = 0;
	if (round == 0 && i < SYSTEMATIC) {
		make_systematic(v, (size_t)i);
		return;
	}
	switch (below(8)) {
	case 0:
	case 1:
		make_integer(v);
		break;
	case 2:
	case 3:
		make_float(v);
		break;
	case 4:
		make_mutated(v);
		break;
	case 5:
		make_utf8(v, below(40));
		break;
	case 6:
		make_binary(v, below(40));
		break;
	default:
		if (below(8) == 0)
			make_long(v);
		else
			add_text(v, edges[below(COUNT_OF(edges))]);
		break;
	}
	size_t end = below(3) ? below(2) : below(COUNT_OF(endings));
	add(v, endings[end].text, endings[end].size);
}

/* ---- files ---- */

static struct value wanted, got;
static char path[PATH_BYTES];

static void die(const char *what)
{
	fprintf(stderr, "contract: %s: %s: %s\n", path, what, strerrordesc_np(errno));
	exit(1);
}

static void show(const char *name, const struct value *v)
{
	fprintf(stderr, "  %s, %zu bytes:", name, v->size);
	for (size_t i = 0; i < v->size && i < 64; i++)
		fprintf(stderr, " %02x", v->bytes[i]);
	fprintf(stderr, "%s\n", v->size > 64 ? " ..." : "");
}

static void go_to(const char *mnt, uint64_t i)
{
	(void)snprintf(
		path, sizeof path, "%s/nodes/c%" PRIu64 "/p%" PRIu64, mnt, i / PROPERTIES_PER_NODE, i % PROPERTIES_PER_NODE);
}

static int open_or_die(int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0666);
	if (fd < 0)
		die("open");
	return fd;
}

static void close_or_die(int fd)
{
	if (close(fd) != 0)
		die("close");
}

static void pwrite_or_die(int fd, size_t from, size_t to)
{
	if (to > from && pwrite(fd, wanted.bytes + from, to - from, (off_t)from) != (ssize_t)(to - from))
		die("write");
}

static void write_at_once(void)
{
	int fd = open_or_die(O_WRONLY | O_CREAT | O_TRUNC);
	pwrite_or_die(fd, 0, wanted.size);
	close_or_die(fd);
}

static void write_in_parts(void)
{
	int fd = open_or_die(O_WRONLY | O_CREAT | O_TRUNC);
	for (size_t at = 0; at < wanted.size;) {
		size_t to = at + 1 + below(wanted.size - at);
		pwrite_or_die(fd, at, to);
		at = to;
	}
	close_or_die(fd);
}

static void write_backwards(void)
{
	int fd = open_or_die(O_WRONLY | O_CREAT | O_TRUNC);
	for (size_t end = wanted.size; end > 0;) {
		size_t from = below(end);
		pwrite_or_die(fd, from, end);
		end = from;
	}
	close_or_die(fd);
}

static void write_appending(void)
{
	write_at_once();
	if (truncate(path, 0) != 0)
		die("truncate");
	size_t half = below(wanted.size + 1);
	for (int i = 0; i < 2; i++) {
		int fd = open_or_die(O_WRONLY | O_APPEND);
		size_t from = i ? half : 0, to = i ? wanted.size : half;
		if (to > from && write(fd, wanted.bytes + from, to - from) != (ssize_t)(to - from))
			die("write");
		close_or_die(fd);
	}
}

/* Over a longer text, cut to size afterwards. */
static void write_over(void)
{
	int fd = open_or_die(O_WRONLY | O_CREAT | O_TRUNC);
	static const uint8_t before[100] = "31415926";
	if (pwrite(fd, before, sizeof before, (off_t)below(wanted.size + 1)) != sizeof before)
		die("write");
	pwrite_or_die(fd, 0, wanted.size);
	if (ftruncate(fd, (off_t)wanted.size) != 0)
		die("ftruncate");
	close_or_die(fd);
}

static void write_mapped(void)
{
	int fd = open_or_die(O_RDWR | O_CREAT | O_TRUNC);
	if (ftruncate(fd, (off_t)wanted.size) != 0)
		die("ftruncate");
	if (wanted.size > 0) {
		void *map = mmap(NULL, wanted.size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (map == MAP_FAILED)
			die("mmap");
		memcpy(map, wanted.bytes, wanted.size);
		if (munmap(map, wanted.size) != 0)
			die("munmap");
	}
	close_or_die(fd);
}

static void write_and_rename(void)
{
	char name[PATH_BYTES];
	memcpy(name, path, sizeof name);
	size_t n = strlen(path);
	if (n + sizeof ".new" > sizeof path)
		exit(2);
	char *slash = strrchr(path, '/');
	memcpy(slash, "/.new", sizeof "/.new");
	write_at_once();
	if (rename(path, name) != 0)
		die("rename");
	memcpy(path, name, sizeof path);
}

static void write_value(void)
{
	static void (*const ways[])(void) = { write_at_once, write_at_once, write_in_parts, write_backwards,
		write_appending, write_over, write_mapped, write_and_rename };
	ways[below(COUNT_OF(ways))]();
}

/* From the daemon, not from what the kernel remembers. */
static void check_value(const char *when, uint64_t i)
{
	struct stat st;
	int fd = open_or_die(O_RDONLY);
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED); /* a hint */
	got.size = 0;
	for (;;) {
		ssize_t n = pread(fd, got.bytes + got.size, sizeof got.bytes - got.size, (off_t)got.size);
		if (n < 0)
			die("read");
		if (n == 0)
			break;
		got.size += (size_t)n;
	}
	if (fstat(fd, &st) != 0)
		die("fstat");
	close_or_die(fd);
	if (got.size == wanted.size && memcmp(got.bytes, wanted.bytes, got.size) == 0 && (size_t)st.st_size == got.size)
		return;
	fprintf(stderr, "contract: %s: value %" PRIu64 " %s: st_size %jd\n", path, i, when, (intmax_t)st.st_size);
	show("written", &wanted);
	show("read", &got);
	exit(1);
}

/* ---- the runs ---- */

static void set_type(void)
{
	static const char *const types[] = { "string", "bytes", "integer", "float", "boolean", "list" };
	const char *type = types[below(COUNT_OF(types))];
	if (setxattr(path, "user.graphfs.type", type, strlen(type), 0) != 0 && errno != EINVAL)
		die("setxattr");
}

static bool is_rewritten(uint64_t i)
{
	return i % 10 == 3;
}

static void run_write(const char *mnt, uint64_t seed, uint64_t count)
{
	uint64_t bytes = 0, rewritten = 0;
	for (uint64_t i = 0; i < count; i++) {
		go_to(mnt, i);
		if (i % PROPERTIES_PER_NODE == 0) {
			*strrchr(path, '/') = '\0';
			if (mkdir(path, 0777) != 0)
				die("mkdir");
			go_to(mnt, i);
		}
		make_value(&wanted, seed, 0, i);
		write_value();
		check_value("as written", i);
		bytes += wanted.size;
		if (!is_rewritten(i))
			continue;
		set_type();
		check_value("with a type", i);
		make_value(&wanted, seed, 1, i);
		write_value();
		check_value("written to a property that has a type", i);
		rewritten++;
	}
	printf("seed %" PRIu64 ": %" PRIu64 " values, %" PRIu64 " bytes, written and read back; %" PRIu64
		   " with a type, and again\n",
		seed, count, bytes, rewritten);
}

static void run_verify(const char *mnt, uint64_t seed, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++) {
		go_to(mnt, i);
		make_value(&wanted, seed, is_rewritten(i), i);
		check_value("after a remount", i);
	}
	printf("seed %" PRIu64 ": %" PRIu64 " values as they were\n", seed, count);
}

int main(int argc, char **argv)
{
	char *end1, *end2;
	if (argc == 5) {
		uint64_t seed = strtoull(argv[3], &end1, 10), count = strtoull(argv[4], &end2, 10);
		bool ok = *end1 == '\0' && *end2 == '\0' && count > 0;
		if (ok && strcmp(argv[1], "write") == 0) {
			run_write(argv[2], seed, count);
			return 0;
		}
		if (ok && strcmp(argv[1], "verify") == 0) {
			run_verify(argv[2], seed, count);
			return 0;
		}
	}
	fputs("usage: contract write|verify MNT SEED COUNT\n", stderr);
	return 2;
}
