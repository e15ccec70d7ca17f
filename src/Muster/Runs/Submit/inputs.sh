# PATH...  says of each path of this host `there FULL-PATH`, `missing` or `closed`.
for path do
  case $path in "~/"*) path=$HOME/${path#??} ;; esac
  if [ ! -e "$path" ]; then echo missing
  elif [ ! -r "$path" ] || { [ -d "$path" ] && [ ! -x "$path" ]; }; then echo closed
  else printf 'there %s\n' "$path"; fi
done
