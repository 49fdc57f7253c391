#!/bin/bash
# Gearman: a worker offers to shout, a job is done at once, another in the background; then the job server is asked how it is.
# packages: gearman-job-server gearman-tools
# ports: tcp/4730
# expect: gearman
# expect: tcp.payload contains "DEAR BOB"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/gearman.sh"
jobs_at 4730
capture tcp
shout 4730
