# torchrun: one agent for each rank, which starts as many processes as the rank has GPUs.
first=${MUSTER_PEERS%% *}
case $1:$2 in python:[!-]*|python3:[!-]*) shift ;; *) set -- --no-python "$@" ;; esac
set -- --nnodes "$MUSTER_SIZE" --nproc-per-node "${MUSTER_GPUS:-1}" --node-rank "$MUSTER_RANK" --master-addr "${first%:*}" --master-port "${first##*:}" "$@"
if command -v torchrun >/dev/null 2>&1; then set -- torchrun "$@"; else set -- python3 -m torch.distributed.run "$@"; fi
