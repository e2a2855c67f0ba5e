# qcc.m4 - configure checks of qcc.

# QCC_CC_FLAG(FLAG, VARIABLE): appends FLAG to VARIABLE if the compiler takes it.
AC_DEFUN([QCC_CC_FLAG],
[AS_VAR_PUSHDEF([cached], [qcc_cv_cc_flag_$1])
AC_CACHE_CHECK([whether $CC takes $1], [cached],
  [qcc_save_CFLAGS=$CFLAGS
   CFLAGS="$CFLAGS -Werror $1"
   AC_COMPILE_IFELSE([AC_LANG_PROGRAM()], [AS_VAR_SET([cached], [yes])], [AS_VAR_SET([cached], [no])])
   CFLAGS=$qcc_save_CFLAGS])
AS_VAR_IF([cached], [yes], [AS_VAR_APPEND([$2], [" $1"])])
AS_VAR_POPDEF([cached])])

AC_DEFUN([QCC_ADD_WARNINGS],
[QCC_CFLAGS=
QCC_CC_FLAG([-std=gnu11], [QCC_CFLAGS])
m4_foreach_w([flag], [-Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wwrite-strings -Wvla],
  [QCC_CC_FLAG(flag, [QCC_CFLAGS])])
AC_ARG_ENABLE([werror], [AS_HELP_STRING([--enable-werror], [turn warnings into errors])], [], [enable_werror=no])
AS_IF([test "x$enable_werror" = xyes], [QCC_CC_FLAG([-Werror], [QCC_CFLAGS])])])

# libtcc has no .pc file; tcc_relocate lost its second argument upstream in October 2024.
AC_DEFUN([QCC_LIBTCC],
[AC_ARG_WITH([libtcc], [AS_HELP_STRING([--without-libtcc], [build without the in-process JIT])],
  [], [with_libtcc=auto])
have_libtcc=no
LIBTCC_LIBS=
AS_IF([test "x$with_libtcc" != xno],
  [qcc_save_LIBS=$LIBS
   AC_CHECK_HEADER([libtcc.h],
     [AC_CHECK_LIB([tcc], [tcc_new], [have_libtcc=yes; LIBTCC_LIBS="-ltcc -ldl -lpthread"], [], [-ldl -lpthread])])
   LIBS=$qcc_save_LIBS
   AS_IF([test "x$have_libtcc" = xno && test "x$with_libtcc" = xyes],
     [AC_MSG_ERROR([libtcc was asked for and not found (Debian: apt-get install libtcc-dev)])])])
AS_IF([test "x$have_libtcc" = xyes],
  [AC_DEFINE([HAVE_LIBTCC], [1], [Define to 1 if libtcc is there.])
   AC_CACHE_CHECK([whether tcc_relocate takes two arguments], [qcc_cv_tcc_relocate_two],
     [AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[#include <libtcc.h>]],
        [[TCCState *s = 0; return tcc_relocate(s, (void *)1);]])],
        [qcc_cv_tcc_relocate_two=yes], [qcc_cv_tcc_relocate_two=no])])
   AS_IF([test "x$qcc_cv_tcc_relocate_two" = xyes],
     [AC_DEFINE([TCC_RELOCATE_TWO_ARGS], [1], [Define to 1 if tcc_relocate takes two arguments.])])])
AC_SUBST([LIBTCC_LIBS])
AM_CONDITIONAL([HAVE_LIBTCC], [test "x$have_libtcc" = xyes])])

AC_DEFUN([QCC_OPENBLAS],
[AC_ARG_WITH([openblas], [AS_HELP_STRING([--without-openblas], [do not use OpenBLAS for float execution])],
  [], [with_openblas=auto])
have_openblas=no
AS_IF([test "x$with_openblas" != xno],
  [PKG_CHECK_MODULES([OPENBLAS], [openblas], [have_openblas=yes],
     [AS_IF([test "x$with_openblas" = xyes],
        [AC_MSG_ERROR([OpenBLAS was asked for and not found (Debian: apt-get install libopenblas-dev)])])])])
AS_IF([test "x$have_openblas" = xyes],
  [AC_DEFINE([HAVE_OPENBLAS], [1], [Define to 1 if OpenBLAS is there.])])
AM_CONDITIONAL([HAVE_OPENBLAS], [test "x$have_openblas" = xyes])])

AC_DEFUN([QCC_LIBPNG],
[AC_ARG_WITH([libpng], [AS_HELP_STRING([--without-libpng], [build without the contact sheets of qcc augment])],
  [], [with_libpng=auto])
have_libpng=no
AS_IF([test "x$with_libpng" != xno],
  [PKG_CHECK_MODULES([LIBPNG], [libpng >= 1.6], [have_libpng=yes],
     [AS_IF([test "x$with_libpng" = xyes],
        [AC_MSG_ERROR([libpng was asked for and not found (Debian: apt-get install libpng-dev)])])])])
AS_IF([test "x$have_libpng" = xyes],
  [AC_DEFINE([HAVE_LIBPNG], [1], [Define to 1 if libpng is there.])])
AM_CONDITIONAL([HAVE_LIBPNG], [test "x$have_libpng" = xyes])])

AC_DEFUN([QCC_SANITIZERS],
[AC_ARG_ENABLE([sanitizers],
  [AS_HELP_STRING([--enable-sanitizers], [build with AddressSanitizer and UndefinedBehaviorSanitizer])],
  [], [enable_sanitizers=no])
AS_IF([test "x$enable_sanitizers" != xno],
  [QCC_CFLAGS="$QCC_CFLAGS -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer"
   SANITIZER_LDFLAGS="-fsanitize=address,undefined"])
AC_SUBST([SANITIZER_LDFLAGS])
AM_CONDITIONAL([SANITIZERS], [test "x$enable_sanitizers" != xno])])

AC_DEFUN([QCC_COVERAGE],
[AC_ARG_ENABLE([coverage], [AS_HELP_STRING([--enable-coverage], [build for gcov])],
  [], [enable_coverage=no])
AS_IF([test "x$enable_coverage" != xno],
  [QCC_CFLAGS="$QCC_CFLAGS --coverage -O0"
   SANITIZER_LDFLAGS="$SANITIZER_LDFLAGS --coverage"])])

# Importer and exporter of ONNX models: protobuf-c on the schema that libonnx-dev brings. ONNX_PROTO may name
# another onnx.proto.
AC_DEFUN([QCC_ONNX],
[AC_ARG_WITH([onnx], [AS_HELP_STRING([--without-onnx], [build without importer and exporter of ONNX models])],
  [], [with_onnx=auto])
AC_ARG_VAR([PROTOC_C], [protobuf-c's compiler])
AC_ARG_VAR([ONNX_PROTO], [the schema onnx.proto])
have_onnx=no
AS_IF([test "x$with_onnx" != xno],
  [PKG_CHECK_MODULES([PROTOBUF_C], [libprotobuf-c >= 1.3], [have_onnx=yes], [:])
   AC_PATH_PROG([PROTOC_C], [protoc-c])
   AC_MSG_CHECKING([for onnx.proto])
   for dir in /usr/include /usr/local/include; do
     AS_IF([test -z "$ONNX_PROTO" && test -r "$dir/onnx/onnx.proto"], [ONNX_PROTO=$dir/onnx/onnx.proto])
   done
   AC_MSG_RESULT([${ONNX_PROTO:-no}])
   AS_IF([test -z "$PROTOC_C" || test -z "$ONNX_PROTO"], [have_onnx=no])
   AS_IF([test "x$have_onnx" = xno && test "x$with_onnx" = xyes],
     [AC_MSG_ERROR([ONNX was asked for and not found (Debian: apt-get install protobuf-c-compiler libprotobuf-c-dev libonnx-dev)])])])
AS_IF([test "x$have_onnx" = xyes],
  [AC_DEFINE([HAVE_ONNX], [1], [Define to 1 if ONNX models can be imported.])])
AC_SUBST([ONNX_PROTO])
AM_CONDITIONAL([HAVE_ONNX], [test "x$have_onnx" = xyes])])

# The trainer: OpenMP where the compiler has it (--disable-openmp: one thread), and loops that may be
# contracted and vectorised: nothing of it chooses a baked integer but the weights that it trains.
AC_DEFUN([QCC_TRAINING],
[AC_OPENMP
AS_IF([test "x$OPENMP_CFLAGS" != x], [have_openmp=yes], [have_openmp=no])
TRAIN_CFLAGS=
m4_foreach_w([flag], [-ftree-vectorize -fvect-cost-model=dynamic -ffp-contract=fast -fno-math-errno -fno-trapping-math],
  [QCC_CC_FLAG(flag, [TRAIN_CFLAGS])])
AC_SUBST([TRAIN_CFLAGS])])

# Open MPI, for mpirun. Its header is compiled against; the library is loaded at run time by its soname, so
# that a qcc without mpirun starts as fast as ever.
AC_DEFUN([QCC_MPI],
[AC_ARG_WITH([mpi], [AS_HELP_STRING([--without-mpi], [do not train on several processes of mpirun])],
  [], [with_mpi=auto])
have_mpi=no
AS_IF([test "x$with_mpi" != xno],
  [PKG_CHECK_MODULES([MPI], [ompi-c], [have_mpi=yes], [:])
   AS_IF([test "x$have_mpi" = xyes],
     [AC_CACHE_CHECK([for the soname of Open MPI], [qcc_cv_libmpi],
        [qcc_save_LIBS=$LIBS qcc_save_CPPFLAGS=$CPPFLAGS
         LIBS="$MPI_LIBS $LIBS" CPPFLAGS="$CPPFLAGS $MPI_CFLAGS" qcc_cv_libmpi=no
         AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <mpi.h>
#ifndef OPEN_MPI
#error
#endif]], [[return MPI_Finalize();]])],
           [qcc_cv_libmpi=`${OBJDUMP:-objdump} -p conftest$EXEEXT | sed -n 's/^ *NEEDED *\(libmpi\.so[[^ ]]*\).*/\1/p'`])
         LIBS=$qcc_save_LIBS CPPFLAGS=$qcc_save_CPPFLAGS])
      AS_CASE([$qcc_cv_libmpi], [libmpi.so*], [], [have_mpi=no])])
   AS_IF([test "x$have_mpi" = xno && test "x$with_mpi" = xyes],
     [AC_MSG_ERROR([MPI was asked for and not found (Debian: apt-get install libopenmpi-dev openmpi-bin)])])])
AS_IF([test "x$have_mpi" = xyes],
  [AC_DEFINE([HAVE_MPI], [1], [Define to 1 if Open MPI is there.])
   AC_DEFINE_UNQUOTED([LIBMPI_SONAME], ["$qcc_cv_libmpi"], [Name of Open MPI's library at run time.])],
  [MPI_CFLAGS=])
AM_CONDITIONAL([HAVE_MPI], [test "x$have_mpi" = xyes])])
