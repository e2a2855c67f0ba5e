/* cm.h - cmocka with what it needs before it. */
#ifndef QCC_TESTS_CM_H
#define QCC_TESTS_CM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
