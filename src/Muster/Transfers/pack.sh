# FOLDER  reads names and sends those files as tar archives, one behind the other; `tar -T` is not everywhere and has its own quoting.
case $1 in
  "~" | "~/"*) folder=$HOME${1#"~"} ;;
  *) folder=$1 ;;
esac
cd "$folder" && xargs -0 -r tar -cf -
