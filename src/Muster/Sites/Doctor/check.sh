# check ROOT SLURM SINFO_FORMAT [PEER ADDRESS PORT]…: what a site's host offers, as lines key=value. A key may come several
# times. SLURM is "slurm" or empty. Nothing is left behind, and nothing here takes long.
LC_ALL=C; export LC_ALL
root=$1 slurm=$2 format=$3; shift 3
say() { printf '%s=%s\n' "$1" "$(printf %s "$2" | tr '\n\r' '  ')"; }
have() { command -v "$1" >/dev/null 2>&1; }
brief() { if [ -n "$brief" ]; then timeout "$@"; else shift; "$@"; fi; } # brief SECONDS COMMAND…, on hosts that can
brief=; have timeout && timeout 5 true 2>/dev/null && brief=1

say user "$(id -un 2>/dev/null)"
say home "$HOME"
say shell "$SHELL"
say system "$(uname -sr 2>/dev/null)"
say machine "$(uname -m 2>/dev/null)"
say load "$(cat /proc/loadavg 2>/dev/null)"
say cpus "$(nproc 2>/dev/null || grep -c '^processor' /proc/cpuinfo 2>/dev/null)"

for tool in tar gzip sha256sum stat setsid sync dd od readlink xargs tail mkfifo timeout ssh bash python3; do
  have $tool && say tool $tool
done
[ "$(stat -c %s / 2>/dev/null)" ] && say can stat-c
printf 'a\0b\0' | grep -zqxF b 2>/dev/null && say can grep-z
sleep 0.01 2>/dev/null && say can sleep-fraction
[ "$(printf abc | sha256sum 2>/dev/null | cut -c 1-8)" = ba7816bf ] && say can sha256

case $root in '~') root=$HOME ;; '~/'*) root=$HOME/${root#??} ;; esac
say root "$root"
place=$root
while [ ! -e "$place" ] && [ "$place" != / ] && [ -n "$place" ]; do place=${place%/*}; [ -n "$place" ] || place=/; done
[ "$place" = "$root" ] && say root_exists yes || say root_exists no
say place "$place"
[ -d "$place" ] || say place_kind file
trial=$place/.muster-check.$$
trap 'rm -rf "$trial"' EXIT
if said=$(umask 077; { mkdir "$trial" && echo 1 >"$trial/a" && mv "$trial/a" "$trial/b"; } 2>&1) && [ -s "$trial/b" ]; then
  say writable yes
  ln "$trial/b" "$trial/c" 2>/dev/null && say can hard-link
  sync "$trial/b" 2>/dev/null && say can sync-file
  printf '#!/bin/sh\nexit 0\n' >"$trial/run" && chmod 700 "$trial/run" && "$trial/run" 2>/dev/null && say can execute
else
  say writable no
  say writable_said "$said"
fi
rm -rf "$trial"
say file_system "$(stat -f -c %T "$place" 2>/dev/null)"
df -P -k "$place" 2>/dev/null | { read -r line; read -r device total used free percent mount && { say mount "$mount"; say device "$device"; say space_total_kb "$total"; say space_free_kb "$free"; }; }
df -P -i "$place" 2>/dev/null | { read -r line; read -r device total used free percent mount && { say inodes_total "$total"; say inodes_free "$free"; }; }
[ -z "$brief" ] || ! have quota || timeout 5 quota -w 2>/dev/null | while read -r device used soft limit rest; do
  case $used in [0-9]*) say quota "$device $used $soft $limit" ;; esac
done

kills=$(brief 3 loginctl show-session -p KillUserProcesses 2>/dev/null)
[ -n "$kills" ] || kills=$(cat /etc/systemd/logind.conf /etc/systemd/logind.conf.d/*.conf 2>/dev/null | grep '^KillUserProcesses=' | tail -n 1)
[ -d /run/systemd/system ] && say systemd yes
say kill_user_processes "${kills#*=}"
[ -e "/var/lib/systemd/linger/$(id -un 2>/dev/null)" ] && say linger yes

for tool in apptainer singularity podman docker; do have $tool && say container $tool; done
if have nvidia-smi; then
  brief 10 nvidia-smi --query-gpu=name,memory.total --format=csv,noheader 2>/dev/null | while IFS= read -r line; do say gpu "$line"; done
else
  for device in /dev/nvidia[0-9]*; do [ -e "$device" ] && say gpu "$device"; done
fi
have tensorboard && say tensorboard "$(command -v tensorboard)"

if [ "$slurm" = slurm ]; then
  for tool in sbatch squeue scontrol scancel sinfo sacct srun; do have $tool && say slurm_tool $tool; done
  say slurm_version "$(brief 5 sbatch --version 2>/dev/null)"
  brief 5 sbatch --help 2>&1 | grep -q -e --parsable && say can parsable
  if have sinfo; then
    said=$(brief 20 sinfo --noheader --format="$format" 2>&1)
    if [ $? -eq 0 ]; then printf '%s\n' "$said" | while IFS= read -r line; do say partition "$line"; done; else say sinfo_said "$said"; fi
    say scheduler_commands 1
  fi
  if have sacct; then
    said=$(brief 20 sacct -X -n -P --starttime=now --format=JobIDRaw 2>&1) && say accounting yes || say accounting_said "$said"
    say scheduler_commands 1
  fi
fi

while [ $# -ge 3 ]; do
  # A host key that nobody can check is refused, and that refusal proves that the port was reached.
  if have ssh; then
    said=$(ssh -F none -o BatchMode=yes -o ConnectTimeout=3 -o StrictHostKeyChecking=yes -o UserKnownHostsFile=/dev/null -o GlobalKnownHostsFile=/dev/null -p "$3" -- "$2" true 2>&1 </dev/null)
    case $said in
      *'erification failed'*|*'ermission denied'*|*' host key is known'*|*'oo many authentication'*) say peer "$1 ok" ;;
      *) say peer "$1 no $said" ;;
    esac
  elif have bash && [ -n "$brief" ]; then
    said=$(timeout 3 bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$2" "$3" 2>&1) && say peer "$1 ok" || say peer "$1 no ${said:-no answer}"
  else
    say peer "$1 unchecked"
  fi
  shift 3
done
say whole yes
