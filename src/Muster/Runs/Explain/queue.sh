# queue JOB SINFO_FORMAT: a waiting job's place in SLURM's queue, and what is free. Two commands of SLURM, whatever they answer.
job=$1 format=$2
TZ=UTC0; export TZ
squeue --noheader --states=PENDING --sort=-p --format='%A|%P|%Q|%S|%r' 2>/dev/null | awk -F'|' -v job="$job" '
  $1 == job { print "job=" $0; print "ahead=" ahead[$2] + 0; exit }
  { ahead[$2]++ }'
sinfo --noheader --format="$format" 2>/dev/null | while IFS= read -r line; do printf 'partition=%s\n' "$line"; done
