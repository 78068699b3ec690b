#!/bin/bash
# The openCypher conformance kit, where it is there: what is in the manifest passes.
exec scripts/tck "$GRAPHFS_BIN"
