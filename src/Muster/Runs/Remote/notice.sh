# Tells of the run's end from this host, and of its start after a long wait. Addresses and tokens stand in the file
# `notices`, which only the user can read. curl gets them by its standard input, wget by a file as private: they are
# never words of a command, of a log or of a record.

# notice_by: the program that can do it, if any; BusyBox's wget would need the address as a word.
notice_by() {
  if command -v curl; then return; fi
  wget --version 2>/dev/null | grep -q GNU && command -v wget
}

# notice_weigh RANK HOST CODE REASON CAUSE: of several ranks, the one that says how the run ended.
notice_weigh() {
  case $4:$3 in
    cancelled:*) set -- "$@" 0 cancelled ;;
    timed-out:*|deadline:*) set -- "$@" 1 timed-out ;;
    out-of-memory:*) set -- "$@" 2 out-of-memory ;;
    stopped:*) set -- "$@" 7 failed ;;
    released:*) set -- "$@" 10 succeeded ;;
    *:0) set -- "$@" 9 succeeded ;;
    *) set -- "$@" 4 failed ;;
  esac
  [ "$6" -lt "$notice_weight" ] || return 0
  notice_weight=$6 notice_word=$7 notice_code=$3
  case $4 in
    exited) notice_why="exited with $3" ;;
    unready|setup|deadline) notice_why=$5 ;;
    dependency) notice_why="a run it was waiting for did not succeed" ;;
    *) notice_why="$4, code $3${5:+ ($5)}" ;;
  esac
  notice_why="$1 on $2: $notice_why"
}

# notice_claim CODE REASON: says, before the end is on record, that this host tells of it: then whoever looks does not.
notice_claim() {
  [ -z "$notice_claimed" ] && [ -s "$run/notices" ] || return 0
  set -- "$1" "$2" "$status"/*.exit
  others=$(($# - 2))
  [ -e "$3" ] || others=0
  [ ! -e "$status/$me.exit" ] || others=$((others - 1))
  [ $others -ge $((muster_size - 1)) ] && notice_by >/dev/null || return 0
  notice_weight=99 notice_began=$(date +%s)
  notice_weigh "$me" "$host" "$1" "$2" "$cause"
  for other in "$status"/*.started; do
    other=$(field time "$other") && [ "$other" -lt "$notice_began" ] && notice_began=$other
  done
  for other in "$status"/*.exit; do
    [ -e "$other" ] && [ "$other" != "$status/$me.exit" ] || continue
    rank_there=${other##*/}
    notice_weigh "${rank_there%.exit}" "$(field host "$other")" "$(field code "$other")" "$(field reason "$other")" \
      "$(field cause "$other")"
  done
  case $notice_word in succeeded|cancelled) kind=end ;; *) kind=failure ;; esac
  case " $muster_notify " in *" $kind "*) ;; *) return 0 ;; esac
  notice_read   # before the claim: another rank takes the files away as soon as the end is on record
  ln -s "$self" "$status/.telling.$retry.$attempt" 2>/dev/null || return 0   # another rank does
  notice_claimed=1
  notice_record ended | record told
}

notice_record() { echo "event=$1"; echo "host=$host"; echo "attempt=$attempt"; echo "time=$(date +%s)"; }

# notice_starts: says, before the start is on record, that this host tells of it, as the run has waited for long.
notice_starts() {
  notice_starting=
  case " $muster_notify " in *' start '*) ;; *) return 0 ;; esac
  [ "$begun" = 0 ] && [ -s "$run/notices" ] && notice_by >/dev/null || return 0
  waited=$(stat -c %Y "$status/staged" 2>/dev/null) && waited=$((began - waited)) || return 0
  [ $waited -ge "$muster_long_wait" ] || return 0
  notice_read
  ln -s "$self" "$status/.telling.start" 2>/dev/null || return 0   # another rank does
  notice_starting=1
  notice_record started | record told.start
}

# notice_read: all that is needed, as the files are removed before the first is told.
notice_read() {
  notice_all=$(cat "$run/notices")
  # A cluster's nodes may reach out by a proxy alone, which its site names.
  eval "$(grep -iE "^export (https?_proxy|no_proxy|all_proxy)=('[^']*'|[^' ]*)\$" "$run/env.sh" 2>/dev/null)"
}

# notice_send EVENT RECORD: tells it by all ways at once, and records by which it was.
notice_send() {
  notice_event=$1 notice_name=$2 notice_pids=
  while read -r way method address token topic; do
    ( notice_post && : >"$status/.told.$notice_event.$way" ) </dev/null >/dev/null 2>&1 &
    notice_pids="$notice_pids $!"
  done <<END
$notice_all
END
  for pid in $notice_pids; do wait "$pid"; done
  set --
  for way in "$status/.told.$notice_event".*; do
    [ ! -e "$way" ] || { set -- "$@" "${way##*.told.$notice_event.}"; rm -f "$way"; }
  done
  { notice_record "$notice_event"; echo "sent=$*"; } | record "$notice_name"
}

quoted() { sed 's/[\\"]/\\&/g'; }

# notice_time SECONDS: as a person says it.
notice_time() {
  if [ "$1" -lt 120 ]; then echo "$1 s"; elif [ "$1" -lt 7200 ]; then echo "$(($1 / 60)) min"
  else echo "$(($1 / 3600)) h $(($1 / 60 % 60)) min"
  fi
}

notice_post() {
  if [ "$notice_event" = started ]; then
    title="$muster_name has started"
    text="on $muster_place, $(notice_time $waited) after it was submitted"
    state='"state":"running"'
    [ "$way" != matrix ] || address=${address%-ended}-started   # the server takes one name for one message
  else
    title="$muster_name $notice_word"
    [ "$notice_code" -le 0 ] || title="$title with code $notice_code"
    text="on $muster_place, after $(notice_time $(($(date +%s) - notice_began))): $notice_why"
    state="\"state\":\"ended\",\"outcome\":\"$notice_word\",\"code\":$notice_code"
  fi
  text=$(printf %s "$text" | LC_ALL=C tr '\n' ' ' | LC_ALL=C tr -cd ' -~')
  [ "$way" != slack ] || text=$(printf %s "$text" | sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g')
  text=$(printf %s "$text" | quoted)
  case $way in
    slack) body="{\"text\":\"$title: $text\"}" ;;
    ntfy) body="{\"topic\":\"$topic\",\"title\":\"$title\",\"message\":\"$text\"}" ;;
    matrix) body="{\"msgtype\":\"m.text\",\"body\":\"$title: $text\"}" ;;
    *)
      site=$(printf %s "$muster_site" | quoted)
      body="{\"id\":\"$muster_id\",\"name\":\"$muster_name\",\"site\":\"$site\",$state}"
      body="{\"schema\":1,\"event\":\"$notice_event\",\"title\":\"$title\",\"text\":\"$text\",\"run\":$body}" ;;
  esac
  [ "$token" != - ] || token=
  if command -v curl >/dev/null; then
    {
      printf 'url = "%s"\nrequest = "%s"\n' "$(printf %s "$address" | quoted)" "$method"
      printf 'header = "Content-Type: application/json"\ndata = "%s"\n' "$(printf %s "$body" | quoted)"
      [ -z "$token" ] || printf 'header = "Authorization: Bearer %s"\n' "$(printf %s "$token" | quoted)"
    } | curl -q -s -f -g -o /dev/null --connect-timeout 5 --max-time 10 --config -
    return
  fi
  umask 077
  {
    printf 'method = %s\nbody_data = %s\nheader = Content-Type: application/json\n' "$method" "$body"
    [ -z "$token" ] || printf 'header = Authorization: Bearer %s\n' "$token"
  } >"$run/notices.$notice_event.$way"
  printf '%s\n' "$address" |
    wget -q -O /dev/null --tries=1 --timeout=5 --max-redirect=0 --config="$run/notices.$notice_event.$way" -i -
  set -- $?
  rm -f "$run/notices.$notice_event.$way"
  return "$1"
}
