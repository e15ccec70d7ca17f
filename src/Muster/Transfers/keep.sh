# RUN PREFIX KEY SIZE HASH SUFFIX  puts a part that arrived in one piece into the store under its hash.
part=incoming/$2.parts/$3 size=$4 sum=$5 suffix=$6
[ $(($(wc -c < "$part"))) = "$size" ] || exit 1
two=${sum%"${sum#??}"}
mode=444
[ -z "$suffix" ] || mode=555
mkdir -p "store/$two" && chmod "$mode" "$part" && mv -f "$part" "store/$two/$sum$suffix" && echo "sum $sum"
