# What a rank does as one of several. It decides by records in its own folder alone: those of ranks on other hosts are carried there, as .peer.*.
rm -f "$status"/.*."$me".cause
# Programs that pass a path on to ranks elsewhere find it there, too.
[ -e "$run/../$muster_id" ] || ln -s "${run##*/}" "$run/../$muster_id" 2>/dev/null
cause=

# seen RANK KIND: there is such a record of this attempt, in $seen.
seen() {
  for seen in "$status/$1.$2" "$status/.peer.$1.$2"; do
    [ -e "$seen" ] && [ "$(field attempt "$seen")" = "$attempt" ] && return 0
  done
  return 1
}

# failed: another rank failed by itself; $cause says which and how.
failed() {
  for other in $muster_gang; do
    [ "$other" != "$me" ] && seen "$other" exit || continue
    why=$(field reason "$seen") code_there=$(field code "$seen")
    case $why:$code_there in stopped:*|released:*|exited:0) continue ;; esac
    case $why in exited) why="exited with $code_there" ;; setup) why=$(field cause "$seen") ;; esac
    cause="$other on $(field host "$seen"): $why"
    return 0
  done
  return 1
}

# over: this rank only serves others, and those have all ended well.
over() {
  for other in $muster_work; do
    [ "$other" != "$me" ] && seen "$other" exit || return 1
  done
}

# give_up: ends this rank before its command has begun, where there is a reason to.
give_up() {
  if [ -e "$status/cancel" ]; then finish 143 cancelled
  elif failed; then finish 143 stopped
  elif over; then finish 0 released; exit 0
  elif [ -n "$told" ]; then finish 143 terminated
  elif [ "$(date +%s)" -ge "$patience_ends" ]; then cause=$1; finish 1 unready
  else return 0
  fi
  exit 1
}

# own_address: how the other hosts reach this one. A login came to the address that SSH tells.
own_address() {
  if [ -n "$SLURM_JOB_ID" ]; then echo "${SLURMD_NODENAME:-$host}"; return; fi
  set -- $SSH_CONNECTION
  case $3 in
    ''|127.*|::1)
      [ "$muster_hosts" -gt 1 ] || { echo 127.0.0.1; return; }
      set -- $(hostname -I 2>/dev/null || ip -o -4 addr show scope global 2>/dev/null | sed 's/.* inet \([0-9.]*\).*/\1/')
      echo "${1:-$host}" ;;
    *) echo "$3" ;;
  esac
}

# announce: what each rank is told of all.
announce() {
  for group in $muster_roles; do
    upper=$(printf %s "$group" | tr 'a-z.-' 'A-Z__') hosts= addresses= count=0
    for other in $muster_gang; do
      [ "${other%.*}" = "$group" ] && seen "$other" address || continue
      hosts="$hosts${hosts:+ }$(field address "$seen")"
      addresses="$addresses${addresses:+ }$(field address "$seen"):$(field port "$seen")"
      count=$((count + 1))
    done
    eval "MUSTER_HOSTS_$upper=\$hosts MUSTER_ADDRESSES_$upper=\$addresses MUSTER_SIZE_$upper=\$count"
    export "MUSTER_HOSTS_$upper" "MUSTER_ADDRESSES_$upper" "MUSTER_SIZE_$upper"
    [ "$group" != "$role" ] || { size=$count; MUSTER_PEERS=$addresses; }
  done
  MUSTER_ROLES=$muster_roles
  export MUSTER_ROLES MUSTER_PEERS
  [ "$me" = "${muster_work%% *}" ] || muster_companions=
}

# join: tells where this rank is, waits until all have, and until those listen that have to be there before it.
join() {
  told=
  trap told=1 TERM INT USR1
  patience_ends=$(($(date +%s) + muster_patience))
  MUSTER_ADDRESS=$(own_address) MUSTER_PORT=$(own_port) claimed="$claimed $MUSTER_PORT"
  export MUSTER_ADDRESS MUSTER_PORT
  { echo "host=$host"; echo "address=$MUSTER_ADDRESS"; echo "port=$MUSTER_PORT"; myself; echo "time=$(date +%s)"; } | record "$me.address"
  while :; do
    missing=
    for other in $muster_gang; do seen "$other" address || missing="$missing $other"; done
    [ -n "$missing" ] || break
    give_up "for $muster_patience s nothing was heard of$missing"
    pause 0.2
  done
  announce
  for group in $muster_listening; do
    [ "$group" != "$role" ] || break
    for server in $muster_gang; do
      [ "${server%.*}" = "$group" ] || continue
      until seen "$server" ready; do
        give_up "for $muster_patience s $server did not listen on its port"
        pause 0.2
      done
    done
  done
  ! busy "$MUSTER_PORT" || { cause="its port $MUSTER_PORT on $host was taken before it began"; finish 1 unready; exit 1; }
  trap : TERM INT USR1
  case " $muster_listening " in *" $role "*) awaited=$MUSTER_PORT ;; *) awaited= ;; esac
}

# watch_gang: is it time to end this rank for the others' sake? And does it listen, where they wait for that?
watch_gang() {
  if [ -n "$awaited" ]; then
    if busy "$awaited"; then
      { echo "host=$host"; echo "port=$awaited"; echo "attempt=$attempt"; echo "time=$(date +%s)"; } | record "$me.ready"
      awaited=
    elif [ "$(date +%s)" -ge "$patience_ends" ]; then
      end_for unready "for $muster_patience s it did not listen on its port $awaited (\$MUSTER_PORT)"
    fi
  fi
  if failed; then end_for stopped "$cause"; elif over; then end_for released ""; fi
}

end_for() { # end_for REASON CAUSE
  echo "$2" >"$status/.$1.$me.cause"
  kill -TERM $$ 2>/dev/null || exit 0
}

# told_why: the reason for a signal that this rank got, in $reason and $cause.
told_why() {
  for kind in unready stopped released; do
    [ -e "$status/.$kind.$me.cause" ] || continue
    read -r cause <"$status/.$kind.$me.cause"
    reason=$kind
    return 0
  done
  ! failed || reason=stopped
}
