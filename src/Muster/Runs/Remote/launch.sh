#!/bin/sh
# launch start|cancel: starts what this folder describes, once, however often it is asked; or keeps it from running on.
# It answers with one line: launched HANDLE | cancelled | refused | doubt | busy | unstaged; what a scheduler said stands on the error stream.
trap '' PIPE HUP
run=$(cd "$(dirname "$0")" && pwd -P) || exit 70
status=$run/status logs=$run/logs
. "$run/plan.sh"
. "$run/common.sh"
. "$run/scheduler.sh"
unset MUSTER_MARK MUSTER_RUN_ID


answer() { echo "$1"; rm -f "$status/.launching"; exit 0; }

known() { # known HANDLE: it runs or ran; from now on everybody knows
  [ -e "$status/launched" ] || { echo "handle=$1"; echo "time=$(date +%s)"; echo "host=$(uname -n)"; } | record launched
  [ ! -e "$status/cancel" ] || scheduler_stop "$1" >&2
  answer "launched $1"
}

look() { # has an earlier attempt, whose answer was lost, started it after all?
  handle=$(scheduler_find) || answer doubt
  [ -z "$handle" ] || known "$handle"
}

if [ "$1" = cancel ]; then
  [ -e "$status/cancel" ] || echo "time=$(date +%s)" | record cancel
  # Without the scheduler's word it is not known whether a job waits there: the wish stays, and is asked for again.
  handle=$(field handle "$status/launched") || [ ! -e "$status/.tried" ] || handle=$(scheduler_find) || { echo doubt; exit 0; }
  [ -z "$handle" ] || scheduler_stop "$handle" "$2" >&2
  if [ -e "$status/launched" ] || [ -n "$handle" ]; then echo "launched $handle"; else echo cancelled; fi
  exit 0
fi

[ -e "$status/staged" ] || { echo unstaged; exit 0; }
if handle=$(field handle "$status/launched"); then known "$handle"; fi

# One launcher at a time. A lock outlives its launcher only if that was killed: then its place is taken.
me=$(uname -n):$$:$(born $$):$(date +%s)
while ! ln -s "$me" "$status/.launching" 2>/dev/null; do
  other=$(readlink "$status/.launching") || continue
  IFS=: read -r other_host other_pid other_born other_time <<END
$other
END
  if [ "$other_host" = "$(uname -n)" ]; then
    [ "$(born "$other_pid")" != "$other_born" ] || { echo busy; exit 0; }
  elif [ $(($(date +%s) - other_time)) -lt 120 ]; then
    echo busy; exit 0
  fi
  mv -f "$status/.launching" "$status/.launching.$$" 2>/dev/null; rm -f "$status/.launching.$$"
done

if handle=$(field handle "$status/launched"); then known "$handle"; fi
[ ! -e "$status/.tried" ] || look
[ ! -e "$status/cancel" ] || answer cancelled
date +%s >"$status/.tried"
handle=$(scheduler_start)
case $? in
  0) known "$handle" ;;
  1) rm -f "$status/.tried"; answer refused ;;
  *) # No clear answer: the scheduler may have taken it. Look a few times before saying so.
    for patience in 1 2 4; do pause $patience; look; done
    answer doubt ;;
esac
