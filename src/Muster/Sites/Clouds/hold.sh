# hold.sh ROOT RUN LEASE HOLD FOLDER: renews this machine's lease while the run goes on, and for HOLD seconds after its
# end. FOLDER is where the lease of a pod is; empty for a machine, which has it in its system.
case $1 in "~") root=$HOME ;; "~/"*) root=$HOME/${1#??} ;; *) root=$1 ;; esac
run=$root/runs/$2 lease=$3 hold=$4 folder=$5
[ -d "$run" ] || { echo "there is no run $2" >&2; exit 1; }
export lease hold run folder
setsid sh -c '
  exec 9>"$run/status/.held"
  flock -n 9 || exit 0   # somebody holds it already
  sudo=; [ "$(id -u)" = 0 ] || sudo="sudo -n"
  renew() {
    if [ -n "$folder" ]; then MUSTER_LEASE_CONF=$folder/conf sh "$folder/muster-lease" renew "$1"
    else $sudo muster-lease renew "$1"; fi
  }
  while [ ! -e "$run/status/ended" ]; do
    renew "$lease"
    sleep $((lease < 60 ? lease / 3 + 1 : 20))
  done
  renew "$hold"
' </dev/null >/dev/null 2>&1 &
