# Faults and their mending. A fault which lasts leaves a file run/faults/HOST/KIND, written before the fault is made,
# so that `lab mend` knows what to undo even when the command was interrupted.

mark() { mkdir -p "$run/faults/$1"; : >"$run/faults/$1/$2"; }
unmark() { rm -f "$run/faults/$1/$2"; }
broken() { [[ -e $run/faults/$1/$2 ]]; }
list_faults() {
  local file list=()
  for file in "$run"/faults/${1:-*}/*; do
    [[ -e $file ]] || continue
    file=${file#"$run"/faults/}
    if [[ $# == 0 ]]; then list+=("${file/\// }"); else list+=("${file#*/}"); fi
  done
  local IFS=,
  echo "${list[*]}" | sed 's/,/, /g'
}

fault() {
  local kind=$1 host=$2 value=${3:-} file
  need_host "$host"
  case $kind in
    delay | slow) [[ $value =~ ^[0-9]{1,7}$ && $# == 3 ]] || usage "lab fault $kind needs a host and a number" ;;
    full) [[ $# -le 3 ]] || usage "lab fault full takes a host and a folder" ;;
    node) [[ $host == c? && $# == 2 ]] || usage "lab fault node needs one of: ${computes[*]}" ;;
    cut | reset | sessions | sshd | freeze | hostkey | noauth | readonly | off) [[ $# == 2 ]] || usage "lab fault $kind takes a host and nothing else" ;;
    *) usage "lab knows no fault '$kind'" ;;
  esac
  [[ $kind =~ ^(cut|delay|slow|off)$ ]] || init_of "$host" >/dev/null || fail "host $host is off" "run: $here/lab mend $host"
  case $kind in
    reset | sessions | full) ;;
    delay | slow) if [[ $value == 0 ]]; then mend_one "$host" "$kind"; return; else mark "$host" "$kind"; fi ;;
    *) mark "$host" "$kind" ;;
  esac
  case $kind in
    cut) drop_packets "$host" ;;
    delay) set_delay "$host" "$value"
      if broken "$host" slow; then set_rate "$host" "$(<"$run/hosts/$host/rate")"; fi ;;
    slow) echo "$value" >"$run/hosts/$host/rate"; set_rate "$host" "$value" ;;
    reset) net_of "$host" ss -K state established 'sport = :22' >/dev/null ;;
    sessions) signal_sessions "$host" KILL ;;
    sshd) stop_sshd "$host"; signal_sessions "$host" KILL ;;
    freeze) signal_sessions "$host" STOP ;;
    hostkey) swap_hostkey "$host" ;;
    noauth) for file in "$run/hosts/$host/authorized_keys"/*; do : >"$file"; done ;;
    full) fill "$host" "${value:-/home/muster-lab}" ;;
    readonly) inside "$host" bash -c "$readonly_text" bash $(folders_of "$host") ;;
    node) inside "$host" pkill -KILL -x slurmd || :; wait_end "$host" slurmd ;;
    off) drop_packets "$host"; power_off "$host" ;;
  esac
}

mend_all() {
  local host
  for host in "${hosts[@]}"; do
    if [[ -n $(ls -A "$run/faults/$host" 2>/dev/null) ]]; then mend "$host"; fi
  done
}

# Power comes first: the rest is done inside the running host.
mend() {
  local kind
  for kind in off cut delay slow freeze sshd hostkey noauth full readonly node slurmctld; do
    if broken "$1" "$kind"; then mend_one "$1" "$kind"; fi
  done
}

mend_one() {
  local host=$1 kind=$2
  case $kind in
    off) init_of "$host" >/dev/null || { boot "$host"; wait_boot "$host"; }
      broken "$host" cut || pass_packets "$host"
      unmark "$host" off
      if in_cluster "$host"; then start_slurm; fi ;;
    cut) pass_packets "$host" ;;
    delay) end_delay "$host" ;;
    slow) set_rate "$host" 0 ;;
    freeze) signal_sessions "$host" CONT ;;
    sshd) listening "$host" || start_sshd "$host" ;;
    hostkey) restore_hostkey "$host" ;;
    noauth) allow_keys "$host" ;;
    full) empty "$host" ;;
    readonly) inside "$host" bash -c "$writable_text" bash $(folders_of "$host") ;;
    node) start_slurmd "$host" ;;
    slurmctld) unmark login slurmctld; start_slurmctld ;;
  esac
  unmark "$host" "$kind"
}

# sshd reads its key once, so the listener starts again; sessions go on.
swap_hostkey() {
  local dir=$run/hosts/$1
  [[ -e $dir/hostkey.true ]] || { cp -p "$dir/hostkey" "$dir/hostkey.new"; mv "$dir/hostkey.new" "$dir/hostkey.true"; }
  rm -f "$dir/hostkey.false" "$dir/hostkey.false.pub"
  ssh-keygen -q -t ed25519 -N '' -C false -f "$dir/hostkey.false" </dev/null
  mv "$dir/hostkey.false" "$dir/hostkey"
  restart_listener "$1"
}

restore_hostkey() {
  local dir=$run/hosts/$1
  [[ -e $dir/hostkey.true ]] || return 0
  mv "$dir/hostkey.true" "$dir/hostkey"
  restart_listener "$1"
}

restart_listener() {
  if broken "$1" sshd; then return; fi
  stop_sshd "$1"
  start_sshd "$1"
}

# A disk is a tmpfs. Shrunk to what it holds it has no byte left, at once and without using memory.
file_systems_of() {
  if in_cluster "$1"; then echo "$run/hosts/$1/disk $disk_size" "$run/cluster/home $disk_size" "$run/cluster/scratch $scratch_size"
  else echo "$run/hosts/$1/disk $disk_size" "$run/hosts/$1/scratch $scratch_size"; fi
}

fill() {
  local host=$1 folder=$2 device place size try blocks free unit used
  device=$(inside "$host" stat -c %d -- "$folder" 2>/dev/null) || fail "host $host has no folder $folder" "name one that exists, or none for /home/muster-lab"
  while read -r place size; do
    [[ $(stat -c %d "$place") == "$device" ]] || continue
    mark "$host" full
    for try in {1..20}; do
      read -r blocks free unit < <(stat -f -c '%b %f %S' "$place")
      used=$(((blocks - free > 0 ? blocks - free : 1) * unit))
      if mount -o "remount,size=$used" "$place" 2>/dev/null; then return; fi   # fails when a writer was quicker
    done
    fail "the disk of $folder on $host grows too fast to be filled" "stop what writes there, then try again"
  done < <(file_systems_of "$host" | xargs -n 2)
  fail "$folder is on no disk of host $host" "name a folder below /home, /tmp or /scratch"
}

empty() {
  local place size
  while read -r place size; do mount -o "remount,size=$size" "$place"; done < <(file_systems_of "$1" | xargs -n 2)
}

# A mount with a file open for writing refuses to become read-only. So a second one is laid over it, which has no such file yet.
folders_of() { if in_cluster "$1"; then echo /home /tmp /scratch; else echo /home /tmp /scratch /run/muster-lab/disk/bb/home /run/muster-lab/disk/bb/tmp; fi; }
readonly_text='for folder; do
  [[ $(findmnt -no VFS-OPTIONS --mountpoint "$folder" | tail -n 1) != ro* ]] || continue
  mount --bind "$folder" "$folder"
  mount -o remount,bind,ro "$folder"
done'
# One that is in use cannot be taken away again: it stays, but writable.
writable_text='for folder; do
  [[ $(findmnt -no VFS-OPTIONS --mountpoint "$folder" | tail -n 1) == ro* ]] || continue
  mount -o remount,bind,rw "$folder"
  umount "$folder" 2>/dev/null || :
done'
