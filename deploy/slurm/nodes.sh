#!/bin/sh
#SBATCH --job-name=muster-nodes
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=1
#SBATCH --exclusive
#SBATCH --time=20:00:00
#SBATCH --signal=TERM@120
# Processing nodes on a SLURM cluster, one on each machine of the job. Each adds itself to a gateway that is running,
# and removes itself when the job ends; then the gateway places its tasks elsewhere.
#
#   umask 077; openssl rand -hex 24 >~/muster-node-token
#   export MUSTER_GATEWAY=http://login1:10000        the gateway's admin address
#   sbatch --nodes=3 --partition=8core deploy/slurm/nodes.sh
#
# MUSTER_NODE_TOKEN   the file with the nodes' token, ~/muster-node-token
# MUSTER_ADMIN        the file with the gateway's admin password, where it has one
# MUSTER_PROGRAM      the program: muster
# MUSTER_NODE_IMAGE   an Apptainer image made of deploy/slurm/node.def; without it, what is installed is used
# MUSTER_NODE_ENGINE  odm, colmap, survey or auto: auto
# MUSTER_NODE_PORT    the nodes' port: 3000
# MUSTER_NODE_DATA    where each machine keeps its tasks: a folder of the job below $TMPDIR or /tmp
set -eu
fail() { printf 'error: %s\n  fix: %s\n' "$1" "$2" >&2; exit 2; }
export MUSTER_PROGRAM="${MUSTER_PROGRAM:-muster}" MUSTER_NODE_TOKEN="${MUSTER_NODE_TOKEN:-$HOME/muster-node-token}"
export MUSTER_NODE_IMAGE="${MUSTER_NODE_IMAGE:-}" MUSTER_NODE_ENGINE="${MUSTER_NODE_ENGINE:-auto}"
export MUSTER_NODE_PORT="${MUSTER_NODE_PORT:-3000}" MUSTER_ADMIN="${MUSTER_ADMIN:-}"
[ -n "${SLURM_JOB_ID:-}" ] || fail 'this script runs in a job of SLURM' 'sbatch deploy/slurm/nodes.sh'
[ -n "${MUSTER_GATEWAY:-}" ] ||
  fail 'MUSTER_GATEWAY is not set' "export it: the gateway's admin address, such as http://login1:10000"
[ -r "$MUSTER_NODE_TOKEN" ] ||
  fail "the token file $MUSTER_NODE_TOKEN cannot be read" 'umask 077; openssl rand -hex 24 >~/muster-node-token'
case $(cat "$MUSTER_NODE_TOKEN") in
  ''|*[!A-Za-z0-9._~-]*)
    fail "the token in $MUSTER_NODE_TOKEN has other characters than letters, digits and . _ ~ -" \
      'openssl rand -hex 24 makes one' ;;
esac
command -v "$MUSTER_PROGRAM" >/dev/null ||
  fail "the program $MUSTER_PROGRAM is not here" 'name it in MUSTER_PROGRAM, on a file system that all machines see'

# What each machine does. SLURM ends a step with TERM, some time before the job's limit and when it is cancelled.
# shellcheck disable=SC2016
exec srun --kill-on-bad-exit=0 sh -c '
  set -u
  data=${MUSTER_NODE_DATA:-${TMPDIR:-/tmp}/muster-$SLURM_JOB_ID}
  host=$(hostname)
  url=http://$host:$MUSTER_NODE_PORT
  gateway() { "$MUSTER_PROGRAM" nodes "$@" ${MUSTER_ADMIN:+--password-file "$MUSTER_ADMIN"}; }
  umask 077
  mkdir -p "$data" || exit 1
  printf "{\"token\": \"%s\"}\n" "$(cat "$MUSTER_NODE_TOKEN")" >"$data/node.json" || exit 1
  set -- --config "$data/node.json" --port "$MUSTER_NODE_PORT" --data-dir "$data/tasks"
  export XDG_STATE_HOME="$data/state"
  if [ -n "$MUSTER_NODE_IMAGE" ]; then
    apptainer run --bind "$data" "$MUSTER_NODE_IMAGE" "$@" &
  else
    "$MUSTER_PROGRAM" node --engine "$MUSTER_NODE_ENGINE" "$@" &
  fi
  node=$!
  trap "ended=1; gateway remove \"$host:$MUSTER_NODE_PORT\"; kill \$node 2>/dev/null" TERM INT HUP
  ended=
  gateway add "$url" --token-file "$MUSTER_NODE_TOKEN" || { kill $node 2>/dev/null; wait $node; exit 1; }
  wait $node; code=$?
  if [ -n "$ended" ]; then wait $node; code=0; else gateway remove "$host:$MUSTER_NODE_PORT"; fi
  [ -n "${MUSTER_NODE_DATA:-}" ] || rm -rf "$data"
  exit $code
'
