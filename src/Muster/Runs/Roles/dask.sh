# Dask: a scheduler, workers, and the command as their client. The scheduler listens before anything else begins.
# $DASK_SCHEDULER_OPTIONS and $DASK_WORKER_OPTIONS are words for the two, $DASK_PYTHON is their interpreter.
DASK_SCHEDULER_ADDRESS=tcp://$MUSTER_ADDRESSES_SCHEDULER
framework=DASK_SCHEDULER_ADDRESS
export $framework
[ -n "$own" ] || case $MUSTER_ROLE in
  scheduler) set -- "${DASK_PYTHON:-python3}" -m distributed.cli.dask_scheduler --port "$MUSTER_PORT" --dashboard-address ":$MUSTER_PORT_DASHBOARD" $DASK_SCHEDULER_OPTIONS ;;
  worker) set -- "${DASK_PYTHON:-python3}" -m distributed.cli.dask_worker "$DASK_SCHEDULER_ADDRESS" --name "worker.$MUSTER_RANK" --local-directory "${TMPDIR:-/tmp}" --no-dashboard $DASK_WORKER_OPTIONS ;;
esac
