# ROOT look|remove MINUTES  what a site holds of runs that ended more than MINUTES ago. Reads the ids of runs, one a line.
# look: says `run ID BYTES RESULTS` for those, and for all that left the record of their end so long ago. BYTES are theirs alone.
# remove: takes their folders away (`gone ID`, or `stays ID`), then content that no run holds and that nobody has touched for so long (`swept FILES BYTES`).
# images look|remove: container images that no run names and that none has used for so long, `image BYTES NAME`.
export LC_ALL=C
root=$1 verb=$2 minutes=$3
case $root in '~') root=$HOME ;; '~/'*) root=$HOME/${root#??} ;; esac
cd "$root" 2>/dev/null && [ -d runs ] && [ -d store ] || { echo nothing; exit 0; }

# Sums up `BYTES` of each line.
sum() { total=0 count=0; while read -r bytes; do total=$((total + bytes)) count=$((count + 1)); done; echo "$count $total"; }

look() {
  {
    cat
    find runs -mindepth 3 -maxdepth 3 -path 'runs/*/status/ended' -mmin +"$minutes" | while IFS=/ read -r runs id rest; do echo "$id"; done
  } | sort -u | while read -r id; do
    [ -d "runs/$id/status" ] || continue
    bytes=$(find "runs/$id" -type f -links 1 -exec stat -c %s {} + | sum)
    echo "run $id ${bytes#* } $(find "runs/$id/out" -type f 2>/dev/null | wc -l)"
  done
}

remove() {
  list=incoming/.tidy.$$
  # Chosen before anything is taken away, which would touch it. A BusyBox without -cmin keeps its content.
  find store -type f -cmin +"$minutes" >"$list" 2>/dev/null || : >"$list"
  while read -r id; do
    case $id in '' | */* | .*) continue ;; esac
    [ -d "runs/$id" ] || continue
    # One rename, and it is no run any longer, whatever happens then.
    if mv "runs/$id" "incoming/.gone.$id"; then echo "gone $id"; else echo "stays $id"; fi
  done
  for port in ports/*/*; do   # of one that was killed, and could not give it back
    id=$(readlink "$port") || continue
    [ -d "runs/${id%%/*}" ] || rm -f "$port"
  done
  for old in incoming/.gone.*; do
    [ -d "$old" ] || continue
    chmod -R u+w "$old" 2>/dev/null
    rm -rf "$old"
  done
  find incoming -mindepth 1 -maxdepth 1 ! -name '.*' -mmin +"$minutes" -exec rm -rf {} +
  [ ! -s "$list" ] || xargs stat -c '%h %s %n' <"$list" | while read -r links bytes name; do [ "$links" != 1 ] || echo "$bytes $name"; done >"$list.free"
  swept="0 0"
  if [ -s "$list.free" ]; then
    while read -r bytes name; do echo "$name"; done <"$list.free" | xargs rm -f
    swept=$(while read -r bytes name; do echo "$bytes"; done <"$list.free" | sum)
  fi
  rm -f "$list" "$list.free"
  echo "swept $swept"
}

# An image's time is that of its last use: image.sh touches it.
images() {
  [ -d images ] || return 0
  find images -mindepth 1 -maxdepth 1 -type f ! -name '.*' -mmin +"$minutes" | while read -r image; do
    [ -z "$(find runs -mindepth 2 -maxdepth 2 -name run.json -exec grep -lF "\"$image\"" {} + 2>/dev/null | head -n 1)" ] || continue
    bytes=$(stat -c %s "$image") || continue
    if [ "$1" = remove ]; then
      rm -f "$image" || continue
      for note in images/refs/*; do case $(cat "$note" 2>/dev/null) in "${image#images/} "*) rm -f "$note" ;; esac; done
    fi
    echo "image $bytes ${image#images/}"
  done
}

case $verb in images) cat >/dev/null; images "$4" ;; look) look ;; remove) remove ;; esac
echo done
