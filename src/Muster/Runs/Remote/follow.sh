# follow ROOT ID [once] [LOG=OFFSET …]: sends what is new of one run, for as long as it lives.
# Frames: `L NAME OFFSET LENGTH` with as many bytes and a line end behind it, `R NAME` with ` KEY=VALUE` lines and `.`, `G NAME` for a record
# that is gone, `X RANK gone|rebooted` for a supervisor that this host misses, `T` after whatever was new and every second or so, `A` when the folder is not there, `E` at the end.
root=$1 id=$2; shift 2
case $root in '~') root=$HOME ;; '~/'*) root=$HOME/${root#??} ;; esac
once=
[ "$1" != once ] || { once=1; shift; }
run=$root/runs/$id
offsets=" $* "
seen=
rounds=0
idle=0

pause() { sleep "$1" 2>/dev/null || sleep 1; }

send_log() { # send_log NAME SIZE
  case $offsets in *" $1="*) at=${offsets#*" $1="}; at=${at%% *} ;; *) at=0; offsets="$offsets$1=0 " ;; esac
  while [ "$at" -lt "$2" ]; do
    length=$(($2 - at))
    [ $length -le 1048576 ] || length=1048576
    printf 'L %s %s %s\n' "$1" "$at" $length || exit 0
    tail -c +$((at + 1)) "$run/logs/$1" | head -c $length || exit 0
    echo || exit 0
    new=$((at + length))
    offsets="${offsets%%" $1=$at "*} $1=$new ${offsets#*" $1=$at "}"
    at=$new
    idle=0
  done
}

send_record() { # send_record NAME
  echo "R $1" || exit 0
  here= pid= booted=
  while IFS= read -r line; do
    echo " $line"
    case $line in host="$host") here=1 ;; pid=*) pid=${line#*=} ;; boot="$boot") booted=1 ;; esac
  done <"$run/status/$1"
  echo . || exit 0
  case $1 in *.started|*.address|*.queued) [ -z "$here" ] || watch_for "${1%.*}" "${booted:+$pid}" ;; esac
}

watch_for() { # watch_for RANK PID: of a rank, only its last supervisor
  kept=' '
  for other in $watched; do [ "${other%%:*}" = "$1" ] || kept="$kept$other "; done
  watched="$kept$1:$2 "
}

[ -d "$run" ] || { echo A; [ -z "$once" ] || exit 0; }
ended=
host=$(uname -n)
boot=$(cat /proc/sys/kernel/random/boot_id 2>/dev/null)
watched=' '
while :; do
  # The end is looked for before the logs are: nothing can be written after it that would be missed.
  [ ! -e "$run/status/ended" ] || ended=1
  stats=$(cd "$run" 2>/dev/null && stat -c '%s %Y.%i %n' status/*[!.]* logs/*.out logs/*.err logs/slurm.log 2>/dev/null)
  now=' '
  while read -r size mark name; do
    case $name in
      status/*)
        name=${name#status/}
        now="$now$name:$size.$mark "
        case $seen in *" $name:$size.$mark "*) ;; *) send_record "$name"; idle=0 ;; esac ;;
      logs/slurm.log)
        now="$now$name:$size.$mark "
        case $seen in *" $name:$size.$mark "*) continue ;; esac
        killed=$(grep -m 1 -i -E 'exceeded (job |step )?memory limit|oom.kill' "$run/$name") && { printf 'R memory\n text=%s\n.\n' "$killed" || exit 0; idle=0; } ;;
      logs/*) [ "$size" = 0 ] || send_log "${name#logs/}" "$size" ;;
    esac
  done <<END
$stats
END
  for entry in $seen; do
    name=${entry%%:*}
    case $now in *" $name:"*) ;; *) echo "G $name" || exit 0 ;; esac
  done
  seen=$now
  [ $idle != 0 ] || echo T || exit 0
  [ -z "$ended" ] || { echo E; exit 0; }
  [ -z "$once" ] || exit 0
  rounds=$((rounds + 1))
  idle=$((idle + 1))
  if [ $((rounds % 4)) = 0 ]; then
    for entry in $watched; do
      [ ! -e "$run/status/${entry%%:*}.exit" ] || continue
      if [ -z "${entry#*:}" ]; then echo "X ${entry%%:*} rebooted"; elif [ ! -d "/proc/${entry#*:}" ]; then
        at=$(full "$run")
        [ -z "$at" ] || printf 'R disk\n text=%s\n.\n' "$at"
        echo "X ${entry%%:*} gone"
      fi
    done
    # One that was killed before its first record is known by its claim alone.
    for owner in "$run"/status/.owner.*.*; do
      rank=$run/status/${owner##*/.owner.}
      [ -L "$owner" ] && [ ! -e "$rank.started" ] && [ ! -e "$rank.queued" ] && [ ! -e "$rank.address" ] || continue
      owner=$(readlink "$owner")
      case $owner in "$host":*) owner=${owner#*:} ;; *) continue ;; esac
      [ -d "/proc/${owner%%:*}" ] || [ -e "$rank.exit" ] || echo "X ${rank##*/} gone"
    done
    echo T || exit 0
  fi
  # Quiet runs are looked at less often; one that waits in a queue, less often still.
  if [ $idle -lt 50 ]; then pause 0.1
  else case $seen in *.started:*) pause 0.2 ;; *) if [ $idle -lt 300 ]; then pause 0.25; else echo T; sleep 1; fi ;; esac
  fi
done
