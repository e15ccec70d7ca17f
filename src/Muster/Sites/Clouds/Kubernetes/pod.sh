# pod.sh FOLDER BOOT CAP UNTIL LEASE-SCRIPT: what the container of a pod runs. It does nothing but live: as long as
# somebody renews its lease, until its time is over, or until it is told to end.
lease=$1
mkdir -p "$lease" || exit
# The uptime is the node's.
read -r up _ </proc/uptime
printf 'BOOT=%s\nCAP=%s\nUNTIL=%s\nRUN=%s/run\n' "$2" "$((${up%%.*} + $3))" "$4" "$lease" >"$lease/conf"
printf '%s' "$5" >"$lease/muster-lease"
export MUSTER_LEASE_CONF="$lease/conf" OFF='exit 0'
# The first process of a container gets no signals but those that it handles.
trap 'kill "$watch" 2>/dev/null; exit 0' TERM INT
sh "$lease/muster-lease" watch &
watch=$!
wait "$watch"
