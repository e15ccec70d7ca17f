# What infer and train share: phases, records, the container, the time limit. Read by their run.sh, which says its $kind.
here=$MUSTER_IN/recipe
state=$MUSTER_OUT/state
mkdir -p "$state" "$MUSTER_RUN_DIR/scratch"
began=$(date +%s)
phase=none advice='' rc=0

json() { printf %s "$1" | tr -d '\000-\037' | sed 's/\\/\\\\/g; s/"/\\"/g'; }
key() { printf %s "$1" | sha256sum | cut -c1-12; }
plain() { printf %s "$1" | sed 's|^docker://||; s|\.git$||; s|.*/||; s|[^A-Za-z0-9._-]|_|g'; }

begin() { # begin PHASE
  phase=$1
  echo "$phase" >"$state/phase"
  echo "@@PHASE $phase $(date +%s)"
}

fail() { # fail CODE TEXT: the end, with advice that also stands beside the run's state
  advice=$2
  echo "droid-slam: $advice" >&2
  echo "text=$advice" >"$MUSTER_STATUS/.note.droid.$$" && mv -f "$MUSTER_STATUS/.note.droid.$$" "$MUSTER_STATUS/note.droid"
  exit "$1"
}

finish() { # on every path
  rc=$?
  trap '' EXIT
  [ -z "$timer" ] || kill "$timer" 2>/dev/null
  rm -f "$state/stop"
  [ "$rc" != 0 ] || begin finish
  (cd "$MUSTER_OUT" && find . -type f ! -name SHA256SUMS ! -path './state/*' | sort | xargs -r -d '\n' sha256sum) >"$MUSTER_OUT/.sums" && mv "$MUSTER_OUT/.sums" "$MUSTER_OUT/SHA256SUMS"
  printf '{"exit_code": %d, "phase": "%s", "partial": %s, "seconds": %d, "advice": "%s"}\n' \
    "$rc" "$phase" "$([ "$rc" = 9 ] && echo true || echo false)" $(($(date +%s) - began)) "$(json "$advice")" >"$state/finished.json"
  exit "$rc"
}
trap finish EXIT

# When the run ends by its limit, in seconds since 1970; empty where there is none.
deadline() {
  if [ -n "$SLURM_JOB_END_TIME" ]; then echo "$SLURM_JOB_END_TIME"
  elif [ -n "$SLURM_JOB_ID" ] && left=$(squeue -h -j "$SLURM_JOB_ID" -o %L 2>/dev/null) && printf %s "$left" | grep -q '^[0-9]'; then
    echo $((began + $(printf '%s\n' "$left" | awk -F'[-:]' '{ d = index($0, "-") ? $1 : 0; n = NF - (index($0, "-") > 0); h = n > 2 ? $(NF - 2) : 0; print d * 86400 + h * 3600 + $(NF - 1) * 60 + $NF }')))
  elif [ -n "$MUSTER_TIME" ]; then echo $((began + MUSTER_TIME))
  fi
}

# The program is asked to save what it has so long before the limit: it looks for the file between two frames.
timer=
warn_before_limit() {
  rm -f "$state/stop"   # of an attempt that was put back into the queue
  end=$(deadline)
  [ -n "$end" ] || return 0
  echo "$end" >"$state/deadline"
  (
    left=$((end - MUSTER_PARAM_WARN - $(date +%s)))
    [ "$left" -le 0 ] || sleep "$left"
    echo "@@PHASE timelimit $(date +%s)"
    : >"$state/stop"
  ) &
  timer=$!
}

preflight() {
  begin preflight
  runtime=$MUSTER_PARAM_RUNTIME
  if [ "$runtime" = auto ]; then for runtime in apptainer singularity ''; do command -v "$runtime" >/dev/null 2>&1 && break; done; fi
  [ -n "$runtime" ] || fail 10 "neither apptainer nor singularity is on $(uname -n): load its module in the site's \`setup\`"
  gpus=$(nvidia-smi -L 2>/dev/null || :)
  free=$(df -Pk "$MUSTER_RUN_DIR" | awk 'NR == 2 { print $4 }')
  printf '{"host": "%s", "gpus": "%s", "runtime": "%s", "job": "%s", "visible": "%s", "free_kb": %s, "time": %d}\n' \
    "$(uname -n)" "$(json "$gpus")" "$(json "$($runtime --version 2>/dev/null)")" "$SLURM_JOB_ID" "$CUDA_VISIBLE_DEVICES" "${free:-0}" "$began" >"$state/started.json"
  [ -n "$gpus" ] || [ "$MUSTER_PARAM_NEED_GPU" = false ] || fail 10 "no GPU is visible on $(uname -n): ask for one with --gpus 1, or for another partition with --set partition=NAME"
  [ "${free:-0}" -ge "$MUSTER_PARAM_MIN_FREE" ] || fail 10 "only ${free:-0} KB are free in $MUSTER_RUN_DIR"
}

# The shared image and source; what is missing is staged here where that is wanted.
things() {
  begin image
  if [ "$MUSTER_PARAM_STAGE_ON" = compute ]; then
    # Nodes that begin together pull it once, for one finds what the other did.
    sh "$here/stage.sh" now || { rc=$?; fail "$rc" "staging on the compute node failed; where it has no network, take --stage-on login"; }
  fi
  case $MUSTER_PARAM_IMAGE in
    /*) image=$MUSTER_PARAM_IMAGE ;;
    *) reference=$MUSTER_PARAM_IMAGE; case $reference in *://*) ;; *) reference=docker://$reference ;; esac
       record=$MUSTER_SHARED/refs/image-$(key "$reference")
       image=$MUSTER_SHARED/sif/$(cat "$record" 2>/dev/null || echo "of $reference") ;;
  esac
  [ -z "$MUSTER_INPUT_IMAGE_FILE" ] || image=$MUSTER_INPUT_IMAGE_FILE
  [ -f "$image" ] || [ -d "$image" ] || fail 11 "the image $image is not there; stage it: muster recipes stage droid-slam/$kind"
  begin source
  src=$MUSTER_INPUT_SOURCE
  if [ -z "$src" ]; then
    record=$MUSTER_SHARED/refs/$(key "$MUSTER_PARAM_REPOSITORY $MUSTER_PARAM_REF")
    [ -s "$record" ] && src=$MUSTER_SHARED/src/$(cat "$record")
  fi
  [ -n "$src" ] && [ -d "$src/droid_slam" ] || fail 12 "the source $MUSTER_PARAM_REPOSITORY at $MUSTER_PARAM_REF is not there; stage it: muster recipes stage droid-slam/$kind"
}

# contain WORDS...: runs them in the image, in the program's folder. More binds stand in $binds, one a line.
contain() {
  nv=--nv; [ -n "$gpus" ] || nv=
  set -- "$image" "$@"
  while IFS= read -r bind; do [ -z "$bind" ] || set -- --bind "$bind" "$@"; done <<END
$binds
END
  for pair in PYTHONPATH=/build PYTHONNOUSERSITE=1 PYTHONUNBUFFERED=1 "OMP_NUM_THREADS=${SLURM_CPUS_PER_TASK:-$(nproc)}" "CUDA_VISIBLE_DEVICES=$CUDA_VISIBLE_DEVICES" MPLBACKEND=Agg XDG_CACHE_HOME=/tmp; do
    [ "$pair" != CUDA_VISIBLE_DEVICES= ] || continue
    export "APPTAINERENV_$pair" "SINGULARITYENV_$pair"
  done
  "$runtime" exec $nv --cleanenv --no-home --pwd /opt/droid-slam --bind "$src:/opt/droid-slam:ro" --bind "$build:/build" --bind "$MUSTER_RUN_DIR/scratch:/tmp" --bind "$here:/recipe:ro" --bind "$MUSTER_OUT:/out" "$@"
}

# loads: whether the program's extensions do; if not, $why is Python's own word. They find PyTorch's libraries only after PyTorch itself is loaded.
loads() {
  modules='torch, droid_backends, lietorch'
  ! grep -rqs torch_scatter "$src/droid_slam" || modules="$modules, torch_scatter"
  why=$(contain python3 -c "import $modules" 2>&1 >/dev/null) && return 0
  why=$(printf '%s\n' "$why" | grep . | tail -n 1)
  return 1
}

# compile: all that does not load yet, into /build. In a copy, as the source is read-only and setup.py writes beside it. The releases before 2025 call
# setup() twice in one file, which pip refuses, and build lietorch from there.
compile() {
  contain sh -c '
    part() { # part FOLDER MODULES
      [ -e "$1/setup.py" ] || return 0
      ! python3 -c "import torch, $2" 2>/dev/null || return 0
      (cd "$1" && python3 setup.py build --build-base "/tmp/made/$1" --build-lib /build)
    }
    rm -rf /tmp/source /tmp/made && cp -R . /tmp/source && chmod -R u+w /tmp/source && cd /tmp/source || exit 1
    if grep -qs lietorch_backends setup.py; then part . "droid_backends, lietorch"; else part thirdparty/lietorch lietorch && part . droid_backends; fi &&
      part thirdparty/pytorch_scatter torch_scatter && rm -rf /tmp/source /tmp/made'
}

# The program's extensions: in the image, or compiled once for this source, image and kind of GPU.
build() {
  begin build
  build=$MUSTER_RUN_DIR/scratch/build
  mkdir -p "$build"
  binds=
  loads && return 0
  case $why in *"No module named 'torch'"*) fail 13 "there is no PyTorch in $image: $why" ;; esac
  echo "the image does not have the extensions: $why"
  arch=$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader 2>/dev/null | head -n 1)
  name=$(basename "$src")
  # A source that came with the run is called the same every time, whatever is in it.
  [ "$src" != "$MUSTER_INPUT_SOURCE" ] || name=given@$(cd "$src" && find . -type f ! -name '*.py[co]' ! -path './.git/*' -exec sha256sum {} + | sort | sha256sum | cut -c1-12)
  build=$MUSTER_SHARED/build/$name-$(basename "$image" .sif)-${arch:-any}
  mkdir -p "$build"
  [ -e "$build/DONE" ] || compile_once
  loads || fail 13 "the extensions do not load in $image: $why. Use an image that has them, or delete $build to compile them again"
}

compile_once() {
  rounds=0
  # A lock that nobody has touched for an hour is a dead one's.
  until mkdir "$build/.lock" 2>/dev/null; do
    [ -z "$(find "$build/.lock" -maxdepth 0 -mmin +60 2>/dev/null)" ] || { rmdir "$build/.lock" 2>/dev/null; continue; }
    [ ! -e "$build/DONE" ] || return 0
    sleep 5; rounds=$((rounds + 1))
    [ $((rounds % 12)) != 1 ] || echo "waiting for another run that compiles"
  done
  [ -e "$build/DONE" ] || {
    echo "compiling the extensions"
    compile 2>"$MUSTER_RUN_DIR/scratch/errors" && : >"$build/DONE"
    code=$?
    cat "$MUSTER_RUN_DIR/scratch/errors" >&2
    [ $code = 0 ] || {
      rmdir "$build/.lock"
      fail 13 "the extensions could not be compiled in $image: $(grep . "$MUSTER_RUN_DIR/scratch/errors" | tail -n 1). Use an image based on a CUDA -devel image, or one that already has them"
    }
  }
  rmdir "$build/.lock"
}

# drive WORDS...: the driver in the container, until it ends or is asked to, before the limit; its errors are shown as they come, and read at the end.
drive() {
  warn_before_limit
  errors=$MUSTER_RUN_DIR/scratch/errors
  : >"$errors"
  contain python3 "$@" 2>>"$errors" &
  pid=$!
  tail -n +1 -f --pid=$pid "$errors" >&2 &
  shown=$!
  wait $pid; code=$?
  wait $shown
  case $code in 0 | 9) ;; *) classify "$errors" ;; esac
}

classify() { # classify FILE: what the last lines of the errors mean, as a code
  tail -n 200 "$1" | tr '\r' '\n' >"$MUSTER_RUN_DIR/scratch/last"
  has() { grep -q "$1" "$MUSTER_RUN_DIR/scratch/last"; }
  if has 'out of memory' && has 'CUDA\|OutOfMemoryError'; then fail 21 "GPU memory is full: take a larger GPU${MUSTER_PARAM_BUFFER:+, lower --buffer, and do not use --asynchronous on one GPU}"
  elif has 'not enough values to unpack (expected 2, got 0)'; then fail 22 "fewer than 2 keyframes: no motion, a wrong calibration, or weights that give no numbers"
  elif grep -q 'index [0-9]* is out of bounds for dimension 0 with size' "$MUSTER_RUN_DIR/scratch/last" || has 'muster: the keyframe buffer is full'; then fail 23 "the keyframe buffer is full: raise --buffer"
  elif has "'NoneType' object has no attribute 'shape'"; then fail 24 "an image cannot be read, or is none"
  elif has "KeyError: 'update\."; then fail 25 "the weights are no checkpoint of DROID-SLAM"
  elif has 'no kernel image is available'; then fail 26 "the extensions were compiled for another kind of GPU"
  elif has "No module named 'torch_scatter'"; then fail 27 "torch_scatter is missing in the image: add it there (pip install torch-scatter)"
  elif has 'Cannot re-initialize CUDA'; then fail 30 "a process that uses the GPU was forked, which CUDA does not support: leave out --asynchronous"
  elif has "No module named 'droid_async'"; then fail 20 "this version of DROID-SLAM has no asynchronous mode: leave out --asynchronous, or take --ref of 2025 or later"
  elif has 'undefined symbol\|No module named .droid_backends.\|lietorch_backends\|mismatches the version that was used to compile'; then fail 27 "the extensions do not fit the image's PyTorch and CUDA"
  elif has "cannot connect to X server\|could not connect to display\|GLFW"; then fail 28 "the viewer was started, and there is no display"
  elif has 'muster: no clip\|muster: no depth is known'; then fail 31 "no clip can be cut from the data: too few images, too much or too little motion between them, or no known depths; look it over with: muster scene check"
  elif has 'muster: .* images, .* depth maps and .* poses'; then fail 31 "the data has not one depth map and one pose for each image"
  elif has 'muster: the loss is no number'; then fail 32 "the loss is no number any more: lower --lr, or look over the depths and poses"
  elif has 'muster: fewer keyframes than warmup'; then fail 29 "it came to its end and never initialised: too little motion between frames, or too few frames"
  else fail 20 "the program failed; its last words are in the log"
  fi
}
