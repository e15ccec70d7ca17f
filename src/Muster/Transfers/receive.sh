# RUN PREFIX KEY SIZE SUFFIX  receives one large file into a part that outlives a break, and puts it into the store under its hash.
# Says `done` when the run needs nothing more, or `have N` and reads the bytes from N on. What came in one piece is `whole`: the connection
# guards its bytes, and keep.sh gives it its name. What was pieced together is hashed here, and `sum HASH` said.
run=runs/$1 part=incoming/$2.parts/$3 size=$4 suffix=$5

hash() {
  if command -v openssl > /dev/null; then openssl dgst -sha256 -r; else sha256sum; fi
}

if [ -e "$run/status/launched" ] || [ -e "$run/status/cancel" ] || [ -e "$run/status/staged" ]; then
  echo done
  exit 0
fi
mkdir -p "${part%/*}" && : >> "$part" || exit 1
have=$(($(wc -c < "$part")))
[ "$have" -le "$size" ] || { : > "$part"; have=0; }
echo "have $have"
cat >> "$part"
[ $(($(wc -c < "$part"))) = "$size" ] || exit 1
if [ "$have" = 0 ]; then
  echo whole
  exit 0
fi
# Hashed when it is complete: on the way through `tee` it took longer where cores are few, and cat stops at a full disk.
sum=$(hash < "$part")
sum=${sum%% *}
two=${sum%"${sum#??}"}
mode=444
[ -z "$suffix" ] || mode=555
mkdir -p "store/$two" && chmod "$mode" "$part" && mv -f "$part" "store/$two/$sum$suffix" && echo "sum $sum"
