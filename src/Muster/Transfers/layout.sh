# RUN PREFIX ATTEMPT BYTES [copy:AREA | root:AREA]...  lays a run's folder out from the tar archive on standard input.
# Says how much room there is: `room` and `df`'s line, `kept KB` of an earlier attempt and, where much comes,
# `quota USED SOFT HARD`. Says `has NAME` for what an earlier, broken attempt left in the store, then `ready`, or `done` when there is nothing to lay out;
# reads one line, `gzip` or `plain`, and the archive; ends with `laid`, `done` or `failed`. What is printed between is tar's complaint.
run=runs/$1 old=incoming/$2 new=incoming/$2.$3 bytes=$4
shift 4

# What is free where the root is. Quotas are asked for where much comes: a server may take long to tell them.
room() {
  line=$(df -Pk . 2>/dev/null | tail -n 1)
  echo "room $line"
  [ ! -d "$old.parts" ] || echo "kept $(du -sk "$old.parts" 2>/dev/null | cut -f1)"
  [ "$bytes" -ge 100000000 ] || return 0
  limited=; ! command -v timeout >/dev/null 2>&1 || limited="timeout 5"
  ! command -v lfs >/dev/null 2>&1 ||
    $limited lfs quota -q -u "$(id -un)" "${line##* }" 2>/dev/null | quotas "${line##* }"
  ! command -v quota >/dev/null 2>&1 || $limited quota -w 2>/dev/null | quotas "${line%% *}"
}

# Of lines FILESYSTEM USED SOFT HARD, all in KB, that of $1.
quotas() {
  while read -r name used soft hard rest; do
    [ "$name" != "$1" ] || echo "quota ${used%\*} $soft $hard"
  done
}

# Checks the content that $1 received; each file is named by its hash.
sums() (
  cd "$1/c" 2>/dev/null || exit 0
  for file in */*; do
    name=${file##*/}
    [ "$name" = "*" ] || echo "${name%.x}  $file"
  done > ../sums
  [ ! -s ../sums ] || sha256sum -c ../sums 2>/dev/null > ../checked
)

# Brings the content that $1 received, all of it checked, into the store. A rename or a link never shows half a file, and whoever else brings
# the same does no harm: what the quick ways leave, in one process for all, is moved folder by folder.
promote() {
  from=$1/c
  set --
  for folder in "$from"/*; do
    [ -d "store/${folder##*/}" ] || [ ! -d "$folder" ] || set -- "$@" "$folder"
  done
  [ $# = 0 ] || mv "$@" store/ 2>/dev/null
  set --
  for folder in "$from"/*; do
    [ ! -d "$folder" ] || set -- "$@" "$folder"
  done
  [ $# != 0 ] || return 0
  ! cp -Rl "$@" store/ 2>/dev/null || return 0
  for folder do
    mkdir -p "store/${folder##*/}" 2>/dev/null   # GNU's fails when another makes the same; without the folder `mv` fails
    set --
    for file in "$folder"/*; do
      [ -e "store/${folder##*/}/${file##*/}" ] || set -- "$@" "$file"
    done
    [ $# = 0 ] || mv -f "$@" "store/${folder##*/}" || return
  done
}

# Takes over what earlier attempts received. Each is moved aside first: one that is still alive then adds nothing unchecked.
salvage() {
  for attempt in "$old".*; do
    [ "$attempt" != "$new" ] && [ -d "$attempt/c" ] && mv "$attempt" "$new/old" 2>/dev/null || continue
    sums "$new/old" || while read -r line; do
      case $line in *": OK") ;; *) rm -f "$new/old/c/${line%: *}" ;; esac
    done < "$new/old/checked"
    for file in "$new"/old/c/*/*; do
      [ ! -f "$file" ] || echo "has ${file#"$new/old/c/"}"
    done
    for folder in "$new"/old/c/*; do rmdir "$folder" 2>/dev/null; done
    promote "$new/old"
    rm -rf "$new/old"
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
  rm -rf "$old".*
  echo done
else
  room
  mkdir -p "$new/c" "$new/t" && salvage && echo ready || exit 1
  # An archive that came whole was guarded by the connection; only what a broken one left has to be hashed.
  if receive && promote "$new" && separate "$@" && settle; then
    rm -rf "$old".*
    echo laid
  elif [ -e "$run/status/staged" ]; then
    echo done   # an earlier attempt, thought dead, was quicker
  else
    # The content received is kept for the next attempt.
    rm -rf "$new/t"
    echo failed
    exit 1
  fi
fi
