# DROID-SLAM's network, trained; checkpoints in $MUSTER_OUT/checkpoints.
kind=train
. "$MUSTER_IN/recipe/common.sh"
preflight
things
build

begin train
mkdir -p "$MUSTER_OUT/checkpoints" "$MUSTER_OUT/runs" "$MUSTER_SHARED/graphs"
binds="$MUSTER_INPUT_DATASET:/in/dataset:ro
$MUSTER_SHARED/graphs:/graphs"
set -- --datapath /in/dataset --layout "$MUSTER_PARAM_LAYOUT" --name "$MUSTER_PARAM_CHECKPOINT_NAME" --out /out --graphs /graphs
given() { # given NAME PATH: a file or folder that may be missing
  [ -n "$2" ] || return 0
  binds="$binds
$2:/in/$1:ro"
  flags="$flags --$1 /in/$1"
}
flags=
given ckpt "$MUSTER_INPUT_WEIGHTS"
given resume "$MUSTER_INPUT_RESUME"
given tartanair "$MUSTER_INPUT_TARTANAIR"
for name in steps lr batch iters n_frames clip w1 w2 w3 fmin fmax edges restart_prob depth_scale mix processes checkpoint_every save_every print_every; do
  eval "value=\$MUSTER_PARAM_$(printf %s "$name" | tr a-z A-Z)"
  [ -z "$value" ] || flags="$flags --$name $value"
done
# Names of our own and numbers: no word needs a quote.
set -- "$@" $flags
drive /recipe/train_driver.py "$@"
[ $code = 0 ] && exit
if [ "$MUSTER_PARAM_REQUEUE" = true ] && [ -n "$SLURM_JOB_ID" ]; then
  echo "muster: saved, and to be put back into the queue"   # said before, as it ends us
  if scontrol requeue "$SLURM_JOB_ID"; then sleep 600; fi
fi
fail 9 "stopped before the time limit, with all of its state saved. Go on with: --resume there:$MUSTER_OUT/checkpoints/state.pth"
