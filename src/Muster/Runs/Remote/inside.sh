# inside RUN ROLE RANK SUBFOLDER IMAGE [WORD…]: on the rank's own node, with what its command was told and where it is.
run=$1 role=$2 rank=$3 below=$4 image=$5
shift 5
cd "$run" || exit 125
me=$role.$rank
[ ! -f plan.sh ] || . ./plan.sh
. ./common.sh
MUSTER_RUN_ID=$muster_id MUSTER_ROLE=$role MUSTER_RANK=$rank MUSTER_SIZE=$muster_size
MUSTER_RUN_DIR=$run MUSTER_CODE=$run/code MUSTER_IN=$run/in MUSTER_OUT=$run/out MUSTER_STATUS=$run/status
[ -z "$muster_array" ] || MUSTER_OUT=$run/out/$rank
[ ! -d "$run/work/$rank" ] || MUSTER_CODE=$run/work/$rank
export MUSTER_RUN_ID MUSTER_ROLE MUSTER_RANK MUSTER_SIZE MUSTER_RUN_DIR MUSTER_CODE MUSTER_IN MUSTER_OUT MUSTER_STATUS
for report in status/"$me".port.*; do
  [ -f "$report" ] || continue
  port=$(field port "$report") upper=$(printf %s "${report##*.port.}" | tr 'a-z.-' 'A-Z__')
  case $upper$port in *[!A-Z0-9_]*) continue ;; esac
  export "MUSTER_PORT_$upper=$port"
done
[ ! -f env.sh ] || . ./env.sh

# What the setup has exported, the GPUs that it was given, what a framework is told: its process itself knows, while it
# is there.
pid=$(field command "status/$me.started")
if [ -n "$pid" ] && grep -zqxF "MUSTER_MARK=$muster_id/$me" "/proc/$pid/environ" 2>/dev/null; then
  # A shell that still reads the job has handed its exports to what it started.
  case $(tr '\0' ' ' <"/proc/$pid/cmdline") in *" $run/job "*)
    read -r started _ 2>/dev/null <"/proc/$pid/task/$pid/children" && [ -n "$started" ] && pid=$started ;;
  esac
  eval "$(tr '\0\n' '\n\001' <"/proc/$pid/environ" |
    sed -n "s/'/'\\\\''/g; /^\(MUSTER_MARK\|PWD\|OLDPWD\|SHLVL\|_\|TERM\|SLURM_[A-Z0-9_]*\)=/d
      s/^\([A-Za-z_][A-Za-z0-9_]*\)=\(.*\)/export \1='\2'/p" | tr '\001' '\n')"
fi
cd "$MUSTER_CODE/$below" 2>/dev/null || cd "$run"

[ $# -gt 0 ] || set -- "${SHELL:-sh}"
if [ -n "$muster_container" ]; then
  name=muster-$muster_id-$role-$rank
  for runtime in podman docker apptainer singularity; do
    command -v $runtime >/dev/null || continue
    case $runtime in
      podman|docker)
        $runtime container inspect "$name" >/dev/null 2>&1 || continue
        [ ! -t 0 ] || set -- -t "$name" "$@"
        [ -t 0 ] || set -- "$name" "$@"
        exec $runtime exec -i --workdir "$PWD" "$@" ;;
      *) # They keep no container to enter: the same image with the same folders is the same place.
        case $image in *.sif) ;; *) continue ;; esac
        case $image in images/*) image=${run%/runs/*}/$image ;; esac
        exec $runtime exec --bind "$run" --pwd "$PWD" "$image" "$@" ;;
    esac
  done
  echo "muster: the container of $me is not there, so this is outside of it, on $(uname -n)" >&2
fi
exec "$@"
