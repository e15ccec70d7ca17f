# explain ROOT ID: how busy the host is, where its disk is full, and the last lines of a run's standard errors.
root=$1 id=$2
case $root in '~') root=$HOME ;; '~/'*) root=$HOME/${root#??} ;; esac
printf 'load=%s\n' "$(cat /proc/loadavg 2>/dev/null)"
printf 'cpus=%s\n' "$(nproc 2>/dev/null || grep -c '^processor' /proc/cpuinfo 2>/dev/null)"
printf 'disk=%s\n' "$(full "$root/runs/$id")"
for log in "$root/runs/$id/logs"/*.err; do
  [ -s "$log" ] || continue
  tail -c 4000 "$log" | tail -n 12 | while IFS= read -r line || [ -n "$line" ]; do printf 'err=%s\n' "$line"; done
  break
done
