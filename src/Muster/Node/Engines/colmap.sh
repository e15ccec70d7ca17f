# sh -c THIS colmap COLMAP PROJECT THREADS MATCHER SIZE FEATURES CAMERA SINGLE: a sparse reconstruction on the processor.
set -e
colmap=$1 project=$2 threads=$3 matcher=$4 size=$5 features=$6 camera=$7 single=$8
work=$project/colmap-work
# A run that was cut off begins anew, as a database may be half written.
rm -rf "$work" "$project/colmap" "$project/points.ply"
mkdir -p "$work/sparse"
export QT_QPA_PLATFORM=offscreen
echo "[muster] features"
"$colmap" feature_extractor --database_path "$work/database.db" --image_path "$project/images" --ImageReader.camera_model "$camera" --ImageReader.single_camera "$single" \
  --SiftExtraction.use_gpu 0 --SiftExtraction.num_threads "$threads" --SiftExtraction.max_image_size "$size" --SiftExtraction.max_num_features "$features"
echo "[muster] matching"
"$colmap" "${matcher}_matcher" --database_path "$work/database.db" --SiftMatching.use_gpu 0 --SiftMatching.num_threads "$threads"
echo "[muster] mapping"
code=0
"$colmap" mapper --database_path "$work/database.db" --image_path "$project/images" --output_path "$work/sparse" --Mapper.num_threads "$threads" --Mapper.min_model_size 3 || code=$?
# 1 says that there is no model; anything else is a fault.
[ "$code" -le 1 ] || exit "$code"

# Photos that do not hang together become several models; the one with most of them is the result.
best='' most=0
for model in "$work"/sparse/*/; do
  [ -e "$model/images.bin" ] || continue
  number=$("$colmap" model_analyzer --path "$model" 2>&1 | sed -n 's/.*Registered images: *\([0-9][0-9]*\).*/\1/p')
  if [ "${number:-0}" -gt "$most" ]; then most=$number best=$model; fi
done
if [ -z "$best" ]; then
  echo "[muster] no two photos could be brought together: they need overlap, texture and sharpness"
  exit 1
fi
echo "[muster] exporting $most photos"
mkdir -p "$project/colmap"
cp "$best"*.bin "$project/colmap/"
"$colmap" model_converter --input_path "$best" --output_path "$project/colmap" --output_type TXT
"$colmap" model_converter --input_path "$best" --output_path "$project/points.ply" --output_type PLY
rm -rf "$work"
