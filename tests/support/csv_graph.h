/* A graph made from the folder of CSV files that ../shared/datasets makes: nodes.csv and rels.csv. */
#ifndef GFS_TESTS_SUPPORT_CSV_GRAPH_H
#define GFS_TESTS_SUPPORT_CSV_GRAPH_H

#include "graph/graph.h"

/* Imports without the log and says how much it was. What fails ends the program with status 2. */
void csv_graph_import(struct gfs_graph *graph, const char *folder);

#endif
