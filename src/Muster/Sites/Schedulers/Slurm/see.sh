# see SEPARATOR SQUEUE_FORMAT SACCT_FORMAT SINCE JOB …: what SLURM knows of jobs, in sections. Each begins with a line
# `= squeue|scontrol|sacct ok|unknown|silent TEXT`; then come that command's own lines. Each command has its section,
# whatever it answered.
separator=$1 format=$2 fields=$3 since=$4; shift 4
TZ=UTC0; export TZ
list=
for job; do list="$list${list:+,}${job%%;*}"; done
case $1 in *';'*) on="--clusters=${1#*;}" ;; *) on= ;; esac
one_line() { printf %s "$1" | tr '\n' ' '; }
said=$(squeue $on --noheader --states=all --jobs="$list" --format="$format" 2>&1)
code=$?
known=$said
case $code:$said in
  0:*) echo "= squeue ok" ;;
  *'nvalid job id'*) echo "= squeue unknown"; known= ;;
  *) echo "= squeue silent $(one_line "$said")"; known= ;;
esac
printf '%s\n' "$known"
absent=
for job; do
  id=${job%%;*}
  case "
$known" in *"
$id$separator"*|*"
$id"_*|*"
$id"+*) ;; *) absent="$absent${absent:+,}$id" ;; esac
done
# One that squeue passes over may still be known to the controller or to accounting; either may be missing on a site.
if [ -n "$absent" ]; then
  case $absent in
    *,*) ;;
    *) said=$(scontrol $on show job -o "$absent" 2>&1) && { echo "= scontrol ok"; printf '%s\n' "$said"; } \
         || echo "= scontrol silent $(one_line "$said")" ;;
  esac
  said=$(sacct $on -X -n -P --delimiter="$separator" --jobs="$absent" --starttime="$since" --format="$fields" 2>&1) \
    && { echo "= sacct ok"; printf '%s\n' "$said"; } || echo "= sacct silent $(one_line "$said")"
fi
