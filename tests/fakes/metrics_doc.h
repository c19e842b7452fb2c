/* SPDX-License-Identifier: Apache-2.0
 *
 * doc/metrics.md against what a registry says of itself: an operator must find each series there, and nothing that
 * is not. */
#ifndef PLENUM_TESTS_METRICS_DOC_H
#define PLENUM_TESTS_METRICS_DOC_H

#include <glib.h>

/* Every family of the OpenMetrics text has its row, with its type, label and HELP, and every row whose name begins with
 * prefix has its family. Series that are made one for each Jingle action share a row, ACTION in place of the name. Ends
 * the test with the rows that are wrong. */
void metrics_doc_check(const char *openmetrics, const char *prefix);
/* Every one of the n names, and nothing else, stands in the first column of the table below that heading. */
void metrics_doc_check_names(const char *heading, const char *(*name)(unsigned i), unsigned n);

#endif
