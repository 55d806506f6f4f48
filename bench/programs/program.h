/*
 * What each program in C includes. It does what the .asm of the same name does, in
 * the same widths, the way a C programmer would write it; ../internal/yardstick/c/native.c
 * runs it.
 */
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int64_t s64;

/* A compiler that knew what x is could work the whole program out by itself. */
#define HIDE(x) __asm__ volatile("" : "+r"(x))
