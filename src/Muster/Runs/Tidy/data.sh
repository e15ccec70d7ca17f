# ROOT list|drop [NAME]  the data sets that a site keeps, each a folder below data/ of files that the store has, too.
# list: `set NAME FILES BYTES` for each, then `part FOLDER KB` for what takes room there; shared files count once.
# drop: takes one away with the content that only it held (`dropped BYTES`); `missing` where there is none.
export LC_ALL=C
root=$1 verb=$2 name=$3
case $root in '~') root=$HOME ;; '~/'*) root=$HOME/${root#??} ;; esac
cd "$root" 2>/dev/null || { [ "$verb" = list ] || echo missing; echo done; exit 0; }

# Counts and sums up `BYTES` of each line.
sum() {
  total=0 count=0
  while read -r bytes; do total=$((total + bytes)) count=$((count + 1)); done
  echo "$count $total"
}

list() {
  for folder in data/*; do
    [ ! -d "$folder" ] || echo "set ${folder#data/} $(find "$folder" -type f -exec stat -c %s {} + | sum)"
  done
  set --
  for part in store data runs images; do [ ! -d $part ] || set -- "$@" $part; done
  [ $# = 0 ] || du -sk "$@" | while read -r size part; do echo "part $part $size"; done
}

drop() {
  [ -d "data/$name" ] || { echo missing; return; }
  gone=incoming/.gone.data.$$
  # One rename, and nobody finds it any longer.
  mkdir -p incoming && mv "data/$name" "$gone" || exit 1
  find "$gone" -type f -links 2 -exec stat -c '%i %s' {} + >"$gone.own"
  find store -type f -links 2 -exec stat -c '%i %n' {} + | awk -v list="$gone.own" '
    BEGIN { while ((getline line < list) > 0) { split(line, words, " "); own[words[1]] = 1 } }
    $1 in own { print $2 }' | xargs rm -f
  freed=$(while read -r inode bytes; do echo "$bytes"; done <"$gone.own" | sum)
  chmod -R u+w "$gone" 2>/dev/null
  rm -rf "$gone" "$gone.own"
  echo "dropped ${freed#* }"
}

case $verb in list) list ;; drop) drop ;; esac
echo done
