#!/bin/bash
# Gearman on an odd port: the same as gearman-jobs.
# packages: gearman-job-server gearman-tools
# ports: tcp/14730
# decode: tcp.port==14730,gearman
# expect: gearman
# expect: tcp.payload contains "DEAR BOB"

. "${0%/*}/../lib.sh"
. "$PCAPS/scenarios/lib/gearman.sh"
jobs_at 14730
capture tcp
shout 14730
