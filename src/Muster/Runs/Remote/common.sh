# What launch and supervise share. POSIX sh and coreutils (or BusyBox) are all it needs.

# record NAME <text: status/NAME appears whole or not at all, and outlives a power cut. On a full disk the room that is
# kept in the file $room is given up for it, and the record says so.
record() {
  record_text=$(cat)
  [ "${retry:-0}" = 0 ] || record_text="$record_text
retry=$retry"
  record_said=$(write_record "$1" 2>&1) && return 0
  [ -n "$room" ] && rm -f "$room" "$status/.$1.$$" || return 1
  record_text="$record_text
unwritten=${record_said##*: }"
  write_record "$1"
}

write_record() {
  printf '%s\n' "$record_text" | cat >"$status/.$1.$$" || return 1
  sync "$status/.$1.$$" 2>/dev/null
  mv -f "$status/.$1.$$" "$status/$1"
}

# know_retry: which attempt this is, by the records of those that were begun after another had ended.
know_retry() {
  retry=0
  while [ -e "$status/retry.$((retry + 1))" ]; do retry=$((retry + 1)); done
}

# is_begun: what the attempt before has left is set aside.
is_begun() { [ "$retry" = 0 ] || [ -e "$status/.begun.$retry" ]; }

# born PID: when that process started, so that a number used again is told apart.
born() {
  read -r stat_line <"/proc/$1/stat" 2>/dev/null || return 1
  set -- ${stat_line##*) }
  [ "$1" != Z ] || return 1   # it has ended; only its parent has not looked yet
  shift 19
  echo "$1"
}

# field NAME FILE: the value of NAME= in a record.
field() {
  while IFS= read -r field_line; do
    case $field_line in "$1="*) printf '%s\n' "${field_line#*=}"; return 0 ;; esac
  done 2>/dev/null <"$2"
  return 1
}

# tree MARK [SESSION …]: every process that carries the mark in its environment or belongs to one of the sessions.
tree() {
  tree_marked=
  [ -z "$1" ] || tree_marked=" $(echo $(grep -zslxF "MUSTER_MARK=$1" /proc/[0-9]*/environ 2>/dev/null)) "
  shift
  tree_sessions=" $* "
  for tree_proc in /proc/[0-9]*; do
    tree_pid=${tree_proc#/proc/}
    [ -O "$tree_proc" ] && [ "$tree_pid" != $$ ] || continue
    read -r tree_stat 2>/dev/null <"$tree_proc/stat" || continue
    set -- ${tree_stat##*) }
    case $1 in Z|X) continue ;; esac
    case $tree_sessions$tree_marked in *" $4 "*|*" $tree_proc/environ "*) echo "$tree_pid" ;; esac
  done 2>/dev/null
}

# end_tree GRACE MARK [SESSION …]: TERM, after GRACE seconds KILL, until nothing is left. Fails if something survives even that.
end_tree() {
  end_by=$(($(date +%s) + $1)); shift
  end_signal=TERM
  end_told=
  while :; do
    end_pids=$(tree "$@")
    [ -n "$end_pids" ] || return 0
    if [ $end_signal = KILL ]; then
      kill -KILL $end_pids 2>/dev/null
    else
      for end_pid in $end_pids; do
        case " $end_told " in *" $end_pid "*) ;; *) end_told="$end_told $end_pid"; kill -TERM $end_pid 2>/dev/null; kill -CONT $end_pid 2>/dev/null ;; esac
      done
    fi
    end_now=$(date +%s)
    [ "$end_now" -lt "$end_by" ] || end_signal=KILL
    [ "$end_now" -lt $((end_by + 10)) ] || return 1
    pause 0.2
  done
}

# pause SECONDS, in parts of a second where sleep knows them.
pause() { sleep "$1" 2>/dev/null || sleep 1; }
