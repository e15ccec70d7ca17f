#!/bin/sh
# supervise ROLE RANK: runs one rank of this run and keeps its records. The last record it writes is the exit record.
role=$1 rank=$2
run=$(cd "$(dirname "$0")" && pwd -P) || exit 70
me=$role.$rank
status=$run/status logs=$run/logs
. "$run/plan.sh"
. "$run/common.sh"
. "$run/usage.sh"
[ -n "$SLURM_JOB_ID" ] || . "$run/queue.sh"
notice_claimed=
[ -z "$muster_notify" ] || . "$run/notice.sh"
setsid=$(command -v setsid) || setsid=

# Until there is something to stop, a signal only hastens what the records say anyway.
trap : TERM INT USR1
host=$(uname -n)
attempt=${SLURM_RESTART_COUNT:-0}
if [ -n "$SLURM_JOB_ID" ]; then self=slurm:${MUSTER_JOB:-${SLURM_ARRAY_JOB_ID:-$SLURM_JOB_ID}}; else self=$host:$$:$(born $$); fi

# One starter wins for ever, however often the run was launched; a requeued job is the same starter, and of a gang all ranks have the same job.
claim() {
  for claim in ${MUSTER_JOB:+gang} $me; do
    if ! ln -s "$self" "$status/.owner.$claim" 2>/dev/null && [ "$(readlink "$status/.owner.$claim")" != "$self" ]; then
      echo "muster: $claim already belongs to $(readlink "$status/.owner.$claim"); $self steps back" >&2
      exit 0
    fi
  done
}
claim
# A job that comes late may meet another attempt, and claims that, once what the one before has left is set aside. A
# file system may show late that there is one.
know_retry
while ! is_begun || [ "$retry" -lt "${MUSTER_AGAIN:-0}" ]; do
  [ ! -e "$status/cancel" ] || break
  pause 0.5
  know_retry
done
[ "$retry" = 0 ] || claim
begun=$((attempt + $([ "$retry" = 0 ] && echo 0 || field begun "$status/retry.$retry")))

# The last words must find room also when the job has filled the disk.
room_kept=$status/.room.$me
head -c 16384 /dev/urandom >"$room_kept" 2>/dev/null

finish() { # finish CODE REASON
  finish_code=$1 finish_reason=$2
  room=$room_kept
  last=   # no other attempt follows, as far as that can be told here
  [ "$reason" = terminated ] || may_retry "$1" "$2" || last=1
  [ -z "$last" ] || [ -z "$muster_notify" ] || notice_claim "$1" "$2"
  for try in 1 2 3 4 5 6 7 8 9 10; do
    {
      echo "code=$1"
      echo "reason=$2"
      echo "time=$(date +%s)"
      echo "host=$host"
      echo "attempt=$attempt"
      [ -z "$SLURM_JOB_ID" ] || echo "job=$SLURM_JOB_ID"
      [ -z "$survivors" ] || echo "survivors=$survivors"
      [ -z "$cause" ] || echo "cause=$cause"
    } | record "$me.exit" && break
    [ -d "$status" ] || break   # the run was removed
    sleep 6   # somebody may make room
  done
  rm -f "$status/$me.queued"
  [ -n "$SLURM_JOB_ID" ] || queue_give_back
  [ -z "$muster_array" ] || [ -n "$SLURM_JOB_ID" ] || queue_next
  for number in $claimed; do rm -f "$claims/$number"; done
  set -- "$status"/*.exit
  if [ $# -ge "$muster_size" ]; then
    # Of ranks that ended at the same moment, none may have seen that it is the last: whoever sees all claims it first.
    [ -z "$last" ] || [ -z "$muster_notify" ] || notice_claim "$finish_code" "$finish_reason"
    echo "time=$(date +%s)" | record ended
  fi
  rm -f "$room_kept"
  # They hold secrets; a requeued job and another attempt still need them.
  if [ -e "$status/ended" ] && [ -n "$last" ]; then
    rm -f "$run/env.sh" "$run/notices"
    [ -z "$notice_claimed" ] || notice_send ended told
  fi
}

may_retry() { # may_retry CODE REASON: whether another attempt may follow, as far as that can be told here
  [ "$1" != 0 ] && [ "$begun" -lt "${muster_retries:-0}" ] || return 1
  case $2 in
    cancelled|setup|unready|dependency|exhausted|deadline) return 1 ;;
    exited)   # of a signal, SLURM may say that it was for memory
      [ "$1" -le 128 ] || [ -z "$SLURM_JOB_ID" ] || return 0
      case " $muster_retry_on " in *' failed '*) ;; *) return 1 ;; esac ;;
  esac
}

myself() { # by this the host can tell later whether the supervisor is still there
  echo "pid=$$"
  echo "born=$(born $$)"
  echo "boot=$(cat /proc/sys/kernel/random/boot_id 2>/dev/null)"
  echo "attempt=$attempt"
}

survivors=
cause=
queue_name=
claimed=
size=$muster_size
reason=
if [ -e "$status/$me.exit" ]; then mv -f "$status/$me.exit" "$status/.$me.exit.before.$attempt"; rm -f "$status/ended" "$status/told" "$status/$me".port.*; fi
if [ -e "$status/cancel" ] || [ -e "$status/refused" ]; then finish 143 cancelled; exit 0; fi

if [ -n "$muster_retries" ] && [ "$begun" -gt "$muster_retries" ]; then
  cause="it was begun again $muster_retries times, as often as --retry allows"
  finish 1 exhausted
  exit 1
fi
if [ "$begun" != 0 ] && [ -n "$muster_retries" ]; then
  said=$(field after "$status/retry.$retry")
  echo "muster: retry $begun of $muster_retries, after ${said:-a requeue by SLURM}" >>"$logs/$me.err"
  memory=$(field memory "$status/retry.$retry")
  if [ -n "$memory" ] && [ -n "$muster_wants" ]; then
    IFS=: read -r cpus _ gpus <<END
${muster_wants#*=}
END
    muster_wants=main=$cpus:$memory:$gpus
  fi
fi

# too_late: the time has come by which it was to have ended.
too_late() {
  [ -n "$muster_deadline" ] && [ "$(date +%s)" -ge "$muster_deadline" ] || return 1
  cause="its deadline passed"
}

# A run may be asked not to begin before a time; SLURM keeps that by itself.
if [ -z "$SLURM_JOB_ID" ] && [ -n "$muster_at" ] && [ "$(date +%s)" -lt "$muster_at" ]; then
  { echo "host=$host"; myself; echo "time=$(date +%s)"; echo "until=$muster_at"; } | record "$me.queued"
  while [ "$(date +%s)" -lt "$muster_at" ]; do
    [ -d "$status" ] || exit 1
    if [ -e "$status/cancel" ] || [ -e "$status/refused" ]; then finish 143 cancelled; exit 0; fi
    sleep 1
  done
  rm -f "$status/$me.queued"
fi

# A run may wait for others on the same site: all must have ended well.
for other in $muster_after; do
  echo "run=$other" | record "$me.waiting"
  while [ ! -e "$run/../$other/status/ended" ]; do
    [ -d "$status" ] || exit 1
    if [ -e "$status/cancel" ]; then finish 143 cancelled; exit 0; fi
    if too_late; then finish 143 deadline; exit 0; fi
    pause 0.5
  done
  for record in "$run/../$other/status"/*.exit; do
    [ "$(field code "$record")" = 0 ] || { echo "run=$other" | record "note.after"; finish 1 dependency; exit 0; }
  done
done
rm -f "$status/$me.waiting"
if too_late; then finish 143 deadline; exit 0; fi
[ -z "$muster_gang" ] || . "$run/gang.sh"
[ -n "$SLURM_JOB_ID" ] || queue_take

# listening FILE: calls `listener ADDRESS PORT UID INODE` for each listening socket of /proc/net/tcp or tcp6.
listening() {
  while read -r _ local_end _ state _ _ _ uid _ inode _; do
    [ "$state" = 0A ] && listener "${local_end%:*}" $((0x${local_end##*:})) "$uid" "$inode"
  done <"$1" 2>/dev/null
}

busy() { # busy PORT: something listens there
  taken=
  wanted_port=$1
  listener() { [ "$2" != "$wanted_port" ] || taken=1; }
  listening /proc/net/tcp; listening /proc/net/tcp6
  [ -n "$taken" ]
}

# own_port: a port that is free here, claimed against our other runs, and none that the system gives to outgoing connections by itself.
claims=$run/../../ports/$host
own_port() {
  mkdir -p "$claims"
  while :; do
    set -- $(od -An -N2 -tu2 /dev/urandom)
    candidate=$((20000 + $1 % 12000))
    ! busy $candidate || continue
    # One that nobody has is taken also where nothing can be written any more.
    ln -s "$mark" "$claims/$candidate" 2>/dev/null || [ ! -h "$claims/$candidate" ] || continue
    echo $candidate
    return
  done
}

mark=$muster_id/$me
ports=
for port in $muster_ports; do
  name=${port%%=*} number=${port#*=}
  [ -n "$number" ] || { number=$(own_port); claimed="$claimed $number"; }
  ports="$ports $name=$number"
  upper=$(printf %s "$name" | tr 'a-z.-' 'A-Z__')
  eval "MUSTER_PORT_$upper=$number; export MUSTER_PORT_$upper"
done
[ -z "$muster_gang" ] || join

report_port() { # report_port NAME ADDRESS PORT
  case $2 in 00000000|00000000000000000000000000000000) address=any ;; 0100007F|*01000000) address=loopback ;; *) address=own ;; esac
  { echo "host=$host"; echo "address=$address"; echo "port=$3"; echo "attempt=$attempt"; echo "time=$(date +%s)"; } | record "$me.port.$1"
}

# Ports named at submission: reported once somebody of ours listens there (a container's ports belong to its engine).
my_uid=$(id -u)
see_named_ports() {
  waiting_ports=
  for port in $ports; do
    name=${port%%=*} number=${port#*=} found=
    listener() { [ "$2" = "$number" ] && { [ "$3" = "$my_uid" ] || [ -n "$muster_container" ]; } && found=$1; }
    listening /proc/net/tcp; [ -n "$found" ] || listening /proc/net/tcp6
    if [ -n "$found" ]; then report_port "$name" "$found" "$number"; else waiting_ports="$waiting_ports $port"; fi
  done
  ports=$waiting_ports
}

# A companion takes a port that the system gives it; the port is found by the sockets that its processes hold.
see_companion_ports() {
  waiting_companions=
  for companion in $companions; do
    name=${companion%%=*} session=${companion#*=}
    [ -d "/proc/$session" ] || continue
    inodes=' '
    for pid in $(tree "" "$session"); do
      inodes="$inodes$(ls -l "/proc/$pid/fd" 2>/dev/null) "
    done
    found=
    listener() { case $inodes in *"socket:[$4]"*) found="$1 $2" ;; esac; }
    listening /proc/net/tcp; [ -n "$found" ] || listening /proc/net/tcp6
    if [ -n "$found" ]; then report_port "$name" $found; else waiting_companions="$waiting_companions $companion"; fi
  done
  companions=$waiting_companions
}

# note_times: how long the logs are by now. So a reader can tell when which byte came, to the second, and the job writes
# straight into its files all the same. While nothing is written, nothing is started for it; what is written while it
# looks is noted with what follows, or at the end: `note_times last`.
note_times() {
  [ -n "$1" ] || [ ! "$logs/$me.out" -ot "$logs/$me.times" ] || [ ! "$logs/$me.err" -ot "$logs/$me.times" ] || return 0
  set -- $(stat -c '%s %Y' "$logs/$me.out" "$logs/$me.err" 2>/dev/null)
  [ $# = 4 ] || return 0
  [ "$2" -gt "$4" ] || set -- "$1" "$4" "$3"
  if [ "$1 $3" = "$noted" ]; then touch "$logs/$me.times"; else echo "$2 $1 $3" 2>/dev/null >>"$logs/$me.times"; fi
  noted="$1 $3"
}

watch() { # tells the supervisor of cancel wishes and the time limit, and reports ports
  round=0
  while :; do
    [ ! -e "$status/cancel" ] || kill -TERM $$ 2>/dev/null || exit 0
    if [ -n "$muster_time" ] && [ $(($(date +%s) - began)) -ge "$muster_time" ]; then
      : >"$status/.limit.$me"; kill -TERM $$ 2>/dev/null || exit 0
    fi
    if too_late; then
      : >"$status/.late.$me"; kill -TERM $$ 2>/dev/null || exit 0
    fi
    [ -z "$ports" ] || see_named_ports
    [ -z "$companions" ] || see_companion_ports
    [ -z "$muster_gang" ] || watch_gang
    note_times
    round=$((round + 1))
    if [ -n "$ports$companions$awaited" ] && [ $round -lt 240 ]; then pause 0.25
    else sleep 1; usage_round=$((usage_round + 1)); fi
    [ -d "/proc/$$" ] || exit 0
    [ $usage_round -lt $usage_due ] || usage_sample
  done
}

out_of_memory() { # how often this control group was killed for memory
  group=$(cat /proc/self/cgroup 2>/dev/null)
  case $group in 0::*) field_events=/sys/fs/cgroup${group#0::}/memory.events ;; *) echo 0; return ;; esac
  while read -r event count; do [ "$event" != oom_kill ] || { echo "$count"; return; }; done <"$field_events" 2>/dev/null
  echo 0
}

session_of() { # starts "$@" in a session of its own, with the mark by which everything it starts is known
  MUSTER_MARK=$mark MUSTER_RUN_ID=$muster_id MUSTER_ROLE=$role MUSTER_RANK=$rank MUSTER_SIZE=$size \
  MUSTER_RUN_DIR=$run MUSTER_CODE=$code_folder MUSTER_IN=$run/in MUSTER_OUT=$out MUSTER_STATUS=$status \
  MUSTER_RETRY=$begun \
    exec $setsid "$@"
}

shell=$(command -v bash) || shell=sh
kills_before=$(out_of_memory)
began=$(date +%s)
reason=exited
near=
again=
companions=
awaited=${awaited:-}
stop() {
  again=1
  [ "$reason" = exited ] || return 0
  if [ -e "$status/cancel" ]; then reason=cancelled
  elif [ -e "$status/.late.$me" ]; then reason=deadline cause="its deadline passed"
  elif [ -e "$status/.limit.$me" ] || [ -n "$near" ] || [ -e "$status/.near.$attempt" ]; then reason=timed-out
  else
    reason=terminated
    [ -z "$muster_gang" ] || told_why
  fi
  end_tree "$muster_grace" "$mark" "$child" || survivors=$(echo $end_pids)
}
child=
noted=
true 2>/dev/null >>"$logs/$me.times"   # not `:`, which would end the shell where the disk is full
trap 'again=1; near=1' USR1
trap stop TERM INT

mkdir -p "$run/code/$muster_folder"   # without a snapshot, or with an empty one, there is nothing yet
out=$run/out code_folder=$run/code
if [ -n "$muster_array" ]; then
  # The indices of an array do the same at the same time: each has results of its own, and where files are taken from the folder
  # that the command runs in, that folder, too. Code that is linked to the store is read-only there, so it may be linked once more.
  out=$run/out/$rank
  mkdir -p "$out"
  if [ -s "$run/outputs" ]; then
    code_folder=$run/work/$rank
    rm -rf "$code_folder"
    links=
    [ -z "$(find "$run/code" -type f -links +1 2>/dev/null | head -n 1)" ] || links=-l
    if ! mkdir -p "$code_folder" || { ! cp -RP $links "$run/code/." "$code_folder/" 2>/dev/null && ! cp -RPp "$run/code/." "$code_folder/"; }; then
      cause="its own copy of the code could not be made in $code_folder"
      finish 1 unready
      exit 1
    fi
  fi
fi
cd "$code_folder" || exit 70
rm -f "$status/.setup.$me"
for companion in $muster_companions; do
  ( session_of "$shell" "$run/companion.$companion" ) </dev/null >>"$logs/$companion.$rank.out" 2>&1 &
  companions="$companions $companion=$!"
done
usage_own
usage_began=$own_children
usage_write 0 - - - -
input=/dev/null
[ -z "$muster_stdin" ] || input=$run/stdin/input
set -- "$shell" "$run/job"
[ -z "$muster_tty" ] || { export muster_tty; set -- sh "$run/tty.sh" "$status/.tty.$me" "$@"; }
( session_of "$@" ) <"$input" >>"$logs/$me.out" 2>>"$logs/$me.err" &
child=$!
[ -z "$muster_notify" ] || notice_starts
{
  echo "time=$began"
  echo "host=$host"
  myself
  echo "command=$child"
  [ -z "$SLURM_JOB_ID" ] || { echo "job=$SLURM_JOB_ID"; echo "handle=${self#slurm:}"; echo "nodes=$SLURM_JOB_NODELIST"; }
} | record "$me.started"
if [ -n "$muster_notify" ] && [ -n "$notice_starting" ]; then
  ( notice_send started told.start ) </dev/null >/dev/null 2>&1 &
fi
if [ -n "$queue_name" ]; then
  echo "$child" >"$queue/$queue_name"
  rm -f "$status/$me.queued"
fi
watch </dev/null >/dev/null 2>&1 &
watcher=$!

while :; do
  again=
  wait $child
  code=$?
  [ -n "$again" ] || break
done
trap '' TERM INT USR1
[ "$reason" = exited ] || [ $code != 127 ] || code=143   # some shells forget a child that ended while they were ending its tree
kill $watcher 2>/dev/null
noted=
note_times last
usage_end
[ "$reason" != released ] || code=0
# A scheduler that ends a step for one rank's sake signals every process of it, so that the command may end before this shell hears of it.
[ "$reason" != exited ] || [ "$code" -le 128 ] || [ -z "$muster_gang" ] || ! failed || reason=stopped

# The job ended before its command had begun: a line of setup failed, or ended the shell.
if [ "$reason" = exited ] && [ -s "$status/.setup.$me" ]; then
  IFS= read -r cause <"$status/.setup.$me"
  cause="$cause (ended with $code, so the command was not started)"
  reason=setup code=78
fi

# Whatever the command left behind ends with it; a viewer may be asked to stay, and then keeps only itself.
if [ "$reason" = exited ] && [ "$code" -gt 128 ] && [ "$(out_of_memory)" != "$kills_before" ]; then reason=out-of-memory; fi
if [ -z "$muster_stay" ] || [ "$reason" != exited ]; then
  end_tree "$muster_grace" "$mark" "$child" || survivors=$(echo $end_pids)
fi

# Outputs named at submission are gathered in out/, as links where the file system allows it.
if [ -s "$run/outputs" ]; then
  gather() {
    case $1 in ./out/*|/*|../*|*/../*) return ;; esac
    mkdir -p "$out/$(dirname "$1")"
    cp -RPl "$1" "$out/$(dirname "$1")/" 2>/dev/null || cp -RPp "$1" "$out/$(dirname "$1")/"
  }
  cd "$code_folder/$muster_folder" 2>/dev/null && while IFS= read -r pattern; do
    case $pattern in
      *'**'*)
        find . -type f -path "./$pattern" >"$status/.found.$me" 2>/dev/null
        while IFS= read -r found; do gather "$found"; done <"$status/.found.$me"
        rm -f "$status/.found.$me" ;;
      *)
        IFS=
        for found in $pattern; do [ ! -e "$found" ] && [ ! -L "$found" ] || gather "./$found"; done
        unset IFS ;;
    esac
  done <"$run/outputs"
fi

finish "$code" "$reason"
if [ -n "$muster_stay" ] && [ "$reason" = exited ]; then
  until=$(($(date +%s) + muster_stay))
  while [ "$(date +%s)" -lt "$until" ] && [ ! -e "$status/cancel" ]; do sleep 1; done
  end_tree "$muster_grace" "$mark" "$child"
fi
cd "$run"
[ "$code_folder" = "$run/code" ] || rm -rf "$code_folder"
exit "$code"
