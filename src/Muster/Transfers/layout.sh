# RUN PREFIX ATTEMPT [copy:AREA | root:AREA]...  lays a run's folder out from the tar archive on standard input.
# Says `has NAME` for what an earlier, broken attempt left in the store, then `ready`, or `done` when there is nothing to lay out;
# reads one line, `gzip` or `plain`, and the archive; ends with `laid` or `failed`. What is printed between is tar's complaint.
run=runs/$1 old=incoming/$2 new=incoming/$2.$3
shift 3

# Checks the content that $1 received; each file is named by its hash.
sums() (
  cd "$1/c" 2>/dev/null || exit 0
  for file in */*; do
    name=${file##*/}
    [ "$name" = "*" ] || echo "${name%.x}  $file"
  done > ../sums
  [ ! -s ../sums ] || sha256sum -c ../sums 2>/dev/null > ../checked
)

# Puts the content that $1 received, all of it checked, into the store. A link never shows half a file.
promote() {
  cp -Rlf "$1/c/." store/
}

salvage() {
  for attempt in "$old".*; do
    [ -d "$attempt/c" ] || continue
    sums "$attempt" || while read -r line; do
      case $line in *": OK") ;; *) rm -f "$attempt/c/${line%: *}" ;; esac
    done < "$attempt/checked"
    for file in "$attempt"/c/*/*; do
      [ ! -f "$file" ] || echo "has ${file#"$attempt/c/"}"
    done
    promote "$attempt" 2>/dev/null   # BusyBox complains of what is there already
    rm -rf "$attempt"
  done
}

receive() {
  read -r packing
  if [ "$packing" = gzip ]; then gzip -dc | tar -xmof - 2>&1; else tar -xmof - 2>&1; fi &&
    [ -e "$new/whole" ]   # an archive cut between two entries looks complete to tar
}

# Gives the run files of its own where it asked for them, or where a read-only mode would not stop it.
separate() {
  for area in "$@"; do
    case $area in root:*) [ "$(id -u)" = 0 ] || continue ;; esac
    area=$new/t/${area#*:}
    mv "$area" "$new/links" && cp -RP "$new/links" "$area" && chmod -R u+w "$area" && rm -rf "$new/links" || return
  done
}

# Every entry appears whole, by one rename; what is there already came from an attempt that was as complete as this one.
settle() {
  for entry in "$new"/t/*; do
    to=$run/${entry##*/}
    [ -e "$to" ] || mv "$entry" "$run/" || [ -e "$to" ] || return
  done
  : > "$run/status/staged"
}

mkdir -p "$run/status" "$run/logs" "$run/out" || exit 1
if [ -e "$run/status/launched" ] || [ -e "$run/status/cancel" ] || [ -e "$run/status/staged" ]; then
  echo done
else
  salvage
  mkdir -p "$new/c" "$new/t" && echo ready || exit 1
  if receive && sums "$new" && promote "$new" && separate "$@" && settle; then
    rm -rf "$old".*
    echo laid
  else
    # The content received is kept for the next attempt.
    rm -rf "$new/t"
    echo failed
    exit 1
  fi
fi
