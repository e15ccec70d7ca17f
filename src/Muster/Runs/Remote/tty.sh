# tty FIFO SHELL JOB: runs the job at a terminal of its own. What comes out of FIFO is typed there; what the terminal shows is the log.
# What a shell starts beside itself ignores Ctrl-C for ever after, and no shell can undo that.
heeding() {
  if env --default-signal=INT true 2>/dev/null; then exec env --default-signal=INT,QUIT "$@"
  elif command -v python3 >/dev/null; then
    exec python3 -c 'import os, signal, sys
for one in signal.SIGINT, signal.SIGQUIT: signal.signal(one, signal.SIG_DFL)
os.execvp(sys.argv[1], sys.argv[1:])' "$@"
  elif command -v perl >/dev/null; then exec perl -e '$SIG{INT} = $SIG{QUIT} = "DEFAULT"; exec @ARGV' "$@"
  else exec "$@"; fi
}

if [ "$1" = inside ]; then
  stty sane rows 24 cols 80
  tty >"$muster_fifo.name"
  ( heeding "$muster_shell" "$muster_job" ); code=$?
  echo $code >"$muster_fifo.code"
  exit $code
fi
export muster_fifo="$1" muster_shell="$2" muster_job="$3" muster_self="$0" TERM="$muster_tty"
rm -f "$1" "$1.name" "$1.code"
if ! mkfifo -m 600 "$1" || ! exec 3<>"$1"; then echo "muster: no terminal can be made in $1" >&2; exit 126; fi
if command -v script >/dev/null; then script -q -f -c 'sh "$muster_self" inside' /dev/null <&3 3<&-
elif command -v python3 >/dev/null; then
  python3 -c 'import os, pty; pty.spawn(["sh", os.environ["muster_self"], "inside"])' <&3 3<&-
else echo "muster: neither script (of util-linux) nor python3 is on $(uname -n), one of which --tty needs" >&2; exit 127; fi
code=$(cat "$1.code" 2>/dev/null) || code=1
rm -f "$1" "$1.name" "$1.code"
exit "$code"
