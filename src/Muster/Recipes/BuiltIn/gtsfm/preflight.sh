# One host: does it have what GTSfM and Dask want, and the same as the others?
checkout=$MUSTER_PARAM_CHECKOUT
case $checkout in '~/'*) checkout=$HOME/${checkout#??} ;; esac
python=$MUSTER_PARAM_PYTHON
[ -n "$python" ] || python=$checkout/.venv/bin/python
[ -n "$MUSTER_PARAM_PYTHON" ] || [ -x "$python" ] || python=$(command -v python3)

# The results, and a data set from here, have one path on all hosts.
echo "same root=$(readlink -f "$MUSTER_ROOT" || echo "$MUSTER_ROOT")"
echo "same checkout=$checkout"
loader=$MUSTER_PARAM_LOADER
module=
if [ -f "$checkout/gtsfm/runner.py" ]; then
  module=gtsfm.runner
  [ -z "$loader" ] || [ ! -d "$checkout/gtsfm/configs/loader" ] || [ -f "$checkout/gtsfm/configs/loader/$loader.yaml" ] ||
    echo "error there is no loader $loader in $checkout/gtsfm/configs/loader; correct --loader: $(ls "$checkout/gtsfm/configs/loader" | sed 's/\.yaml$//' | xargs)"
elif [ -f "$checkout/gtsfm/runner/gtsfm_runner_base.py" ]; then   # before October 2025
  module=gtsfm.runner.gtsfm_runner_base
else
  echo "error there is no GTSfM checkout with gtsfm/runner.py in $checkout; clone it there, or name it: --checkout"
fi
if [ -n "$module" ]; then
  config=$checkout/gtsfm/configs/${MUSTER_PARAM_CONFIG_NAME%.yaml}.yaml
  [ -f "$config" ] || echo "error there is no pipeline $config; correct --config-name"
  commit=$(git -C "$checkout" rev-parse HEAD 2>/dev/null) && echo "same commit=$commit"
  missing=$(git -C "$checkout" submodule status 2>/dev/null | sed -n 's/^-[^ ]* //p' | xargs)
  [ -z "$missing" ] || echo "warning submodules are missing in $checkout: $missing; fetch them there: git submodule update --init --recursive"
  weights() { # weights WORD FILE: a pipeline that mentions WORD loads FILE
    grep -qis "$1" "$config" && [ ! -e "$checkout/thirdparty/$2" ] &&
      echo "warning the pipeline ${MUSTER_PARAM_CONFIG_NAME%.yaml} uses $1, whose weights $checkout/thirdparty/$2 are missing; fetch them there: scripts/download_model_weights.sh"
  }
  weights netvlad hloc/weights/VGG16-NetVLAD-Pitts30K.mat
  weights superpoint SuperGluePretrainedNetwork/models/weights/superpoint_v1.pth
  weights superglue SuperGluePretrainedNetwork/models/weights/superglue_outdoor.pth
  weights d2net d2net/weights/d2_tf.pth
  weights vggt vggt/weights/model.pt
fi
if [ ! -x "$python" ]; then
  echo "error there is no interpreter ${python:-python3}; make the environment, or name its interpreter: --python"
else
  PYTHONPATH=$checkout${PYTHONPATH:+:$PYTHONPATH}
  export PYTHONPATH
  "$python" -c '
import sys
print("same python=%d.%d" % sys.version_info[:2])
try:
    import distributed
    print("same dask=" + distributed.__version__)
except ImportError as fault:
    print("error", sys.executable, "cannot import distributed:", fault)
' || echo "error the interpreter $python does not start"
  # All that it loads is loaded at the start of a run, too.
  [ -z "$module" ] || (cd "$checkout" && exec "$python" -c '
import importlib, sys
try:
    importlib.import_module(sys.argv[1])
except ModuleNotFoundError as fault:
    if fault.name != "distributed":
        print("error", sys.executable, "cannot import", sys.argv[1] + ":", fault)
except Exception as fault:
    print("error", sys.executable, "cannot import", sys.argv[1] + ":", type(fault).__name__, str(fault).split("\n")[0])
' "$module") || echo "error $python broke off while it imported $module"
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
