# The environment of every process: nobody's start-up files are touched. GTSfM's classes are found in the checkout, as tasks refer to them.
checkout=$MUSTER_PARAM_CHECKOUT
case $checkout in '~/'*) checkout=$HOME/${checkout#??} ;; esac
cd "$checkout" || { echo "gtsfm: there is no checkout $checkout on $(uname -n)" >&2; exit 72; }
DASK_PYTHON=$MUSTER_PARAM_PYTHON
[ -n "$DASK_PYTHON" ] || DASK_PYTHON=$checkout/.venv/bin/python
[ -n "$MUSTER_PARAM_PYTHON" ] || [ -x "$DASK_PYTHON" ] || DASK_PYTHON=$(command -v python3)
[ -x "$DASK_PYTHON" ] || { echo "gtsfm: there is no interpreter ${MUSTER_PARAM_PYTHON:-python3} on $(uname -n)" >&2; exit 72; }
PYTHONPATH=$checkout${PYTHONPATH:+:$PYTHONPATH} PYTHONUNBUFFERED=1
if [ -n "$MUSTER_PARAM_DASK_TMPDIR" ]; then TMPDIR=$checkout/$MUSTER_PARAM_DASK_TMPDIR; mkdir -p "$TMPDIR"; export TMPDIR; fi

# All processes of this host together stay below its memory.
of_role=0
for peer in $MUSTER_PEERS; do [ "${peer%:*}" != "$MUSTER_ADDRESS" ] || of_role=$((of_role + 1)); done
[ $of_role -gt 0 ] || of_role=1
[ -n "$MUSTER_PARAM_WORKER_MEMORY_LIMIT" ] || MUSTER_PARAM_WORKER_MEMORY_LIMIT=$(awk "BEGIN { printf \"%.4f\", 0.9 / $of_role / $MUSTER_PARAM_NUM_WORKERS }")
export MUSTER_PARAM_WORKER_MEMORY_LIMIT
# A worker that never finds its scheduler says so; one that is silent for long may be computing.
DASK_WORKER_OPTIONS="--nworkers $MUSTER_PARAM_NUM_WORKERS --nthreads $MUSTER_PARAM_THREADS_PER_WORKER --memory-limit $MUSTER_PARAM_WORKER_MEMORY_LIMIT --death-timeout 120 $DASK_WORKER_OPTIONS"
DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL=None
export DASK_PYTHON PYTHONPATH PYTHONUNBUFFERED DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL

if [ "$MUSTER_PARAM_GPU_PER_WORKER:$MUSTER_ROLE" = true:worker ]; then
  at=0 mine=1
  for peer in $MUSTER_PEERS; do
    [ $at -lt "$MUSTER_RANK" ] || break
    [ "${peer%:*}" != "$MUSTER_ADDRESS" ] || mine=$((mine + 1))
    at=$((at + 1))
  done
  # Where some are given, those are shared out.
  CUDA_VISIBLE_DEVICES=$(if [ -n "$CUDA_VISIBLE_DEVICES" ]; then echo "$CUDA_VISIBLE_DEVICES" | cut -d , -f $mine; else echo $((mine - 1)); fi)
  export CUDA_VISIBLE_DEVICES
fi
