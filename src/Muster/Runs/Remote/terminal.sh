# terminal RUN ROLE RANK - - attach FROM ROWS COLUMNS | size ROWS COLUMNS: at the terminal of a rank, on its own node.
# attach: types what it reads, and shows what the terminal shows from that byte on, until the rank or its reader ends.
run=$1 me=$2.$3
shift 5
fifo=$run/status/.tty.$me log=$run/logs/$me.out
size() { terminal=$(cat "$fifo.name" 2>/dev/null) && [ -n "$terminal" ] && stty -F "$terminal" rows "$1" cols "$2"; }
if [ "$1" = size ]; then size "$2" "$3"; exit; fi

short() { sleep 0.1 2>/dev/null || sleep 1; }
tries=0
until [ -s "$fifo.name" ] || [ -e "$run/status/$me.exit" ] || [ $tries = 100 ]; do short; tries=$((tries + 1)); done
size "$3" "$4" 2>/dev/null
tail -c +$(($2 + 1)) -f "$log" &
shows=$!
types=
# Opened for both, so that it never waits for somebody at the other end.
if [ -p "$fifo" ]; then
  exec 3<>"$fifo" 4<&0
  cat <&4 >&3 &
  types=$!
  exec 3<&- 4<&-
fi
while [ ! -e "$run/status/$me.exit" ] && kill -0 "$shows" && { [ -z "$types" ] || kill -0 "$types"; }; do short; done 2>/dev/null
kill "$shows" $types 2>/dev/null
exit 0
