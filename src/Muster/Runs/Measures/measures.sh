# measures ROOT [FOLDER [NAME=STAMP …] .]…: what runs have measured: samples of use, metric lines of logs, and metric
# files that are newer than their code. `F FOLDER`, then for each file whose stamp is not known `B NAME STAMP LENGTH`
# with as many bytes and a line end; `M` where there was more than is sent at once; `E` at the end.
root=$1; shift
case $root in '~') root=$HOME ;; '~/'*) root=$HOME/${root#??} ;; esac
LC_ALL=C; export LC_ALL

candidates() {
  stat -c '%s.%Y %n' logs/*.usage logs/*.out logs/*.err 2>/dev/null
  find out code work -maxdepth 8 -type f -newer status/staged \( -name 'events.out.tfevents.*' \
    -o -name metrics.json -o -name metrics.jsonl -o -name metrics.csv -o -name progress.csv -o -name results.csv \) \
    -exec stat -c '%s.%Y %n' {} + 2>/dev/null
}

while [ $# -gt 0 ]; do
  folder=$1; shift
  known=' '
  while [ $# -gt 0 ] && [ "$1" != . ]; do known="$known$1 "; shift; done
  [ $# = 0 ] || shift
  cd "$root/runs/$folder" 2>/dev/null || continue
  echo "F $folder"
  room=16777216
  candidates | head -n 4000 | while read -r stamp name; do
    case $name in */../*|*[!A-Za-z0-9._/=+@,:-]*) continue ;; logs/*|out/*|code/*|work/*) ;; *) continue ;; esac
    case $known in *" $name=$stamp "*) continue ;; esac
    [ -f "$name" ] && [ ! -L "$name" ] || continue
    size=${stamp%%.*}
    case $name in
      logs/*.out|logs/*.err)
        [ "$size" != 0 ] || continue
        lines=$(grep -a -m 20000 '^muster: metric ' "$name" | cut -c 1-1000 | tr -d '\000' | head -c 1000000)
        printf 'B %s %s %s\n%s\n' "$name" "$stamp" "${#lines}" "$lines" || exit 0
        room=$((room - ${#lines})) ;;
      *)
        [ "$size" -le 8388608 ] || size=8388608
        [ "$size" -le $room ] || { echo M; continue; }
        room=$((room - size))
        printf 'B %s %s %s\n' "$name" "$stamp" "$size" || exit 0
        head -c "$size" "$name" || exit 0
        echo || exit 0 ;;
    esac
  done
done
echo E
