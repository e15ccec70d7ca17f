# Runs as SLURM jobs. A handle is the job id, or ID;CLUSTER.
# slurm_comment: what the job of this attempt carries: the run's id, and the number of a later attempt.
slurm_comment() { if [ "$retry" = 0 ]; then echo "$muster_id"; else echo "$muster_id.$retry"; fi; }

slurm_named() { # the job of our name whose comment is ours, also when SLURM has forgotten all but its accounting
  answered=1
  ours=$(slurm_comment)
  names=$muster_job,muster-${muster_id%%-*}   # the second is what an older version called it
  lines=$(squeue --noheader --states=all --name="$names" --format='%A|%k' 2>/dev/null) && answered=0
  while IFS='|' read -r job comment; do
    [ "$comment" != "$ours" ] || { echo "$job"; return 0; }
  done <<END
$lines
END
  lines=$(sacct -X -n -P --name="$names" --starttime=now-7days --format=JobIDRaw,Comment 2>/dev/null)
  while IFS='|' read -r job comment; do
    [ "$comment" != "$ours" ] || { echo "${job%%_*}"; return 0; }
  done <<END
$lines
END
  return $answered
}

scheduler_start() {
  cd "$run" || return 1
  limit=$(command -v timeout) && limit="$limit 120" || limit=
  batch=$run/batch.sh
  set --
  if [ "$retry" != 0 ]; then
    # What it had to wait for is done, and SLURM may have forgotten those jobs.
    batch=$run/batch.again.sh
    sed -e '/^#SBATCH --dependency=/d' -e "s/^exec sh /exec env MUSTER_AGAIN=$retry sh /" "$run/batch.sh" >"$batch" ||
      return 2
    memory=$(field memory "$status/retry.$retry")
    set -- "--comment=$(slurm_comment)" ${memory:+--mem=${memory}M}
  fi
  # In the time of this host, which is SLURM's.
  clock() { date -d "@$1" +%Y-%m-%dT%H:%M:%S; }
  [ -z "$muster_at" ] || [ "$(date +%s)" -ge "$muster_at" ] || set -- "$@" "--begin=$(clock "$muster_at")"
  [ -z "$muster_deadline" ] || set -- "$@" "--deadline=$(clock "$muster_deadline")"
  said=$($limit sbatch --parsable "$@" "$batch" 2>"$status/.said")
  code=$?
  cat "$status/.said" >&2
  # Sites wrap sbatch: the id is a line that begins with digits, or the classic sentence.
  while IFS= read -r line; do
    case $line in
      [0-9]*) echo "$line"; return 0 ;;
      'Submitted batch job '*) line=${line#Submitted batch job }; echo "${line%% *}"; return 0 ;;
    esac
  done <<END
$said
END
  # Only words that surely mean no are taken for one; after anything else it is looked for.
  while IFS= read -r line; do
    case $line in
      *'imed out'*|*'nable to contact'*|*'onnection re'*|*'emporarily unable'*|*'ommunication'*|*'redential'*) return 2 ;;
      *'Batch job submission failed: '*|*'Invalid '*|*'nvalid '*|*'nrecognized option'*|*'not available'*|*'command not found'*|*'not permitted'*) refusal=1 ;;
    esac
  done <"$status/.said"
  [ $code -ne 0 ] && [ -n "$refusal" ] && return 1
  [ $code -ne 127 ] || return 1
  return 2
}

scheduler_find() {
  for owner in "$status"/.owner.*; do
    [ -L "$owner" ] || continue
    owner=$(readlink "$owner")
    echo "${owner#slurm:}"
    return 0
  done
  slurm_named
}

scheduler_gone() { # the job of the attempt that is to be followed by another has left the queue, and so has its owner
  handle=$(field handle "$status/launched") || handle=
  owner=$(readlink "$status/.owner.main.0") && owner=${owner#slurm:} || owner=
  case $handle in *';'*) on="--clusters=${handle#*;}" ;; *) on= ;; esac
  for job in ${handle%%;*} $owner; do
    said=$(squeue $on --noheader --jobs="$job" --format=%A 2>&1) ||
      case $said in *'nvalid job id'*) continue ;; *) return 1 ;; esac
    [ -z "$said" ] || return 1
  done
}

scheduler_stop() { # scheduler_stop HANDLE [hard]: a running job's supervisor is asked first, so that it can gather outputs and write its record
  id=${1%%;*}
  case $1 in *';'*) on="--clusters=${1#*;}" ;; *) on= ;; esac
  if [ "$2" = hard ]; then scancel $on "$id"; return; fi
  scancel $on --state=PENDING "$id" 2>/dev/null
  scancel $on --state=SUSPENDED "$id" 2>/dev/null
  scancel $on --state=RUNNING --batch --signal=TERM "$id" 2>/dev/null
  return 0
}
