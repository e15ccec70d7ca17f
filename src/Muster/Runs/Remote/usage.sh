# What a rank uses, sampled by its supervisor into logs/RANK.usage: time, processor seconds so far, memory (MB), GPU (%),
# its memory (MB), disk of the run's folder (MB), between tabs; `-` where it was not looked at. A line of 0 processor
# seconds begins an attempt.
# What sampling itself takes decides when it is done next, so that it stays below a thousandth of a processor.
usage_file=$logs/$me.usage usage_round=0 usage_due=2 usage_spent=0 usage_count=0 usage_total=0 usage_last=0
usage_disk=- usage_disk_due=60 usage_base=
tab=$(printf '\t')

# Of all processes: those of the command's session, what descends from it, and those named; not those that keep the run.
usage_plan='
{
  sub(/^\/proc\//, "")
  file = "/proc/" $1 "/stat"; line = ""
  if ((getline line < file) > 0) {
    sub(/^.*\) /, "", line)
    if (split(line, f, " ") > 15 && f[1] != "Z" && f[1] != "X") {
      parent[$1] = f[2]; ticks[$1] = f[12] + f[13] + f[14] + f[15]
      if ($1 == child || f[4] == child || index(others, " " $1 " ")) mine[$1] = 1
    }
  }
  close(file)
}
END {
  delete mine[supervisor]
  for (found = 1; found; ) {
    found = 0
    for (pid in parent) if (!(pid in mine) && parent[pid] in mine) { mine[pid] = 1; found = 1 }
  }
  for (pid in mine) {
    all += ticks[pid]
    file = "/proc/" pid "/statm"
    if ((getline line < file) > 0) { split(line, f, " "); own += f[2] - f[3]; if (f[3] > shared) shared = f[3] }
    close(file)
  }
  printf "%d %d\n", all, (own + shared) * 4 / 1024
}'

# usage_others: processes of this rank that do not descend from its command: those of its job, or of its container.
usage_others() {
  if [ -n "$SLURM_JOB_ID" ] && [ -z "$muster_gang" ]; then
    while IFS=: read -r _ controllers path; do
      case $path in *"/job_$SLURM_JOB_ID"/*) ;; *) continue ;; esac
      group=/sys/fs/cgroup/$controllers${path%%"/job_$SLURM_JOB_ID"/*}/job_$SLURM_JOB_ID
      if [ -d "$group" ]; then find "$group" -name cgroup.procs -exec cat {} + 2>/dev/null; return; fi
    done </proc/self/cgroup
    usage_marked "SLURM_JOB_ID=$SLURM_JOB_ID"
  elif [ -n "$muster_container" ]; then usage_marked "MUSTER_MARK=$mark"
  fi
}

usage_marked() { grep -zslxF "$1" /proc/[0-9]*/environ 2>/dev/null | sed 's|^/proc/\([0-9]*\)/.*|\1|'; }

# usage_own: hundredths of a second that this shell and what it waited for have taken, in $own, and its children alone,
# in $own_children.
usage_own() {
  read -r own_line 2>/dev/null </proc/self/stat || { own=0 own_children=0; return; }
  set -- ${own_line##*) }
  shift 11
  own=$(($1 + $2 + $3 + $4)) own_children=$(($3 + $4))
}

usage_gpus() { # the mean of the GPUs that this rank was given
  command -v nvidia-smi >/dev/null 2>&1 || return 0
  limit=$(command -v timeout) && limit="$limit 5" || limit=
  $limit nvidia-smi --id="$CUDA_VISIBLE_DEVICES" --query-gpu=utilization.gpu,memory.used \
    --format=csv,noheader,nounits 2>/dev/null | awk -F', *' '
    $1 ~ /^[0-9]+$/ { n++; share += $1; memory += $2 } END { if (n) printf "%d %d\n", share / n, memory }'
}

usage_sample() {
  usage_own
  usage_before=$own
  others=
  [ -z "$SLURM_JOB_ID$muster_container" ] || others=$(echo $(usage_others))
  set -- $(printf '%s\n' /proc/[0-9]* | awk -v child="$child" -v supervisor=$$ -v others=" $others " "$usage_plan")
  usage_now=${1:-0} usage_memory=${2:--}
  [ "$usage_now" -le $usage_last ] || usage_total=$((usage_total + usage_now - usage_last))
  usage_last=$usage_now
  set --
  [ -z "$CUDA_VISIBLE_DEVICES" ] || set -- $(usage_gpus)
  if [ -s "$status/.disk.$me" ]; then
    read -r usage_disk _ <"$status/.disk.$me"
    rm -f "$status/.disk.$me"
    usage_disk=$((usage_disk / 1024))
  fi
  usage_write $usage_total "$usage_memory" "${1:--}" "${2:--}" "$usage_disk"
  usage_disk=-
  usage_count=$((usage_count + 1))
  [ $((usage_count % 64)) != 0 ] || usage_thin
  if [ $usage_round -ge $usage_disk_due ]; then
    # Where there are very many files this takes long, and nothing waits for it.
    limit=$(command -v timeout) && limit="$limit 300" || limit=
    $limit du -sk "$run" >"$status/.disk.$me" 2>/dev/null &
    usage_disk_due=$((usage_round + 900))
  fi
  usage_own
  usage_spent=$((usage_spent + own - usage_before))
  usage_pause=$((10 + 2 * usage_count))
  [ $usage_pause -le 60 ] || usage_pause=60
  usage_due=$((usage_round + usage_pause))
  [ $usage_due -ge $((usage_spent * 10)) ] || usage_due=$((usage_spent * 10))
}

usage_write() { # usage_write HUNDREDTHS MEMORY GPU GPU_MEMORY DISK
  # Nothing is started for the time: it is that of the beginning, and what has passed since.
  read -r usage_up _ </proc/uptime
  usage_up=${usage_up%%.*}
  [ -n "$usage_base" ] || usage_base=$((began - usage_up))
  usage_part=$(($1 % 100))
  [ $usage_part -gt 9 ] || usage_part=0$usage_part
  echo "$((usage_base + usage_up))$tab$(($1 / 100)).$usage_part$tab$2$tab$3$tab$4$tab$5" >>"$usage_file"
} 2>/dev/null

# usage_thin: of a long file each two old lines become one, which covers both.
usage_thin() {
  LC_ALL=C awk -F'\t' -v OFS='\t' -v keep="$(wc -l <"$usage_file")" '
    function most(a, b) { return a == "-" ? b : b == "-" || a + 0 > b + 0 ? a : b }
    keep < 600 || NR > 400 { print; next }
    NR % 2 { time = $1; cpu = $2; memory = $3; gpu = $4; gpu_memory = $5; disk = $6; begins = $2 + 0 == 0; if (begins) print; next }
    begins { print; next }
    $2 + 0 == 0 { print time, cpu, memory, gpu, gpu_memory, disk; print; next }
    { print $1, $2, most(memory, $3), gpu == "-" ? $4 : $4 == "-" ? gpu : (gpu + $4) / 2, most(gpu_memory, $5), $6 == "-" ? disk : $6 }
  ' "$usage_file" >"$status/.usage.$me" 2>/dev/null && mv -f "$status/.usage.$me" "$usage_file"
}

# usage_end: the last line, from what the supervisor has waited for.
usage_end() {
  usage_own
  usage_write $((own_children - usage_began)) - - - -
}
