# Runs as plain processes: the supervisors are started here, in sessions of their own. A handle is HOST:PID of the first.
scheduler_start() {
  detach=$(command -v setsid) || detach=
  first=
  cap=${muster_at_once:-0} going=
  for part in $muster_ranks; do
    if [ "$cap" -gt 0 ]; then continue; fi
    $detach sh "$run/supervise" "${part%.*}" "${part##*.}" </dev/null >>"$logs/supervise.log" 2>&1 &
    first=${first:-$!}
  done
  if [ "$cap" -gt 0 ]; then
    # At most so many at once: one starter hands them out in turn.
    $detach sh "$run/turns" </dev/null >>"$logs/supervise.log" 2>&1 &
    first=$!
  fi
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

scheduler_stop() { # they look for the wish by themselves; a signal only makes it quicker. Without a living supervisor, its tree is ended from here.
  for part in $muster_ranks; do
    owner=$(readlink "$status/.owner.$part") || continue
    IFS=: read -r owner_host owner_pid owner_born <<END
$owner
END
    [ "$owner_host" = "$(uname -n)" ] || continue
    if [ "$(born "$owner_pid")" = "$owner_born" ]; then
      kill -TERM "$owner_pid" 2>/dev/null
    elif [ ! -e "$status/$part.exit" ]; then
      end_tree "$muster_grace" "$muster_id/$part" || echo "still there: $end_pids"
      { echo "code=143"; echo "reason=cancelled"; echo "time=$(date +%s)"; echo "host=$owner_host"; } | record "$part.exit"
      set -- "$status"/*.exit
      [ $# -lt "$muster_size" ] || { echo "time=$(date +%s)" | record ended; }
    fi
  done
}
