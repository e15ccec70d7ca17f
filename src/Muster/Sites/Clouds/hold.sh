# hold.sh ROOT RUN LEASE HOLD: renews this machine's lease while the run goes on, and for HOLD seconds after its end.
case $1 in "~") root=$HOME ;; "~/"*) root=$HOME/${1#??} ;; *) root=$1 ;; esac
run=$root/runs/$2 lease=$3 hold=$4
[ -d "$run" ] || { echo "there is no run $2" >&2; exit 1; }
export lease hold run
setsid sh -c '
  exec 9>"$run/status/.held"
  flock -n 9 || exit 0   # somebody holds it already
  sudo=; [ "$(id -u)" = 0 ] || sudo="sudo -n"
  while [ ! -e "$run/status/ended" ]; do
    $sudo muster-lease renew "$lease"
    sleep $((lease < 60 ? lease / 3 + 1 : 20))
  done
  $sudo muster-lease renew "$hold"
' </dev/null >/dev/null 2>&1 &
