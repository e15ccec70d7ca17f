# RUN PREFIX KEY SIZE SUFFIX  receives one large file into a part that outlives a break, and puts it into the store under its hash.
# Says `done` when the run needs nothing more, or `have N` and reads the bytes from N on; then says `sum HASH`.
run=runs/$1 part=incoming/$2.parts/$3 size=$4 suffix=$5

hash() {
  if command -v openssl > /dev/null; then openssl dgst -sha256 -r; else sha256sum; fi
}

# Stops at a full disk instead of reading on, where tee knows how.
append() {
  if tee --output-error=exit < /dev/null > /dev/null 2>&1; then tee --output-error=exit -a "$1"; else tee -a "$1"; fi
}

if [ -e "$run/status/launched" ] || [ -e "$run/status/cancel" ] || [ -e "$run/status/staged" ]; then
  echo done
  exit 0
fi
mkdir -p "${part%/*}" && : >> "$part" || exit 1
have=$(($(wc -c < "$part")))
[ "$have" -le "$size" ] || { : > "$part"; have=0; }
echo "have $have"
sum=$({ [ "$have" = 0 ] || cat "$part"; append "$part"; } | hash)
sum=${sum%% *}
[ $(($(wc -c < "$part"))) = "$size" ] || exit 1
two=${sum%"${sum#??}"}
mode=444
[ -z "$suffix" ] || mode=555
mkdir -p "store/$two" && chmod "$mode" "$part" && mv -f "$part" "store/$two/$sum$suffix" && echo "sum $sum"
