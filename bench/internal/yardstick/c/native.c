/*
 * Runs one of the benchmarks in C. Its name is the argument; PROGRAMS, from the
 * compiler's command line, lists P(name) for each there is. See doc.go for what it
 * reads and prints.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef uint64_t program(uint8_t *memory, uint64_t size);

#define P(name) program name;
PROGRAMS
#undef P

static const struct { const char *name; program *run; } programs[] = {
#define P(name) { #name, name },
	PROGRAMS
};

static program *find(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof programs / sizeof *programs; i++)
		if (!strcmp(programs[i].name, name))
			return programs[i].run;
	fprintf(stderr, "native: no program %s\n", name);
	exit(1);
}

static void need(void *p, size_t n)
{
	if (n && fread(p, n, 1, stdin) != 1)
		exit(2);
}

int main(int argc, char **argv)
{
	program *volatile run = find(argc > 1 ? argv[1] : "");
	uint32_t size, n;
	uint8_t *memory;

	need(&size, sizeof size);
	memory = calloc(size + 8, 1);
	need(memory, size);
	while (fread(&n, sizeof n, 1, stdin) == 1) {
		struct timespec from, to;
		uint64_t r0 = 0;

		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
		while (n--)
			r0 = run(memory, size);
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
		printf("%llu %lld\n", (unsigned long long)r0,
		       (to.tv_sec - from.tv_sec) * 1000000000ll + (to.tv_nsec - from.tv_nsec));
		fflush(stdout);
	}
	return 0;
}
