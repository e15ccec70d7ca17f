# Runs as SLURM jobs. A handle is the job id, or ID;CLUSTER.
slurm_named() { # the job of our name whose comment is our id, also when SLURM has forgotten all but its accounting
  answered=1
  names=$muster_job,muster-${muster_id%%-*}   # the second is what an older version called it
  lines=$(squeue --noheader --states=all --name="$names" --format='%A|%k' 2>/dev/null) && answered=0
  while IFS='|' read -r job comment; do
    [ "$comment" != "$muster_id" ] || { echo "$job"; return 0; }
  done <<END
$lines
END
  lines=$(sacct -X -n -P --name="$names" --starttime=now-7days --format=JobIDRaw,Comment 2>/dev/null)
  while IFS='|' read -r job comment; do
    [ "$comment" != "$muster_id" ] || { echo "${job%%_*}"; return 0; }
  done <<END
$lines
END
  return $answered
}

scheduler_start() {
  cd "$run" || return 1
  limit=$(command -v timeout) && limit="$limit 120" || limit=
  said=$($limit sbatch --parsable "$run/batch.sh" 2>"$status/.said")
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

scheduler_stop() { # scheduler_stop HANDLE [hard]: a running job's supervisor is asked first, so that it can gather outputs and write its record
  id=${1%%;*}
  case $1 in *';'*) on="--clusters=${1#*;}" ;; *) on= ;; esac
  if [ "$2" = hard ]; then scancel $on "$id"; return; fi
  scancel $on --state=PENDING "$id" 2>/dev/null
  scancel $on --state=SUSPENDED "$id" 2>/dev/null
  scancel $on --state=RUNNING --batch --signal=TERM "$id" 2>/dev/null
  return 0
}
