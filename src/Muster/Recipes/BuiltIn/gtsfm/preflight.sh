# One host: does it have what GTSfM and Dask want, and the same as the others?
checkout=$MUSTER_PARAM_CHECKOUT
case $checkout in '~/'*) checkout=$HOME/${checkout#??} ;; esac
python=$MUSTER_PARAM_PYTHON
[ -n "$python" ] || python=$checkout/.venv/bin/python
[ -n "$MUSTER_PARAM_PYTHON" ] || [ -x "$python" ] || python=$(command -v python3)

# The results, and a data set from here, have one path on all hosts.
echo "same root=$(readlink -f "$MUSTER_ROOT" || echo "$MUSTER_ROOT")"
echo "same checkout=$checkout"
if [ ! -f "$checkout/gtsfm/runner.py" ]; then
  echo "error there is no GTSfM checkout with gtsfm/runner.py in $checkout; clone it there, or name it: --checkout"
else
  config=$checkout/gtsfm/configs/${MUSTER_PARAM_CONFIG_NAME%.yaml}.yaml
  [ -f "$config" ] || echo "error there is no pipeline $config; correct --config-name"
  commit=$(git -C "$checkout" rev-parse HEAD 2>/dev/null) && echo "same commit=$commit"
fi
if [ ! -x "$python" ]; then
  echo "error there is no interpreter ${python:-python3}; make the environment, or name its interpreter: --python"
else
  PYTHONPATH=$checkout${PYTHONPATH:+:$PYTHONPATH} "$python" -c '
import sys
print("same python=%d.%d" % sys.version_info[:2])
try:
    import distributed
    print("same dask=" + distributed.__version__)
except ImportError as fault:
    print("error", sys.executable, "cannot import distributed:", fault)
' || echo "error the interpreter $python does not start"
fi

# The first host reads the photos. Pipelines with VGGT and AnySplat read them everywhere.
case " $MUSTER_RANKS ":$MUSTER_PARAM_CONFIG_NAME in *' main.0 '*:*|*:*vggt*|*:*anysplat*) reads=1 ;; *) reads= ;; esac
if [ -n "$reads" ]; then
  for folder in "$MUSTER_INPUT_DATASET_DIR" "$MUSTER_INPUT_IMAGES_DIR"; do
    [ -z "$folder" ] || [ -d "$folder" ] || echo "error there is no folder $folder; this host reads it: put the data set there, or give a folder of your own machine"
  done
  if [ -d "$MUSTER_INPUT_DATASET_DIR" ] && [ "$MUSTER_PARAM_LOADER" = colmap ]; then
    for file in cameras.txt images.txt points3D.txt; do
      [ -f "$MUSTER_INPUT_DATASET_DIR/$file" ] || echo "error the loader colmap wants $MUSTER_INPUT_DATASET_DIR/$file"
    done
  fi
fi

# Dask looks at each process alone, and the kernel at all of them.
workers=0
for rank in $MUSTER_RANKS; do case $rank in worker.*) workers=$((workers + MUSTER_PARAM_NUM_WORKERS)) ;; esac; done
[ $workers -gt 0 ] || workers=$MUSTER_PARAM_NUM_WORKERS
case ${MUSTER_LOGIN:+login}$MUSTER_PARAM_WORKER_MEMORY_LIMIT in
  [1-9]*[GM]B|[1-9]*[GM]iB)
    number=${MUSTER_PARAM_WORKER_MEMORY_LIMIT%%[!0-9]*}
    case $MUSTER_PARAM_WORKER_MEMORY_LIMIT in *G*) number=$((number * 1024)) ;; esac
    have=$(awk '/^MemTotal:/ { print int($2 / 1024) }' /proc/meminfo)
    [ $((workers * number)) -le "$have" ] || echo "warning $workers processes of $MUSTER_PARAM_WORKER_MEMORY_LIMIT may take $((workers * number)) MB, and there are $have MB" ;;
esac
exit 0
