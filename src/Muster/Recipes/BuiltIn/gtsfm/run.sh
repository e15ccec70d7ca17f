# The runner, on the machine whose worker reads the photos.
exec "$DASK_PYTHON" "$MUSTER_IN"/recipe/runner.py
