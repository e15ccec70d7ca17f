#!/bin/sh
# launch start|cancel|again …: starts what this folder describes, once, however often it is asked; or keeps it from
# running on; or starts another attempt of it, the same way: see set_aside.
# It answers with one line: launched HANDLE | cancelled | refused | doubt | busy | unstaged; what a scheduler said stands on the error stream.
trap '' PIPE HUP
run=$(cd "$(dirname "$0")" && pwd -P) || exit 70
status=$run/status logs=$run/logs
. "$run/plan.sh"
. "$run/common.sh"
. "$run/scheduler.sh"
unset MUSTER_MARK MUSTER_RUN_ID MUSTER_JOB MUSTER_PORT MUSTER_AGAIN
know_retry

held=
answer() { echo "$1"; [ -z "$held" ] || rm -f "$held"; exit 0; }

known() { # known HANDLE: it runs or ran; from now on everybody knows
  [ -e "$status/launched" ] || { echo "handle=$1"; echo "time=$(date +%s)"; echo "host=$(uname -n)"; } | record launched
  [ ! -e "$status/cancel" ] || scheduler_stop "$1" "$2" >&2
  answer "launched $1"
}

look() { # has an earlier attempt, whose answer was lost, started it after all?
  handle=$(scheduler_find) || answer doubt
  [ -z "$handle" ] || known "$handle" "$1"
}

# set_aside NUMBER OUTCOME BEGUN MEMORY TEXT: makes room for an attempt, once the one before is over. It is recorded
# first, so whoever comes later goes on with it, and nobody begins it twice. BEGUN: how often the run was begun again
# with it, by SLURM, too; MEMORY: what it takes, 0 for what the plan says.
set_aside() {
  if [ ! -e "$status/retry.$1" ]; then
    [ ! -e "$status/cancel" ] || answer cancelled
    is_begun && [ "$1" = $((retry + 1)) ] && [ "$1" -le "${muster_retries:-0}" ] || answer doubt
    scheduler_gone || answer busy
    retry=$1
    {
      echo "after=$2"; echo "begun=$3"; [ "$4" = 0 ] || echo "memory=$4"; echo "text=$5"; echo "time=$(date +%s)"
    } | record "retry.$1" || answer doubt
  fi
  mkdir -p "$status/.before.$1" || answer doubt
  for old in launched refused ended told .tried '*.exit' '*.started' '*.queued' '*.waiting' '*.address' '*.port.*' \
    '.owner.*' '.near.*' '.limit.*' '.late.*' ../logs/slurm.log; do
    for old in "$status"/$old; do
      [ ! -e "$old" ] && [ ! -L "$old" ] || mv -f "$old" "$status/.before.$1/" || answer doubt
    done
  done
  : >"$status/.begun.$1"
}

wish() { [ -e "$status/cancel" ] || echo "time=$(date +%s)" | record cancel; }

if [ "$1" = cancel ]; then
  wish || exit 1
  if handle=$(field handle "$status/launched"); then known "$handle" "$2"; fi
  [ ! -e "$status/.tried" ] || look "$2"
  answer cancelled
fi

[ -e "$status/staged" ] || { echo unstaged; exit 0; }
if [ "$1" = again ]; then wanted=$2; else wanted=0; fi
if [ "$wanted" -le "$retry" ] && is_begun && handle=$(field handle "$status/launched"); then known "$handle"; fi

# One launcher at a time. A lock outlives its launcher only if that was killed. It then stays for ever, and the next one stands
# behind it under the dead one's name: nothing is taken away from anybody, so no two of them can believe that they hold it.
me=$(uname -n):$$:$(born $$):$(date +%s)
lock=$status/.launching
round=0
until ln -s "$me" "$lock" 2>/dev/null; do
  round=$((round + 1))
  [ $round -lt 1000 ] || { echo "no lock can be made in $status" >&2; echo doubt; exit 0; }
  other=$(readlink "$lock") || continue
  IFS=: read -r other_host other_pid other_born other_time <<END
$other
END
  if [ "$other_host" = "$(uname -n)" ]; then
    [ "$(born "$other_pid")" != "$other_born" ] || { echo busy; exit 0; }
  elif [ $(($(date +%s) - other_time)) -lt 600 ]; then
    echo busy; exit 0
  fi
  # Is it still there, now that its launcher surely is not?
  [ "$(readlink "$lock")" != "$other" ] || lock=$status/.launching.$other
done
held=$lock

know_retry
if [ "$wanted" -gt "$retry" ]; then shift; set_aside "$@"; elif ! is_begun; then set_aside "$retry"; fi
if handle=$(field handle "$status/launched"); then known "$handle"; fi
again=
[ ! -e "$status/.tried" ] || { again=1; look; }
# Each is looked for once here: whoever sees it looks behind it for what began before, which could not see it. A wish that comes
# later is seen by the job itself.
if [ -e "$status/cancel" ] || [ -e "$status/refused" ]; then
  [ -z "$again" ] || look
  [ ! -e "$status/cancel" ] || answer cancelled
  field text "$status/refused" >&2
  answer refused
fi
date +%s >"$status/.tried"
handle=$(scheduler_start)
case $? in
  0) known "$handle" ;;
  1) # A refusal is final: no attempt that is still on its way, here or at the scheduler, may come to life after it.
    [ -z "$again" ] || look
    { echo "time=$(date +%s)"; echo "text=$(tr '\n' ' ' <"$status/.said" 2>/dev/null)"; } | record refused || answer doubt
    for owner in "$status"/.owner.*; do [ ! -L "$owner" ] || look; done
    rm -f "$status/.tried"
    answer refused ;;
  *) # No clear answer: the scheduler may have taken it. Look a few times before saying so.
    for patience in 1 2 4; do pause $patience; look; done
    answer doubt ;;
esac
