# The program, with the scheduler in DASK_SCHEDULER_ADDRESS, where Client() looks for it.
exec "$@"
