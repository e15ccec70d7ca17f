# Runs as plain processes: the supervisors are started here, in sessions of their own, and wait in line by themselves. A handle is
# HOST:PID of the first.
scheduler_start() {
  detach=$(command -v setsid) || detach=
  first=
  standing=0
  for part in $muster_ranks; do
    # Of an array four stand in line, and each lets the next come.
    if [ -n "$muster_array" ] && [ $standing -ge 4 ]; then break; fi
    $detach sh "$run/supervise" "${part%.*}" "${part##*.}" </dev/null >>"$logs/supervise.log" 2>&1 &
    first=${first:-$!}
    standing=$((standing + 1))
  done
  echo "$(uname -n):$first"
}

scheduler_find() { # a supervisor that has started has left its mark
  for owner in "$status"/.owner.*; do
    [ -L "$owner" ] || continue
    owner=$(readlink "$owner")
    echo "${owner%:*}"
    return 0
  done
  return 0
}

# scheduler_gone: nothing of the attempt that is to be followed by another is left here. A supervisor that has written
# its last record gets the time to leave; without one, what its command has started is ended.
scheduler_gone() {
  for part in $muster_ranks; do
    owner=$(readlink "$status/.owner.$part") || continue
    IFS=: read -r owner_host owner_pid owner_born <<END
$owner
END
    [ "$owner_host" = "$(uname -n)" ] || return 1
    for patience in 1 2 3 4 5 6 7 8 9 10; do
      [ "$owner_pid" != 0 ] && [ "$(born "$owner_pid")" = "$owner_born" ] || break
      [ $patience -lt 10 ] || return 1
      pause 0.2
    done
    end_tree "$muster_grace" "$muster_id/$part" >&2 || return 1
  done
}

scheduler_stop() { # they look for the wish by themselves; a signal only makes it quicker. Without a living supervisor, its tree is ended from here.
  for part in $muster_ranks; do
    # An index that nobody has begun is taken, so that nobody does.
    if [ -n "$muster_array" ] && ln -s "$(uname -n):0:" "$status/.owner.$part" 2>/dev/null; then cancelled "$(uname -n)"; continue; fi
    owner=$(readlink "$status/.owner.$part") || continue
    IFS=: read -r owner_host owner_pid owner_born <<END
$owner
END
    [ "$owner_host" = "$(uname -n)" ] || continue
    if [ "$owner_pid" != 0 ] && [ "$(born "$owner_pid")" = "$owner_born" ]; then
      kill -TERM "$owner_pid" 2>/dev/null
    elif [ ! -e "$status/$part.exit" ]; then
      end_tree "$muster_grace" "$muster_id/$part" || echo "still there: $end_pids"
      cancelled "$owner_host"
    fi
  done
}

cancelled() { # cancelled HOST: the record of a rank that has no supervisor
  { echo "code=143"; echo "reason=cancelled"; echo "time=$(date +%s)"; echo "host=$1"; } | record "$part.exit"
  set -- "$status"/*.exit
  [ $# -lt "$muster_size" ] || { echo "time=$(date +%s)" | record ended; }
}
