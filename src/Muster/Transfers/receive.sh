# RUN PREFIX KEY SIZE SUFFIX  receives one large file into a part that outlives a break, and puts it into the store under its hash.
# Says `done` when the run needs nothing more, or `have N`; reads the bytes from N on and, behind the last, the 64 digits of the whole file's
# hash. What came in one piece takes that for its name, as the connection guards its bytes; what was pieced together is hashed here.
# Ends with `sum HASH`.
run=runs/$1 part=incoming/$2.parts/$3 size=$4 suffix=$5

hash() {
  if command -v openssl > /dev/null; then openssl dgst -sha256 -r; else sha256sum; fi
}

# Cuts the part off behind its first $1 bytes.
cut_behind() { dd if=/dev/null of="$part" bs=1 seek="$1" 2> /dev/null; }

if [ -e "$run/status/launched" ] || [ -e "$run/status/cancel" ] || [ -e "$run/status/staged" ]; then
  echo done
  exit 0
fi
mkdir -p "${part%/*}" && : >> "$part" || exit 1
have=$(($(wc -c < "$part")))
# An earlier attempt may have ended within the hash, or behind it.
[ "$have" -le "$size" ] || { cut_behind "$size" && have=$size || exit 1; }
echo "have $have"
cat >> "$part"
[ $(($(wc -c < "$part"))) = $((size + 64)) ] || exit 1
sum=$(tail -c 64 "$part") && cut_behind "$size" || exit 1
# Hashed when it is complete: on the way through `tee` it took longer where cores are few, and cat stops at a full disk.
[ "$have" = 0 ] || sum=$(hash < "$part")
sum=${sum%% *}
two=${sum%"${sum#??}"}
mode=444
[ -z "$suffix" ] || mode=555
mkdir -p "store/$two" && chmod "$mode" "$part" && mv -f "$part" "store/$two/$sum$suffix" && echo "sum $sum"
