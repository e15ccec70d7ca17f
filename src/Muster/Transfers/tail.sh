# FOLDER NAME FROM  sends a file from its byte number FROM on, the first being 1.
case $1 in
  "~" | "~/"*) folder=$HOME${1#"~"} ;;
  *) folder=$1 ;;
esac
cd "$folder" && tail -c "+$3" "$2"
