/* Calls that are never right: naming one is a compile error. CMake puts this file in front of every source of ours. The
 * headers that declare them come first, since the declarations themselves would be errors after the pragma. */
#ifndef GFS_BASE_BANNED_H
#define GFS_BASE_BANNED_H

#include <alloca.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* Macros in some compilers and with _FORTIFY_SOURCE. */
#undef alloca
#undef strcpy
#undef stpcpy
#undef strcat
#undef sprintf
#undef vsprintf
#undef gets
#undef strncpy
#undef stpncpy
#undef strncat

/* No bound on what they write. */
#pragma GCC poison strcpy stpcpy strcat sprintf vsprintf gets
/* Bounds that do not mean what they seem to. */
#pragma GCC poison strncpy stpncpy strncat
/* No way to see a failure. */
#pragma GCC poison atoi atol atoll atof
/* State shared by all threads. */
#pragma GCC poison strtok asctime ctime gmtime localtime
/* Guessable names. */
#pragma GCC poison tmpnam tempnam mktemp
/* No bound on the stack. */
#pragma GCC poison alloca

#endif
