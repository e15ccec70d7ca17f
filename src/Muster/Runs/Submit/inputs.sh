# ROOT PATH...  says of each path of this host `there FULL-PATH`, `missing` or `closed`.
case $1 in '~') root=$HOME ;; '~/'*) root=$HOME/${1#??} ;; *) root=$1 ;; esac
shift
for path do
  case $path in "~/"*) path=$HOME/${path#??} ;; /*) ;; *) path=$root/$path ;; esac
  if [ ! -e "$path" ]; then echo missing
  elif [ ! -r "$path" ] || { [ -d "$path" ] && [ ! -x "$path" ]; }; then echo closed
  else printf 'there %s\n' "$path"; fi
done
