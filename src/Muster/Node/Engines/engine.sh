# sh -c THIS engine NOTES COMMAND…: runs the command with its output in NOTES/output.log; NOTES/exit comes last.
notes=$1
shift
echo $$ >"$notes/pid.new" && mv "$notes/pid.new" "$notes/pid" || exit 125
"$@" >>"$notes/output.log" 2>&1 </dev/null
code=$?
echo "$code" >"$notes/exit.new" && mv "$notes/exit.new" "$notes/exit"
