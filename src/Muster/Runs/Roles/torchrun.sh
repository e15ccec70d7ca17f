# torchrun: one agent for each rank, which starts as many processes as the rank has GPUs. The spelling with _ is known to old and new ones.
# $TORCHRUN_OPTIONS are words for the agent itself, such as --max_restarts=3.
first=${MUSTER_PEERS%% *}
case $1:$2 in python:[!-]*|python3:[!-]*) shift ;; *) set -- --no_python "$@" ;; esac
set -- --nnodes "$MUSTER_SIZE" --nproc_per_node "${MUSTER_GPUS:-1}" --node_rank "$MUSTER_RANK" --master_addr "${first%:*}" --master_port "${first##*:}" $TORCHRUN_OPTIONS "$@"
if command -v torchrun >/dev/null 2>&1; then set -- torchrun "$@"; else set -- python3 -m torch.distributed.run "$@"; fi
