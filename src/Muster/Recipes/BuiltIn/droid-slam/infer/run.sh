# DROID-SLAM over a folder of images; results in $MUSTER_OUT.
kind=infer
. "$MUSTER_IN/recipe/common.sh"
preflight
things
build

begin slam
# The program splits at a single blank: a calibration made by hand may have more.
awk '!/^[[:space:]]*(#|$)/ { gsub(/[[:space:]]+/, " "); sub(/^ /, ""); sub(/ $/, ""); print }' "$MUSTER_INPUT_CALIBRATION" | tr -d '\r' >"$MUSTER_RUN_DIR/scratch/calib.txt"
binds="$MUSTER_INPUT_IMAGES:/in/images:ro
$MUSTER_INPUT_WEIGHTS:/in/weights.pth:ro"
set -- --imagedir /in/images --calib /tmp/calib.txt --weights /in/weights.pth --reconstruction_path /out/reconstruction.pth --disable_vis
flag() { [ -z "$2" ] || flags="$flags $1 $2"; }
flags=
for name in stride t0 buffer beta filter_thresh warmup keyframe_thresh frontend_thresh frontend_window frontend_radius frontend_nms backend_thresh backend_radius backend_nms frontend_device backend_device; do
  eval "flag --$name \"\$MUSTER_PARAM_$(printf %s "$name" | tr a-z A-Z)\""
done
# Their values are numbers and names of devices, so no word needs a quote.
set -- "$@" $flags
[ "$MUSTER_PARAM_ASYNCHRONOUS" = false ] || set -- "$@" --asynchronous
drive /recipe/headless_driver.py "$@"
[ $code = 0 ] || fail 9 "stopped before the time limit: the results are partial. Run it again with more --time"
