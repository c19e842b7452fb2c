# SPDX-License-Identifier: Apache-2.0
# PLENUM_LIBRARY(VARIABLE-PREFIX, MODULES, DEBIAN-PACKAGE): like PKG_CHECK_MODULES, but collects what is
# missing so that one run of configure names every Debian package to install.
AC_DEFUN([PLENUM_LIBRARY], [
  PKG_CHECK_MODULES([$1], [$2], [], [plenum_missing="$plenum_missing $3"])
])
AC_DEFUN([PLENUM_REPORT_MISSING], [
  AS_IF([test -n "$plenum_missing"],
    [AC_MSG_ERROR([libraries are missing. On Debian 12 install them with:
    apt-get install$plenum_missing])])
])
