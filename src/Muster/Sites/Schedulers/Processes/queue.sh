# The line for the slots of a plain host. All that is known of it stands in the names of empty files, so a look is
# reading one folder:
#   wait.NUMBER.PID.BORN.BOOT.USER.CPUS.MEMORY.GPUS.GROUP.CAP.RUN.ROLE.RANK
# firm.… may not be passed any more, held.… has its slots.
# A name belongs to one process for ever: what a dead one left counts for nothing, and may be removed at any time.

# queue_plan: whose turn it is, from the names of a line on standard input. `me` is one of them. It says
#   `turn [GPU …]` or `place N OF` and `lack TEXT`; `room N`, how many like it would fit now; `past NUMBER`, the
#   youngest that holds slots; `holds N`; `gone NAME` for a claim whose supervisor is dead, which still counts:
#   something of its rank may be left.
queue_plan='
function lives(pid, born, its_boot, its_user,  file, line, f) {
  if (its_boot != boot) return 0
  file = "/proc/" pid "/stat"; line = ""
  if ((getline line < file) <= 0) { close(file); return hidden && its_user != user }
  close(file)
  sub(/^.*\) /, "", line); split(line, f, " ")
  return f[1] != "Z" && f[1] != "X" && f[20] == born
}
function most(a, b) { return a > b ? a : b }
function share(i) {
  return most(most(cpus ? C[i] / cpus : 0, memory ? M[i] / memory : 0), all_gpus ? G[i] / all_gpus : 0)
}
function fits(c, m, g) { return (!c || c <= free_cpus) && (!m || m <= free_memory) && (!g || g <= free_gpus) }
function use(c, m, g) { free_cpus -= c; free_memory -= m; free_gpus -= g }
function sorted(by,  i, j, t) {
  for (i = 2; i <= n; i++) {
    t = at[i]
    for (j = i - 1; j > 0 && by[at[j]] > by[t]; j--) at[j + 1] = at[j]
    at[j + 1] = t
  }
}
BEGIN {
  all_gpus = split(gpus, gpu_ids, " "); n = split(taken, words, " ")
  for (i = 1; i <= n; i++) strange[words[i]] = 1
  n = split(ignored, words, " ")
  for (i = 1; i <= n; i++) passed_over[words[i]] = 1
  n = 0; youngest = 0
}
{
  sub(/^.*\//, "")
  if (split($0, p, ".") != 14 || $0 in passed_over) next
  if (p[1] == "held") {
    if (!lives(p[3], p[4], p[5], p[6])) gone[$0] = 1
    free_cpus -= p[7]; free_memory -= p[8]; holds++
    C[0] = p[7]; M[0] = p[8]; G[0] = split(substr(p[9], 2), its, "+")
    for (i = 1; i <= G[0]; i++) ours[its[i]] = 1
    used[p[6]] += share(0); begun[p[12]]++; members[p[12]]++
    if (p[2] > youngest) youngest = p[2]
  } else if (p[1] == "wait" || p[1] == "firm") {
    if ($0 != me && !lives(p[3], p[4], p[5], p[6])) { dead[$0] = 1; next }
    n++; at[n] = n; name[n] = $0; firm[n] = p[1] == "firm"; number[n] = p[2] p[3]; user_of[n] = p[6]
    C[n] = p[7] + 0; M[n] = p[8] + 0; G[n] = p[9] + 0; group[n] = p[10] + 0; cap[n] = p[11] + 0; run[n] = p[12]
    members[run[n]]++
    if (group[n] > 1) { all_c[run[n]] += C[n]; all_m[run[n]] += M[n]; all_g[run[n]] += G[n] }
  }
}
END {
  free_cpus += cpus; free_memory += memory; list = ""
  for (i = 1; i <= all_gpus; i++) {
    if (gpu_ids[i] in ours) continue
    if (gpu_ids[i] in strange) { strangers++; continue }
    free[++free_gpus] = gpu_ids[i]
  }
  sorted(number)
  for (i = 1; i <= n; i++) {
    k = at[i]
    order[k] = sprintf("%d %012.6f %06d", !(group[k] > 1 && begun[run[k]]), used[user_of[k]], i)
    used[user_of[k]] += most(share(k), 0.000001)
  }
  sorted(order)
  said = ""
  for (i = 1; i <= n && said == ""; i++) {
    k = at[i]; r = run[k]; mine = name[k] == me; c = C[k]; m = M[k]; g = G[k]; why = ""
    if (group[k] > 1) { c = all_c[r]; m = all_m[r]; g = all_g[r] }
    if (cap[k] && begun[r] >= cap[k]) why = "the others of its array, of which " cap[k] " may run at once"
    else if (group[k] > 1 && members[r] < group[k]) why = "the other ranks of its run"
    if (mine && why == "") {
      room = 1000000
      if (C[k]) room = int(free_cpus / C[k])
      if (M[k] && int(free_memory / M[k]) < room) room = int(free_memory / M[k])
      if (G[k] && int(free_gpus / G[k]) < room) room = int(free_gpus / G[k])
    }
    if (why == "" && (granted[r] && group[k] > 1 || fits(c, m, g))) {
      if (mine) { said = "turn"; for (j = 1; j <= G[k]; j++) said = said " " free[j]; break }
      if (!(granted[r] && group[k] > 1)) use(c, m, g)
      granted[r] = 1; begun[r]++
      continue
    }
    if (firm[k] && why == "") use(c, m, g)
    if (mine) {
      if (firm[k] && why == "") use(-c, -m, -g)
      if (why == "" && c && c > free_cpus) why = most(free_cpus, 0) " of " cpus " CPUs free, it takes " c
      else if (why == "" && m && m > free_memory)
        why = most(free_memory, 0) " of " memory " MB of memory free, it takes " m
      else if (why == "") {
        why = most(free_gpus, 0) " of " all_gpus " GPUs free, it takes " g
        if (strangers) why = why "; " strangers " used by programs that are not of this line"
      }
      said = "place " i " " n "\nlack " why
    }
  }
  print said; print "room " most(room, 0) + 0; print "past " youngest; print "holds " holds + 0; print "waits " n + 0
  for (x in gone) print "gone " x
  for (x in dead) print "dead " x
}'

# queue_open FOLDER SHARED CPUS:MEMORY:GPUS: the line of this host, and its slots; what the site does not say is found.
queue_open() {
  queue_host=$(uname -n) queue_user=$(id -u) queue_boot= queue_hidden=0 queue_ignored= queue_taken= queue_name=
  queue=$1/$queue_host
  read -r queue_boot 2>/dev/null </proc/sys/kernel/random/boot_id
  queue_boot=${queue_boot%%-*}
  read -r queue_line 2>/dev/null </proc/1/stat || queue_hidden=1   # processes of others cannot be seen here
  IFS=: read -r queue_cpus queue_memory queue_gpus <<END
$3
END
  [ -n "$queue_cpus" ] || queue_cpus=$(nproc 2>/dev/null || grep -c '^processor' /proc/cpuinfo)
  [ -n "$queue_memory" ] || while read -r key amount unit; do
    [ "$key" != MemTotal: ] || queue_memory=$((amount / 1024))
  done </proc/meminfo
  queue_maker=
  if [ -n "$queue_gpus" ]; then queue_gpus=$(at=0; while [ $at -lt "$queue_gpus" ]; do echo $at; at=$((at + 1)); done)
  else queue_find_gpus
  fi
  queue_gpus=$(echo $queue_gpus)
  queue_gpu_count=0
  for gpu in $queue_gpus; do queue_gpu_count=$((queue_gpu_count + 1)); done
}

queue_find_gpus() {
  if command -v nvidia-smi >/dev/null 2>&1; then
    queue_gpus=$(brief nvidia-smi --query-gpu=index --format=csv,noheader 2>/dev/null | grep -x '[0-9][0-9]*')
    return
  fi
  for device in /dev/nvidia[0-9]*; do [ ! -e "$device" ] || queue_gpus="$queue_gpus ${device#/dev/nvidia}"; done
  [ -z "$queue_gpus" ] || return 0
  at=0
  for node in /sys/class/kfd/kfd/topology/nodes/*/gpu_id; do   # of AMD; processors are 0 there
    read -r gpu 2>/dev/null <"$node" && [ "$gpu" != 0 ] || continue
    queue_gpus="$queue_gpus $at" at=$((at + 1)) queue_maker=amd
  done
}

brief() { if command -v timeout >/dev/null 2>&1; then timeout 10 "$@"; else "$@"; fi; }

# queue_make: makes the folder. One that is shared is for everybody, as /tmp is.
queue_make() {
  if [ -n "$1" ]; then
    [ -d "${queue%/*}" ] || mkdir -p -m 1777 "${queue%/*}"
    [ -d "$queue" ] || mkdir -m 1777 "$queue" || [ -d "$queue" ]
  else mkdir -p "$queue"
  fi
}

# queue_look NAME: where NAME stands, in $queue_turn ($queue_given: its GPUs), or $queue_place, $queue_of and
# $queue_lack.
queue_look() {
  queue_turn= queue_given= queue_place= queue_of= queue_lack= queue_past=0 queue_room=0 queue_holds=0 queue_waits=0
  queue_said=$({ printf '%s\n' "$queue"/*; [ -z "$2" ] || echo "$1"; } |
    awk -v me="$1" -v boot="$queue_boot" -v user="$queue_user" -v hidden="$queue_hidden" \
      -v cpus="$queue_cpus" -v memory="$queue_memory" -v gpus="$queue_gpus" \
      -v taken="$queue_taken" -v ignored="$queue_ignored" "$queue_plan")
  while read -r word rest; do
    case $word in
      turn) queue_turn=1 queue_given=$rest ;;
      place) queue_place=${rest% *} queue_of=${rest#* } ;;
      lack) queue_lack=$rest ;;
      room) queue_room=$rest ;;
      past) queue_past=$rest ;;
      holds) queue_holds=$rest ;;
      waits) queue_waits=$rest ;;
      dead) case $rest in *.*.*.*.*."$queue_user".*) rm -f "$queue/$rest" ;; esac ;;
      # Looking for what it left takes long, and a long line would do it all at once: the first see to it.
      gone) [ "${queue_place:-1}" -gt 4 ] || queue_clear "$rest" ;;
    esac
  done <<END
$queue_said
END
}

# queue_clear NAME: forgets a claim whose supervisor is dead, once nothing of its rank is left.
queue_clear() {
  IFS=. read -r _ _ _ _ its_boot its_user _ _ _ _ _ its_run its_rank <<END
$1
END
  session=
  read -r session 2>/dev/null <"$queue/$1"
  if [ "$its_user" = "$queue_user" ]; then
    [ "$its_boot" = "$queue_boot" ] && [ -n "$(tree "$its_run/$its_rank" $session)" ] || rm -f "$queue/$1"
  elif [ "$its_boot" != "$queue_boot" ] || [ -z "$session" ] || ! queue_session "$session"; then
    queue_ignored="$queue_ignored $1" listed=   # no name has changed, and yet there is more room
  fi
}

queue_session() { # queue_session ID: a process of that session is there, whosever it is
  for stat in /proc/[0-9]*/stat; do
    read -r line 2>/dev/null <"$stat" || continue
    set -- "$1" ${line##*) }
    case $2 in Z|X) ;; *) [ "$5" != "$1" ] || return 0 ;; esac
  done
  return 1
}

# queue_enter: is this the only one that decides now? Each makes its mark first and looks then, so of two at least one
# sees the other.
queue_enter() {
  queue_mark=$queue/take.$$.$(born $$).$queue_boot
  touch "$queue_mark" || return 1
  while [ -e "$queue_mark" ]; do
    lower=1 higher=
    for other in "$queue"/take.*; do
      if [ "$other" = "$queue_mark" ]; then lower=; continue; fi
      IFS=. read -r _ its_pid its_born its_boot <<END
${other##*/}
END
      if [ "$its_boot" = "$queue_boot" ] &&
        { [ "$(born "$its_pid")" = "$its_born" ] || queue_unseen "$its_pid" "$other"; }; then
        if [ -n "$lower" ]; then rm -f "$queue_mark"; return 1; fi
        higher=1
      elif [ -O "$other" ]; then rm -f "$other"
      fi
    done
    [ -n "$higher" ] || return 0
    pause 0.05
  done
  return 1
}

queue_unseen() { [ "$queue_hidden" = 1 ] && [ ! -O "$2" ]; }

queue_leave() { rm -f "$queue_mark"; }

# queue_strangers: the GPUs on which something runs, of whoever.
queue_strangers() {
  command -v nvidia-smi >/dev/null 2>&1 || return 0
  queue_taken=$(
    {
      brief nvidia-smi --query-compute-apps=gpu_uuid --format=csv,noheader 2>/dev/null | sed 's/^ */app /'
      brief nvidia-smi --query-gpu=index,uuid,memory.used --format=csv,noheader,nounits 2>/dev/null
    } | awk '$1 == "app" { busy[$2] = 1; next } { gsub(/,/, ""); if ($2 in busy || $3 + 0 >= 1000) printf "%s ", $1 }'
  )
}

# queue_size: what this rank takes. One that wants more processors or memory than there are takes all; GPUs that nobody
# can find are not kept.
queue_size() {
  sum_cpus=0 sum_memory=0 sum_gpus=0
  for part in $muster_ranks; do
    [ -n "$muster_gang" ] || [ "$part" = "$me" ] || continue
    for want in $muster_wants; do
      [ "${want%%=*}" = "${part%.*}" ] || continue
      IFS=: read -r cpus memory gpus <<END
${want#*=}
END
      sum_cpus=$((sum_cpus + cpus)) sum_memory=$((sum_memory + memory)) sum_gpus=$((sum_gpus + gpus))
      [ "$part" != "$me" ] || my_cpus=$cpus my_memory=$memory my_gpus=$gpus
    done
  done
  [ $sum_cpus -le "$queue_cpus" ] || my_cpus=$((my_cpus * queue_cpus / sum_cpus))
  [ $sum_memory -le "$queue_memory" ] || my_memory=$((my_memory * queue_memory / sum_memory))
  [ $queue_gpu_count != 0 ] || [ "${muster_slots##*:}" = 0 ] || my_gpus=0 sum_gpus=0
  [ $sum_gpus -le $queue_gpu_count ] || cause="it asks for $sum_gpus GPUs, and $queue_host has $queue_gpu_count"
}

# queue_end CODE REASON: ends this rank while it is in line.
queue_end() {
  rm -f "$queue/$queue_name"
  queue_name=
  finish "$1" "$2"
  exit 1
}

# queue_asks: some rank of this run asks for something.
queue_asks() {
  for want in $muster_wants; do case ${want#*=} in *[1-9]*) return 0 ;; esac; done
  return 1
}

# queue_take: waits in line until the slots of this rank are its own.
queue_take() {
  slots=$muster_slots
  queue_asks || slots=${slots%:*}:0   # looking for GPUs may take long
  queue_open "${muster_queue:-${run%/*/*}/queue}" "$muster_queue" "$slots"
  queue_size
  [ -z "$cause" ] || { finish 1 unready; exit 1; }
  signalled=
  trap signalled=1 TERM INT USR1
  number=100000000
  queue_make "$muster_queue"
  for other in "$queue"/wait.* "$queue"/firm.* "$queue"/held.*; do
    other=${other##*/} other=${other#*.} other=${other%%.*}
    case $other in *[!0-9]*) ;; *) [ "$other" -le $number ] || number=$other ;; esac
  done
  group=1
  [ -z "$muster_gang" ] || group=$muster_size
  id=$((number + 1)).$$.$(born $$).$queue_boot.$queue_user.$my_cpus.$my_memory
  tail=$group.$muster_at_once.$muster_id.$me
  queue_name=wait.$id.$my_gpus.$tail
  if ! touch "$queue/$queue_name"; then
    queue_asks || [ -n "$muster_array" ] || { queue_name=; trap : TERM INT USR1; return 0; }
    cause="it cannot stand in line in $queue, which cannot be written"
    queue_name=
    finish 1 unready
    exit 1
  fi
  round=0 listed= told_place= past= passed=0
  while :; do
    [ -d "$status" ] || { rm -f "$queue/$queue_name"; exit 1; }   # the run was removed
    if [ -e "$status/cancel" ] || [ -e "$status/refused" ]; then queue_end 143 cancelled; fi
    if [ -n "$muster_gang" ] && failed; then queue_end 143 stopped; fi
    if [ -n "$muster_gang" ] && over; then queue_end 0 released; fi
    ! too_late || queue_end 143 deadline
    [ -z "$signalled" ] || queue_end 143 terminated
    list=$(echo "$queue"/[fhw]*)
    # A kill changes no name, so now and then it is looked at all the same: by the first in line each second.
    due=$((round % 5))
    if [ "$list" != "$listed" ] || [ $due = 0 ]; then
      [ $due != 0 ] || queue_taken=
      listed=$list
      queue_look "$queue_name"
      # Strangers are looked for before the door is closed: that may take long.
      [ -z "$queue_turn" ] || [ "$my_gpus" = 0 ] || { queue_strangers; queue_look "$queue_name"; }
      if [ -n "$queue_turn" ]; then
        listed=
        if queue_enter; then
          queue_look "$queue_name"
          if [ -n "$queue_turn" ] && [ ! -e "$status/cancel" ]; then
            held=held.$id.g$(echo "$queue_given" | tr ' ' +).$tail
            mv "$queue/$queue_name" "$queue/$held" && queue_name=$held
          fi
          queue_leave
          case $queue_name in held.*) break ;; esac
        fi
      else
        # Of those that came later one more has begun.
        [ "$queue_past" -le "${past:-$queue_past}" ] || [ "$queue_past" -lt "${id%%.*}" ] || passed=$((passed + 1))
        past=$queue_past
        if [ $passed -ge 16 ]; then
          firm=firm.$id.$my_gpus.$tail
          case $queue_name in wait.*) mv "$queue/$queue_name" "$queue/$firm" && queue_name=$firm ;; esac
        fi
        place="$queue_place/$queue_of/$queue_lack"
        if [ "$place" != "$told_place" ] &&
          { [ -z "$told_place" ] || [ $due = 0 ] || [ "$queue_place" = 1 ]; }; then
          {
            echo "host=$host"; myself; echo "time=$(date +%s)"
            echo "place=$queue_place"; echo "of=$queue_of"; echo "lack=$queue_lack"
          } | record "$me.queued"
          told_place=$place
        fi
      fi
    fi
    round=$((round + 1))
    if [ "${queue_place:-1}" -le 4 ]; then pause 0.2 & else sleep 1 & fi
    wait $!
  done
  trap : TERM INT USR1
  [ -z "$my_gpus" ] || [ "$my_gpus" = 0 ] || queue_show
  [ -z "$muster_array" ] || queue_next
}

# queue_show: tells the command which GPUs are its own. AMD counts those that it shows from 0 again; NVIDIA counts as
# nvidia-smi does only when told to.
queue_show() {
  CUDA_VISIBLE_DEVICES=$(echo "$queue_given" | tr ' ' ,)
  if [ "$queue_maker" = amd ]; then
    ROCR_VISIBLE_DEVICES=$CUDA_VISIBLE_DEVICES
    CUDA_VISIBLE_DEVICES=$(
      at=0
      for gpu in $queue_given; do [ $at = 0 ] || printf ,; printf %s $at; at=$((at + 1)); done
    )
    export ROCR_VISIBLE_DEVICES
  fi
  HIP_VISIBLE_DEVICES=$CUDA_VISIBLE_DEVICES CUDA_DEVICE_ORDER=PCI_BUS_ID
  export CUDA_VISIBLE_DEVICES HIP_VISIBLE_DEVICES CUDA_DEVICE_ORDER
}

# queue_next: lets the next indices of an array come, so that four of them stand in line.
queue_next() {
  [ ! -e "$status/cancel" ] || return 0
  standing=0
  for part in $muster_ranks; do
    if [ ! -L "$status/.owner.$part" ]; then
      [ $standing -lt 4 ] || return 0
      $setsid sh "$run/supervise" "${part%.*}" "${part##*.}" </dev/null >>"$logs/supervise.log" 2>&1 &
      standing=$((standing + 1))
    elif [ ! -e "$status/$part.started" ] && [ ! -e "$status/$part.exit" ] && [ "$part" != "$me" ]; then
      standing=$((standing + 1))
    fi
  done
}

# queue_give_back: the slots are free again, unless something of this rank has survived.
queue_give_back() { [ -z "$queue_name" ] || [ -n "$survivors" ] || rm -f "$queue/$queue_name"; }
