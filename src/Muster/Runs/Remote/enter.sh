# enter ROOT FOLDER ROLE RANK SUBFOLDER [JOB]: a shell where a rank is, with what its command is told; inside its job where it has one.
root=$1
case $root in '~') root=$HOME ;; '~/'*) root=$HOME/${root#??} ;; esac
cd "$root/runs/$2" || { echo "muster: there is no folder $root/runs/$2 on $(uname -n)" >&2; exit 1; }
run=$(pwd -P) me=$3.$4 job=$6
[ ! -f plan.sh ] || . ./plan.sh
MUSTER_RUN_ID=$muster_id MUSTER_ROLE=$3 MUSTER_RANK=$4 MUSTER_SIZE=$muster_size MUSTER_RUN_DIR=$run MUSTER_CODE=$run/code MUSTER_IN=$run/in
MUSTER_OUT=$run/out MUSTER_STATUS=$run/status
[ -z "$muster_array" ] || MUSTER_OUT=$run/out/$4
[ ! -d "$run/work/$4" ] || MUSTER_CODE=$run/work/$4
export MUSTER_RUN_ID MUSTER_ROLE MUSTER_RANK MUSTER_SIZE MUSTER_RUN_DIR MUSTER_CODE MUSTER_IN MUSTER_OUT MUSTER_STATUS
for report in status/"$me".port.*; do
  [ -f "$report" ] || continue
  port=$(sed -n 's/^port=//p' "$report") upper=$(printf %s "${report##*.port.}" | tr 'a-z.-' 'A-Z__')
  case $upper$port in *[!A-Z0-9_]*) continue ;; esac
  export "MUSTER_PORT_$upper=$port"
done
[ ! -f env.sh ] || . ./env.sh
cd "$MUSTER_CODE/$5" 2>/dev/null || cd "$run"
# On SLURM the node itself may not be entered, or only outside the job's limits: a step of the job is the way in.
[ -z "$job" ] || exec srun --jobid="$job" --overlap --pty "${SHELL:-sh}"
exec "${SHELL:-sh}"
