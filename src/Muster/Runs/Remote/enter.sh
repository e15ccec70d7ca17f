# enter ROOT FOLDER ROLE RANK SUBFOLDER JOB IMAGE HOW INSIDE NODE [WORD…]: a command, or a shell, where a rank is: inside
# its job where it has one, there on NODE, or on the rank's own. HOW: `terminal`, `input` where the command reads what is
# sent here, else `closed`.
root=$1 folder=$2 role=$3 rank=$4 below=$5 job=$6 image=$7 how=$8 inside=$9
shift 9
node=$1; shift
case $root in '~') root=$HOME ;; '~/'*) root=$HOME/${root#??} ;; esac
cd "$root/runs/$folder" || { echo "muster: there is no folder $root/runs/$folder on $(uname -n)" >&2; exit 125; }
run=$(pwd -P)
. ./common.sh
set -- sh -c "$inside" muster "$run" "$role" "$rank" "$below" "$image" "$@"
# On SLURM the node itself may not be entered, or only outside the job's limits: a step of the job is the way in.
if [ -n "$job" ]; then
  # Of several nodes, the rank's own; the record is of this attempt, as a requeued rank writes it anew.
  nodes=$(field nodes "status/$role.$rank.started") host=$(field host "status/$role.$rank.started")
  case $nodes in *[],[]*) [ -n "$node" ] || node=${host%%.*} ;; esac
  [ -z "$node" ] || set -- --nodelist="$node" "$@"
  case $how in terminal) set -- --pty "$@" ;; closed) set -- --input=none "$@" ;; esac
  set -- srun --jobid="$job" --overlap --nodes=1 --ntasks=1 --mem=0 --unbuffered "$@"
fi
[ "$how" != terminal ] || exec "$@"
trap - PIPE HUP
[ "$how" != input ] || exec "$@"
# Nothing is sent here, so the end of the input means that nobody listens any more: then the command ends, too.
exec 4<&0
mark=$folder/exec.$$
( MUSTER_MARK=$mark exec $(command -v setsid) "$@" ) </dev/null 4<&- &
child=$!
( cat <&4; end_tree 5 "$mark" "$child" ) >/dev/null 2>&1 &
watcher=$!
exec 4<&-
wait $child; code=$?
kill $watcher 2>/dev/null
exit $code
