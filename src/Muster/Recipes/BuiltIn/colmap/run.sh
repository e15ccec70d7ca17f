# A sparse reconstruction of $MUSTER_INPUT_IMAGES: a COLMAP model and a cloud in $MUSTER_OUT.
set -e
command -v colmap >/dev/null || { echo "colmap: it is not installed on $(uname -n): apt-get install colmap, or run it in an image: --container IMAGE" >&2; exit 127; }
work=$MUSTER_RUN_DIR/colmap-work
# A run that was cut off begins anew, as a database may be half written.
rm -rf "$work" "$MUSTER_OUT/colmap" "$MUSTER_OUT/points.ply"
mkdir -p "$work/sparse"
export QT_QPA_PLATFORM=offscreen
threads=${MUSTER_PARAM_THREADS:-$(nproc)}
gpu=0; [ "$MUSTER_PARAM_USE_GPU" = false ] || gpu=1
single=0; [ "$MUSTER_PARAM_SINGLE_CAMERA" = false ] || single=1
echo "[muster] features"
colmap feature_extractor --database_path "$work/database.db" --image_path "$MUSTER_INPUT_IMAGES" --ImageReader.camera_model "$MUSTER_PARAM_CAMERA_MODEL" \
  --ImageReader.single_camera $single --SiftExtraction.use_gpu $gpu --SiftExtraction.num_threads "$threads" \
  --SiftExtraction.max_image_size "$MUSTER_PARAM_MAX_IMAGE_SIZE" --SiftExtraction.max_num_features "$MUSTER_PARAM_MAX_NUM_FEATURES"
echo "[muster] matching"
colmap "${MUSTER_PARAM_MATCHER}_matcher" --database_path "$work/database.db" --SiftMatching.use_gpu $gpu --SiftMatching.num_threads "$threads"
echo "[muster] mapping"
code=0
colmap mapper --database_path "$work/database.db" --image_path "$MUSTER_INPUT_IMAGES" --output_path "$work/sparse" --Mapper.num_threads "$threads" --Mapper.min_model_size 3 || code=$?
# 1 says that there is no model; anything else is a fault.
[ "$code" -le 1 ] || exit "$code"

# Photos that do not hang together become several models; the one with most of them is the result.
best='' most=0
for model in "$work"/sparse/*/; do
  [ -e "$model/images.bin" ] || continue
  number=$(colmap model_analyzer --path "$model" 2>&1 | sed -n 's/.*Registered images: *\([0-9][0-9]*\).*/\1/p')
  if [ "${number:-0}" -gt "$most" ]; then most=$number best=$model; fi
done
if [ -z "$best" ]; then
  echo "colmap: no two photos could be brought together: they need overlap, texture and sharpness" >&2
  exit 1
fi
echo "[muster] exporting $most photos"
mkdir -p "$MUSTER_OUT/colmap"
cp "$best"*.bin "$MUSTER_OUT/colmap/"
colmap model_converter --input_path "$best" --output_path "$MUSTER_OUT/colmap" --output_type TXT
colmap model_converter --input_path "$best" --output_path "$MUSTER_OUT/points.ply" --output_type PLY
rm -rf "$work"
