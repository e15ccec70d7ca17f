# Words for each agent; of one that stands twice the last counts.
TORCHRUN_OPTIONS="${MUSTER_PARAM_PROCESSES:+--nproc_per_node $MUSTER_PARAM_PROCESSES} --max_restarts $MUSTER_PARAM_MAX_RESTARTS $TORCHRUN_OPTIONS"
